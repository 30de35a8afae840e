#!lua
--[[
Puts the erasure of a player onto another shard, and raises its clock, so that every later write is
newer.

KEYS erased   string  version and account of an erasure of the player
     clock    string  last version given out on the shard
ARGV erasure  its value, the version first
     ttl      of the erasure, milliseconds
Reply 1
Uses  last_version, version_in
]]
local before = last_version(clock)
redis.call('SET', erased, erasure, 'PX', ttl)
if version_in(erasure) > before then redis.call('SET', clock, string.match(erasure, '^%d+')) end
return 1
