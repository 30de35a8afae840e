#!lua
--[[
Takes tokens for each of several groups of buckets, in order: from each bucket of the group, or from none of them; one
token, or where more are wanted as many as there are. A bucket may be in several groups: later ones find what earlier
ones left.

KEYS 1...  buckets  string  "<level in millionths of a token> <at in microseconds>"; absent when full; group after group
ARGV for each run of groups that are alike: how many groups, how many buckets in each, then of each of these: tokens a
     second, burst (the most the bucket holds), how many are wanted (1 or more)
Reply for each of the KEYS, as its group found it: the whole tokens it held; or, where it held none, minus the
      microseconds until it holds one. Tokens were taken unless one of the group's is negative.

Time is Redis' own: buckets are shared by gateways whose clocks differ. A stored time in the future is taken as now, and
stored as now: after a clock was set back an empty bucket would otherwise stay empty for as long. Refused at maxmemory, on purpose: the gateway
then counts by itself and takes no memory from the ranking. What is no string counts as absent, and becomes a bucket.
]]
local TOKEN = 1000000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = redis.call('MGET', unpack(KEYS))
local levels, full_in_ms, reply = {}, {}, {}

-- Milliseconds until the bucket is full again, which is what an absent bucket is.
local function ms_until_full(level, per_second, burst)
  return math.ceil((burst * TOKEN - level) / per_second / 1000) + 1
end

-- The level of a bucket now, and whether its stored time lies in the future.
local function level_of(text, per_second, burst)
  local full = burst * TOKEN
  if not text then return full, false end
  local space = string.find(text, ' ', 1, true)
  local level, at = tonumber(string.sub(text, 1, space - 1)), tonumber(string.sub(text, space + 1))
  -- Microseconds times tokens a second are millionths of a token.
  return math.min(full, level + math.max(0, now - at) * per_second), at > now
end

local first, arg = 1, 1
while ARGV[arg] do
  local groups, size = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1])
  local per_second, burst, wanted = {}, {}, {}
  for n = 1, size do
    local terms = arg + 3 * n
    per_second[n], burst[n], wanted[n] = tonumber(ARGV[terms - 1]), tonumber(ARGV[terms]), tonumber(ARGV[terms + 1])
  end
  for _ = 1, groups do
    local is_denied = false
    for n = 1, size do
      local key = KEYS[first + n - 1]
      local level = levels[key]
      if not level then
        local is_ahead
        level, is_ahead = level_of(stored[first + n - 1], per_second[n], burst[n])
        -- Redis' clock was set back: the bucket refills from now on, also where nothing is taken from it.
        if is_ahead then full_in_ms[key] = ms_until_full(level, per_second[n], burst[n]) end
      end
      levels[key] = level
      is_denied = is_denied or level < TOKEN
      reply[first + n - 1] = level < TOKEN and -math.ceil((TOKEN - level) / per_second[n]) or math.floor(level / TOKEN)
    end
    for n = 1, is_denied and 0 or size do
      local key = KEYS[first + n - 1]
      local level = levels[key] - math.min(wanted[n], reply[first + n - 1]) * TOKEN
      levels[key] = level
      full_in_ms[key] = ms_until_full(level, per_second[n], burst[n])
    end
    first = first + size
  end
  arg = arg + 2 + 3 * size
end

local at = string.format(' %.0f', now)
for _, key in ipairs(KEYS) do
  if full_in_ms[key] then
    redis.call('SET', key, string.format('%.0f', levels[key]) .. at, 'PX', full_in_ms[key])
    full_in_ms[key] = nil
  end
end
return reply
