#!lua
--[[
Removes an account, and queues the erasure for PostgreSQL, together. Running it again does no harm.

KEYS 1 queue    list   account events waiting for PostgreSQL
     2 clock    string last version given out for accounts
     3 account  hash   credentials and home region
     4 erased   string version of the erasure
     5 fence    string the run of the server on which accounts may be written
     6 bucket   string failed logins of the player
ARGV 1 run         of the server that this is sent to
     2 event tail  JSON members of the event that do not change here, with the closing brace
     3 created_at  of the account that is meant, empty where there was none
     4 TTL         of the erasure, seconds
Reply 1 when there was an account; 0 when there was none, or another that was made since: that one stays; -3 where
      accounts may not be written: then nothing was done
Uses  is_open
]]
local queue, clock, account, erased, fence, bucket = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local run, event_tail, created_at, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

if not is_open(fence, run) then return -3 end
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
redis.call('DEL', account, bucket)
return is_there and 1 or 0
