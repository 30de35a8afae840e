#!lua flags=allow-oom
--[[
Puts dead events back at the old end of their queue, so that the drainer tries them next. Runs at maxmemory too: a dead
event takes more than a waiting one.

KEYS 1 dead   list  refused events with their reasons
     2 queue  list  the oldest event is the last
ARGV pairs, newest first: an entry of the dead list, the event that it holds, both byte for byte
Reply the events put back; an entry that is no longer there was retried or dropped by somebody else, and is left out

A drainer that has peeked at the queue finds its old end changed: its acknowledgement does nothing, and the batch is
repeated, which changes nothing either. The queue stays in the order of versions, as far as the dead ones are.
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
