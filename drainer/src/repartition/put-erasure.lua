#!lua
--[[
Puts the erasure of a player onto another shard, and raises its clock, so that every later write is
newer.

KEYS 1 erased  string version and account of an erasure of the player
     2 clock   string last version given out on the shard
ARGV 1 value   of the erasure, the version first
     2 TTL     milliseconds
Reply 1
Uses  last_version, version_in
]]
local erased, clock = KEYS[1], KEYS[2]
local value, ttl = ARGV[1], ARGV[2]

local before = last_version(clock)
redis.call('SET', erased, value, 'PX', ttl)
if version_in(value) > before then redis.call('SET', clock, string.match(value, '^%d+')) end
return 1
