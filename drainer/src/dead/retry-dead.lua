#!lua flags=allow-oom
--[[
Puts dead events back at the old end of their queue, so that the drainer tries them next. Runs at
maxmemory too, because a dead event takes more memory than a waiting one.

KEYS dead   list  refused events with their reasons
     queue  list  the oldest event is the last
ARGV for each event, newest first
       element  of the dead list, byte for byte
       event    that the element holds, byte for byte
Reply the number of events put back; an element that another caller has retried or dropped is left
      out

Guarantee: an event is either dead or waiting. A drainer that has peeked at the queue cannot trim
it, because the old end has changed; it repeats its batch, which changes nothing.
]]
redis.call('LLEN', dead)
redis.call('LLEN', queue)
local moved = 0
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  if redis.call('LREM', dead, -1, element) == 1 then
    redis.call('RPUSH', queue, event)
    moved = moved + 1
  end
end
return moved
