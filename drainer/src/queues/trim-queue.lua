#!lua flags=allow-oom
--[[
Trims events that PostgreSQL has taken, and puts the events that it refused into the dead list.

KEYS queue   list  newest event first
     dead    list  refused events with their reasons
ARGV count   events peeked
     newest  event peeked, byte for byte: the one at -count
     oldest  event peeked, byte for byte: the one at -1
     then for each refused event
       element  for the dead list
Reply 1; 0 when the old end of the queue is not what was peeked: another drainer was faster, or a
      replica that lags has taken over

Guarantee: both lists change together or not at all; at 0 nothing has changed. Runs at maxmemory
too, because it frees more than it takes.
]]
-- Events are unique by their version: if both ends are the same, so is what lies between them.
if redis.call('LINDEX', queue, -1) ~= oldest or redis.call('LINDEX', queue, -count) ~= newest then return 0 end
redis.call('LLEN', dead)
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  redis.call('LPUSH', dead, element)
end
redis.call('LTRIM', queue, 0, -count - 1)
return 1
