#!lua
--[[
Creates an account, and queues it for PostgreSQL, together or not at all.

KEYS 1 queue     list   account events waiting for PostgreSQL
     2 clock     string last version given out for accounts
     3 account   hash   credentials and home region
     4 fence     string the run of the server on which accounts may be written
ARGV 1 run            of the server that this is sent to
     2 queue bound    events; at this length accounts are refused
     3 event tail     JSON members of the event that do not change here, with the closing brace
     4 name
     5 region
     6 password hash  empty for a player without a password
     7 initial score  integer still to be written on the player's shard, or empty
Reply {created, created_at in microseconds} | {user_exists} | {queue_full} | {closed}
Uses  is_open
]]
local queue, clock, account, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local run, queue_max, event_tail, name, region = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local password_hash, initial_score = ARGV[6], ARGV[7]

if not is_open(fence, run) then return {'closed'} end
local queued = redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
if redis.call('HLEN', account) > 0 then return {'user_exists'} end
if queued >= queue_max then return {'queue_full'} end

local time = redis.call('TIME')
local version = string.format('%.0f', math.max(last_version + 1, time[1] * 1000000 + time[2]))
redis.call('LPUSH', queue, '{"created_at":"' .. version .. '","updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('HSET', account, 'name', name, 'region', region, 'password_hash', password_hash,
  'created_at', version, 'updated_at', version)
if initial_score ~= '' then redis.call('HSET', account, 'initial_score', initial_score) end
return {'created', version}
