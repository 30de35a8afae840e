#!lua
--[[
Puts one account back. An account that is already there with a later version stays as it is.

KEYS 1 account  hash   credentials and home region
     2 clock    string last version given out for accounts
ARGV 1 name
     2 region
     3 password hash  empty for a player without a password
     4 created_at     microseconds
     5 updated_at     microseconds
Reply 1 when it was written, else 0
]]
local account, clock = KEYS[1], KEYS[2]
local name, region, password_hash, created_at, updated_at = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local last_version = tonumber(redis.call('GET', clock) or '0')
local present = redis.call('HGET', account, 'updated_at')
if present and tonumber(present) > tonumber(updated_at) then return 0 end
redis.call('HSET', account, 'name', name, 'region', region, 'password_hash', password_hash,
  'created_at', created_at, 'updated_at', updated_at)
if tonumber(updated_at) > last_version then redis.call('SET', clock, updated_at) end
return 1
