#!lua flags=allow-oom
--[[
Releases a lease that the caller holds.

KEYS lease  string  the holder
ARGV holder
Reply 1 when it was released, 0 when another holder has it or it has expired
]]
if redis.call('GET', lease) ~= holder then return 0 end
return redis.call('DEL', lease)
