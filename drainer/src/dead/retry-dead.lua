#!lua flags=allow-oom
--[[
Puts dead events back at the old end of their queue, so that the drainer tries them next. Runs at
maxmemory too, because a dead event takes more memory than a waiting one.

KEYS 1 dead   list  refused events with their reasons
     2 queue  list  the oldest event is the last
ARGV pairs, newest first: an entry of the dead list, the event that it holds, both byte for byte
Reply the number of events put back; an entry that another caller has retried or dropped is left out

Guarantee: an event is either dead or waiting. A drainer that has peeked at the queue cannot trim
it, because the old end has changed; it repeats its batch, which changes nothing.
]]
local dead, queue = KEYS[1], KEYS[2]

redis.call('LLEN', dead)
redis.call('LLEN', queue)
local moved = 0
for i = 1, #ARGV, 2 do
  if redis.call('LREM', dead, -1, ARGV[i]) == 1 then
    redis.call('RPUSH', queue, ARGV[i + 1])
    moved = moved + 1
  end
end
return moved
