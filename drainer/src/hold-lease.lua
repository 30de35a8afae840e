#!lua flags=allow-oom
--[[
Takes a free lease, or prolongs one that is held.

KEYS 1 lease  string  the holder
ARGV 1 holder
     2 TTL    milliseconds
Reply 1 when the caller now holds it, else 0
]]
local lease = KEYS[1]
local holder, ttl = ARGV[1], ARGV[2]

local present = redis.call('GET', lease)
if present and present ~= holder then return 0 end
redis.call('SET', lease, holder, 'PX', ttl)
return 1
