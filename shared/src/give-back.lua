#!lua
--[[
Gives one token back to each of several buckets of token-bucket.lua.

KEYS 1...  buckets  string  "<level in millionths of a token> <at in microseconds>"; absent when full
Reply how many were not full

What a bucket would hold beyond its burst, the next one who takes from it cuts off.
]]
local TOKEN = 1000000

local given = 0
for _, key in ipairs(KEYS) do
  local stored = redis.call('GET', key)
  if stored then
    local level, at = string.match(stored, '^(%S+) (%S+)$')
    redis.call('SET', key, string.format('%.0f ', level + TOKEN) .. at, 'KEEPTTL')
    given = given + 1
  end
end
return given
