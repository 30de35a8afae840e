#!lua
--[[
Gives out consecutive versions of a shard, newer than every write so far.

KEYS 1 clock  string last version given out on the shard
ARGV 1 count  of versions
Reply the first version, in microseconds
]]
local clock, count = KEYS[1], tonumber(ARGV[1])

local last_version = tonumber(redis.call('GET', clock) or '0')
local time = redis.call('TIME')
local first = math.max(last_version + 1, time[1] * 1000000 + time[2])
redis.call('SET', clock, string.format('%.0f', first + count - 1))
return string.format('%.0f', first)
