#!lua flags=allow-oom
--[[
Takes events off the right end of a queue once they are durable, and keeps those that PostgreSQL refused, together or
not at all. Runs at maxmemory too: it frees more than it takes.

KEYS 1 queue   list  LPUSH by the ranker, so that the oldest event is the last
     2 dead    list  refused events with their reasons
ARGV 1 count   events peeked
     2 newest  event peeked, byte for byte: the one at -count
     3 oldest  event peeked, byte for byte: the one at -1
     4...      entries for the dead list
Reply 1; 0 when the end of the queue is not what was peeked (another drainer was faster, or a replica that lags has
      taken over): then nothing has changed.
]]
local queue, dead = KEYS[1], KEYS[2]
local count, newest, oldest = tonumber(ARGV[1]), ARGV[2], ARGV[3]

-- Events are unique by their version: if both ends are the same, so is what lies between them.
if redis.call('LINDEX', queue, -1) ~= oldest or redis.call('LINDEX', queue, -count) ~= newest then return 0 end
redis.call('LLEN', dead)
for i = 4, #ARGV do redis.call('LPUSH', dead, ARGV[i]) end
redis.call('LTRIM', queue, 0, -count - 1)
return 1
