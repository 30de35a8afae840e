#!lua flags=allow-oom
--[[
Trims events that PostgreSQL has taken, and puts the events that it refused into the dead list.

KEYS 1 queue   list  newest event first
     2 dead    list  refused events with their reasons
ARGV 1 count   events peeked
     2 newest  event peeked, byte for byte: the one at -count
     3 oldest  event peeked, byte for byte: the one at -1
     4...      entries for the dead list
Reply 1; 0 when the old end of the queue is not what was peeked: another drainer was faster, or a
      replica that lags has taken over

Guarantee: both lists change together or not at all; at 0 nothing has changed. Runs at maxmemory
too, because it frees more than it takes.
]]
local queue, dead = KEYS[1], KEYS[2]
local count, newest, oldest = tonumber(ARGV[1]), ARGV[2], ARGV[3]

-- Events are unique by their version: if both ends are the same, so is what lies between them.
if redis.call('LINDEX', queue, -1) ~= oldest or redis.call('LINDEX', queue, -count) ~= newest then return 0 end
redis.call('LLEN', dead)
for i = 4, #ARGV do redis.call('LPUSH', dead, ARGV[i]) end
redis.call('LTRIM', queue, 0, -count - 1)
return 1
