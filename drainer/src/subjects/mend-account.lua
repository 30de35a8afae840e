#!lua
--[[
Corrects one account, unless it has changed since it was read, or was erased.

KEYS account  hash    credentials and home region
     clock    string  last version given out for accounts
     erased   string  version of an erasure of the account
     device   string  user_id of the guest who has device_hash
ARGV user_id
     read_version   updated_at as it was read, empty where absent
     name, region   the correct values, as all that follow
     password_hash  or empty
     device_hash    or empty
     password_at    microseconds, or empty
     created_at     microseconds
     updated_at     microseconds
Reply 1; 0 when the account has changed or was erased: then nothing was done
Uses  last_version, version_in
]]
local before = last_version(clock)
if tonumber(updated_at) <= version_in(redis.call('GET', erased)) then return 0 end
if (redis.call('HGET', account, 'updated_at') or '') ~= read_version then return 0 end
redis.call('HDEL', account, 'device_hash', 'password_at')
if device_hash ~= '' then
  redis.call('HSET', account, 'device_hash', device_hash)
  redis.call('SET', device, user_id)
end
if password_at ~= '' then redis.call('HSET', account, 'password_at', password_at) end
redis.call('HSET', account, 'name', name, 'region', region, 'password_hash', password_hash,
  'created_at', created_at, 'updated_at', updated_at)
if tonumber(updated_at) > before then redis.call('SET', clock, updated_at) end
return 1
