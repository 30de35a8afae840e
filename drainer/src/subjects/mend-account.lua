#!lua
--[[
Corrects one account, unless it has changed since it was read, or was erased.

KEYS 1 account  hash   credentials and home region
     2 clock    string last version given out for accounts
     3 erased   string version of an erasure of the account
ARGV 1 version as it was read, empty where absent
     2 name, 3 region, 4 password hash (or empty), 5 created_at, 6 updated_at in microseconds: the
       correct values
Reply 1; 0 when the account has changed or was erased: then nothing was done
Uses  last_version, version_in
]]
local account, clock, erased = KEYS[1], KEYS[2], KEYS[3]
local read_version, name, region, password_hash, created_at, updated_at =
  ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]

local before = last_version(clock)
if tonumber(updated_at) <= version_in(redis.call('GET', erased)) then return 0 end
if (redis.call('HGET', account, 'updated_at') or '') ~= read_version then return 0 end
redis.call('HSET', account, 'name', name, 'region', region, 'password_hash', password_hash,
  'created_at', created_at, 'updated_at', updated_at)
if tonumber(updated_at) > before then redis.call('SET', clock, updated_at) end
return 1
