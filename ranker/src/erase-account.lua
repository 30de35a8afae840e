#!lua
--[[
Removes an account, and queues the erasure for PostgreSQL, together. Running it again does no harm.

KEYS 1 queue    list   account events waiting for PostgreSQL
     2 clock    string last version given out for accounts
     3 account  hash   credentials and home region
     4 erased   string version of the erasure
ARGV 1 event tail  JSON members of the event that do not change here, with the closing brace
     2 created_at  of the account that is meant, empty where there was none
     3 TTL         of the erasure, seconds
Reply 1 when there was an account; 0 when there was none, or another that was made since: that one stays
]]
local queue, clock, account, erased = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local event_tail, created_at, ttl = ARGV[1], ARGV[2], ARGV[3]

redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
redis.call('GET', erased)
local is_there = redis.call('HLEN', account) > 0
if is_there and (redis.call('HGET', account, 'created_at') or '') ~= created_at then return 0 end

local time = redis.call('TIME')
local version = string.format('%.0f', math.max(last_version + 1, time[1] * 1000000 + time[2]))
redis.call('LPUSH', queue, '{"erased":true,"updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('SET', erased, version, 'EX', ttl)
redis.call('DEL', account)
return is_there and 1 or 0
