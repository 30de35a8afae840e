#!lua
--[[
Corrects one account, unless it has changed since it was read, or was erased.

KEYS account  hash    credentials and home region
     clock    string  last version given out for accounts
     erased   string  version of an erasure of the account
ARGV read_version   updated_at as it was read, empty where absent
     name, region   the correct values, as all that follow
     password_hash  or empty
     created_at     microseconds
     updated_at     microseconds
Reply 1; 0 when the account has changed or was erased: then nothing was done
Uses  last_version, version_in
]]
local before = last_version(clock)
if tonumber(updated_at) <= version_in(redis.call('GET', erased)) then return 0 end
if (redis.call('HGET', account, 'updated_at') or '') ~= read_version then return 0 end
redis.call('HSET', account, 'name', name, 'region', region, 'password_hash', password_hash,
  'created_at', created_at, 'updated_at', updated_at)
if tonumber(updated_at) > before then redis.call('SET', clock, updated_at) end
return 1
