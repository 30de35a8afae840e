#!lua
--[[
Puts the erasure of a player onto another shard, and raises its clock, so that every later write is
newer.

KEYS 1 erased  string version and account of an erasure of the player
     2 clock   string last version given out on the shard
ARGV 1 value   of the erasure, the version first
     2 TTL     milliseconds
Reply 1
]]
local erased, clock = KEYS[1], KEYS[2]
local value, ttl = ARGV[1], ARGV[2]

local version = string.match(value, '^%d+')
local last_version = tonumber(redis.call('GET', clock) or '0')
redis.call('SET', erased, value, 'PX', ttl)
if tonumber(version) > last_version then redis.call('SET', clock, version) end
return 1
