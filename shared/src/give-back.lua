#!lua
--[[
Gives one token back to each of several buckets of token-bucket.lua.

KEYS 1...  buckets  hash  level in millionths of a token, at in microseconds; absent when full
Reply how many were not full

What a bucket would hold beyond its burst, the next one who takes from it cuts off.
]]
local TOKEN = 1000000

local given = 0
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then
    redis.call('HINCRBY', key, 'level', TOKEN)
    given = given + 1
  end
end
return given
