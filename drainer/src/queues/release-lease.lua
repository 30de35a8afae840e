#!lua flags=allow-oom
--[[
Gives a lease back, if the caller still holds it.

KEYS 1 lease  string  the holder
ARGV 1 holder
Reply 1 when it was given back, else 0
]]
local lease, holder = KEYS[1], ARGV[1]

if redis.call('GET', lease) ~= holder then return 0 end
return redis.call('DEL', lease)
