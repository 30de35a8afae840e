#!lua
--[[
Gives out consecutive versions of a shard, newer than every write so far and every time in a file.

KEYS clock  string  last version given out on the shard
ARGV count   of versions
     newest  time in the lines, microseconds: it may lie a little ahead of the clock of Redis
Reply the first version, in microseconds
Uses  last_version, next_version, time_us, digits
]]
local first = next_version(math.max(last_version(clock), newest), time_us())
redis.call('SET', clock, digits(first + count - 1))
return digits(first)
