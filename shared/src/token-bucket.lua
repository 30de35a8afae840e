#!lua
--[[
Takes one token from each of several buckets, or from none of them.

KEYS 1...  buckets  hash  level in millionths of a token, at in microseconds; absent when full
ARGV a pair each:   tokens a second, burst (the most the bucket holds)
Reply {denied, wait, remaining...}: denied = index of the bucket that must be waited for longest, 0 when the tokens
      were taken; wait = microseconds until it holds one; remaining = whole tokens left in each

Time is Redis' own: buckets are shared by gateways whose clocks differ. Refused at maxmemory, on purpose: the gateway
then counts by itself and takes no memory from the ranking.
]]
local TOKEN = 1000000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local denied, longest, levels = 0, 0, {}
for i, key in ipairs(KEYS) do
  local per_second, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local stored = redis.call('HMGET', key, 'level', 'at')
  local level = burst * TOKEN
  if stored[1] then
    -- A clock that was set back refills nothing; microseconds times tokens a second are millionths of a token.
    local elapsed = math.max(0, now - tonumber(stored[2]))
    level = math.min(level, tonumber(stored[1]) + elapsed * per_second)
  end
  levels[i] = level
  local wait = math.ceil((TOKEN - level) / per_second)
  if level < TOKEN and wait > longest then denied, longest = i, wait end
end

local reply = {denied, longest}
for i, key in ipairs(KEYS) do
  if denied == 0 then
    local per_second, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    levels[i] = levels[i] - TOKEN
    redis.call('HSET', key, 'level', string.format('%.0f', levels[i]), 'at', string.format('%.0f', now))
    -- Full again by then, which is what an absent bucket is.
    redis.call('PEXPIRE', key, math.ceil((burst * TOKEN - levels[i]) / per_second / 1000) + 1)
  end
  reply[i + 2] = math.floor(levels[i] / TOKEN)
end
return reply
