#!lua
--[[
Gives out consecutive versions of a shard, newer than every write so far.

KEYS clock  string  last version given out on the shard
ARGV count  of versions
Reply the first version, in microseconds
Uses  last_version, next_version, time_us, digits
]]
local first = next_version(last_version(clock), time_us())
redis.call('SET', clock, digits(first + count - 1))
return digits(first)
