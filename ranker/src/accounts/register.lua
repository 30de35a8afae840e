#!lua
--[[
Creates an account, and queues it for PostgreSQL, together or not at all.

KEYS queue    list    account events waiting for PostgreSQL
     clock    string  last version given out for accounts
     account  hash    credentials and home region
     homes    hash    user_id -> home region, of players without an account
     fence    string  the run of the server on which accounts may be written
     device   string  user_id of the guest who has device_hash
ARGV run            of the server that this is sent to
     user_id
     queue_max      events; at this length accounts are refused
     event_tail     JSON members of the event that do not change here, with the closing brace
     name
     region
     password_hash  empty for a player without a password
     initial_score  integer still to be written on the player's shard, or empty
     device_hash    of a guest who came with a device_id, or empty
     device_of      user_id that the device told when it was read, or empty
Reply {created, created_at in microseconds} | {user_exists} | {device_taken, where the device tells
      another player by now} | {queue_full} | {closed} |
      {wrong_region, the home of the player who has entries under the id}
Uses  is_open, last_version, next_version, time_us, digits
]]
if not is_open(fence, run) then return {'closed'} end
local queued = redis.call('LLEN', queue)
local before = last_version(clock)
if redis.call('HLEN', account) > 0 then return {'user_exists'} end
if device_hash ~= '' and (redis.call('GET', device) or '') ~= device_of then return {'device_taken'} end
local home = redis.call('HGET', homes, user_id)
if home and home ~= region then return {'wrong_region', home} end
if queued >= queue_max then return {'queue_full'} end

local version = digits(next_version(before, time_us()))
redis.call('LPUSH', queue, '{"created_at":"' .. version .. '","updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('HSET', account, 'name', name, 'region', region, 'password_hash', password_hash,
  'created_at', version, 'updated_at', version)
redis.call('HDEL', homes, user_id)
if initial_score ~= '' then redis.call('HSET', account, 'initial_score', initial_score) end
if device_hash ~= '' then
  redis.call('HSET', account, 'device_hash', device_hash)
  redis.call('SET', device, user_id)
end
return {'created', version}
