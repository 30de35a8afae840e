#!lua
--[[
Takes permits for several requests, one after another: from each bucket of a request, or from none
of them. A bucket may belong to several requests; later ones find what earlier ones left.

KEYS 1...  buckets  string  "<level in millionths of a permit> <time in µs>"; absent when full;
           request after request
ARGV For each run of requests with the same limits: number of requests, permits wanted of each
     bucket (1 or more; a bucket that holds fewer gives all its whole permits), buckets of a
     request; then of each bucket: permits a second, burst.
Reply For each of KEYS, as its request found it: the whole permits it held, or minus the µs until it
      holds one. The request took its permits unless one of its numbers is negative.

The clock is Redis' own, because gateways' clocks differ. A stored time in the future counts as now
and is stored as now: otherwise a bucket would stay empty for as long as the clock was set back. At
maxmemory Redis refuses the script, on purpose: the gateway then counts in its own memory and takes
none from the rankings. A key of another type counts as absent and is overwritten.
]]
local PERMIT = 1000000

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = redis.call('MGET', unpack(KEYS))
local levels, full_in_ms, reply = {}, {}, {}

local function ms_until_full(level, per_second, burst)
  return math.ceil((burst * PERMIT - level) / per_second / 1000) + 1
end

-- The level of a bucket now, and whether its stored time lies in the future.
local function level_of(text, per_second, burst)
  local full = burst * PERMIT
  if not text then return full, false end
  local space = string.find(text, ' ', 1, true)
  local level, at = tonumber(string.sub(text, 1, space - 1)), tonumber(string.sub(text, space + 1))
  -- Microseconds times permits a second are millionths of a permit.
  return math.min(full, level + math.max(0, now - at) * per_second), at > now
end

local first, arg = 1, 1
while ARGV[arg] do
  local requests, wanted, size = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  local per_second, burst = {}, {}
  for n = 1, size do
    per_second[n], burst[n] = tonumber(ARGV[arg + 2 * n + 1]), tonumber(ARGV[arg + 2 * n + 2])
  end
  for _ = 1, requests do
    local is_denied = false
    for n = 1, size do
      local key = KEYS[first + n - 1]
      local level = levels[key]
      if not level then
        local is_ahead
        level, is_ahead = level_of(stored[first + n - 1], per_second[n], burst[n])
        -- Redis' clock was set back: the bucket refills from now on, even if nothing is taken from
        -- it.
        if is_ahead then full_in_ms[key] = ms_until_full(level, per_second[n], burst[n]) end
      end
      levels[key] = level
      is_denied = is_denied or level < PERMIT
      reply[first + n - 1] = level < PERMIT and -math.ceil((PERMIT - level) / per_second[n]) or math.floor(level / PERMIT)
    end
    for n = 1, is_denied and 0 or size do
      local key = KEYS[first + n - 1]
      local level = levels[key] - math.min(wanted, reply[first + n - 1]) * PERMIT
      levels[key] = level
      full_in_ms[key] = ms_until_full(level, per_second[n], burst[n])
    end
    first = first + size
  end
  arg = arg + 3 + 2 * size
end

local at = string.format(' %.0f', now)
for _, key in ipairs(KEYS) do
  if full_in_ms[key] then
    redis.call('SET', key, string.format('%.0f', levels[key]) .. at, 'PX', full_in_ms[key])
    full_in_ms[key] = nil
  end
end
return reply
