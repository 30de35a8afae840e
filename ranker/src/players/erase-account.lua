#!lua
--[[
Removes an account, and queues the erasure for PostgreSQL, together. Running it again does no harm.

KEYS queue    list    account events waiting for PostgreSQL
     clock    string  last version given out for accounts
     account  hash    credentials and home region
     homes    hash    user_id -> home region, of players without an account
     erased   string  version of the erasure
     fence    string  the run of the server on which accounts may be written
     bucket   string  failed logins of the player
     device   string  user_id of the guest who has the account's device_hash
ARGV run         of the server that this is sent to
     user_id
     event_tail  JSON members of the event that do not change here, with the closing brace
     created_at  of the account that is meant, empty where there was none
     ttl         of the erasure, seconds
Reply 1 when there was an account; 0 when there was none, or a later one, which stays; -3 where
      accounts may not be written: then nothing was done
Uses  is_open, last_version, next_version, time_us, digits
]]
if not is_open(fence, run) then return -3 end
redis.call('LLEN', queue)
local before = last_version(clock)
redis.call('GET', erased)
redis.call('HLEN', homes)
redis.call('GET', device)
local is_there = redis.call('HLEN', account) > 0
if is_there and (redis.call('HGET', account, 'created_at') or '') ~= created_at then return 0 end

local version = digits(next_version(before, time_us()))
redis.call('LPUSH', queue, '{"erased":true,"updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('SET', erased, version, 'EX', ttl)
redis.call('DEL', account, bucket)
if redis.call('GET', device) == user_id then redis.call('DEL', device) end
redis.call('HDEL', homes, user_id)
return is_there and 1 or 0
