#!lua flags=allow-oom
--[[
Releases a lease that the caller holds.

KEYS 1 lease  string  the holder
ARGV 1 holder
Reply 1 when it was released, 0 when another holder has it or it has expired
]]
local lease, holder = KEYS[1], ARGV[1]

if redis.call('GET', lease) ~= holder then return 0 end
return redis.call('DEL', lease)
