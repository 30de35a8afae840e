#!lua
--[[
Deletes accounts that PostgreSQL has erased: an older copy of Redis still has them.

KEYS clock    string  last version given out for accounts
     then two for each account: account hash, erased string
ARGV device_prefix  key that tells the guest of a device_hash, without the hash
     then for each account
       version  of the erasure, microseconds
       ttl      of the erased key, milliseconds
Reply the number of accounts deleted

An account that is newer than the erasure stays. Raises the clock above the erasures.
Uses  last_version, version_in, digits
]]
local KEYS_OF_ACCOUNT = 2

local newest, taken = last_version(clock), 0
local key = FIRST_KEY
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local account, erased = KEYS[key], KEYS[key + 1]
  key = key + KEYS_OF_ACCOUNT
  newest = math.max(newest, tonumber(version))
  local known = version_in(redis.call('GET', erased))
  if known < tonumber(version) and ttl > 0 then redis.call('SET', erased, version, 'PX', ttl) end
  local written = redis.call('HGET', account, 'updated_at')
  if written and tonumber(written) <= tonumber(version) then
    local device_hash = redis.call('HGET', account, 'device_hash')
    if device_hash then redis.call('DEL', device_prefix .. device_hash) end
    taken = taken + redis.call('DEL', account)
  end
end
redis.call('SET', clock, digits(newest))
return taken
