#!lua
--[[
Deletes accounts that PostgreSQL has erased: an older copy of Redis still has them.

KEYS 1 clock  string last version given out for accounts
     2... two an account: account hash, erased string
ARGV two an account: version of the erasure in microseconds, TTL of the erased key in milliseconds
Reply the number of accounts deleted

An account that is newer than the erasure stays. Raises the clock above the erasures.
Uses  last_version, version_in, digits
]]
local clock = KEYS[1]
local FIRST_KEY, WIDTH = 2, 2

local newest, taken = last_version(clock), 0
for i = FIRST_KEY, #KEYS, WIDTH do
  local account, erased = KEYS[i], KEYS[i + 1]
  local version, ttl = ARGV[i - 1], tonumber(ARGV[i])
  newest = math.max(newest, tonumber(version))
  local known = version_in(redis.call('GET', erased))
  if known < tonumber(version) and ttl > 0 then redis.call('SET', erased, version, 'PX', ttl) end
  local written = redis.call('HGET', account, 'updated_at')
  if written and tonumber(written) <= tonumber(version) then taken = taken + redis.call('DEL', account) end
end
redis.call('SET', clock, digits(newest))
return taken
