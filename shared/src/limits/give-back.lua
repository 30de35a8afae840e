#!lua
--[[
Gives one permit back to each of several buckets of token-bucket.lua.

KEYS 1...  buckets  string  "<level in millionths of a permit> <time in µs>"; absent when full
Reply how many were not full

token-bucket.lua cuts off what a bucket holds beyond its burst. A stored time in the future becomes
now, as there.
]]
local PERMIT = 1000000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local given = 0
for _, key in ipairs(KEYS) do
  local stored = redis.call('GET', key)
  if stored then
    local level, at = string.match(stored, '^(%S+) (%S+)$')
    local text = string.format('%.0f %.0f', level + PERMIT, math.min(at, now))
    redis.call('SET', key, text, 'KEEPTTL')
    given = given + 1
  end
end
return given
