#!lua
--[[
Takes tokens from each of several buckets, or from none of them: one, or where more are wanted as many as there are.

KEYS 1...  buckets  string  "<level in millionths of a token> <at in microseconds>"; absent when full
ARGV a triple each: tokens a second, burst (the most the bucket holds), how many are wanted (1 or more)
Reply {denied, wait, then for each bucket: whole tokens left, tokens taken}: denied = index of the bucket that must be
      waited for longest, 0 when tokens were taken; wait = microseconds until it holds one

Time is Redis' own: buckets are shared by gateways whose clocks differ. Refused at maxmemory, on purpose: the gateway
then counts by itself and takes no memory from the ranking.
]]
local TOKEN = 1000000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local denied, longest, levels = 0, 0, {}
for i, key in ipairs(KEYS) do
  local per_second, burst = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
  local stored = redis.call('GET', key)
  local level = burst * TOKEN
  if stored then
    local kept, at = string.match(stored, '^(%S+) (%S+)$')
    -- A clock that was set back refills nothing; microseconds times tokens a second are millionths of a token.
    level = math.min(level, tonumber(kept) + math.max(0, now - tonumber(at)) * per_second)
  end
  levels[i] = level
  local wait = math.ceil((TOKEN - level) / per_second)
  if level < TOKEN and wait > longest then denied, longest = i, wait end
end

local reply = {denied, longest}
for i, key in ipairs(KEYS) do
  local taken = 0
  if denied == 0 then
    local per_second, burst, wanted = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
    taken = math.min(wanted, math.floor(levels[i] / TOKEN))
    levels[i] = levels[i] - taken * TOKEN
    -- Full again by then, which is what an absent bucket is.
    local full_in = math.ceil((burst * TOKEN - levels[i]) / per_second / 1000) + 1
    redis.call('SET', key, string.format('%.0f %.0f', levels[i], now), 'PX', full_in)
  end
  reply[2 * i + 1] = math.floor(levels[i] / TOKEN)
  reply[2 * i + 2] = taken
end
return reply
