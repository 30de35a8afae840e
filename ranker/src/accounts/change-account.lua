#!lua
--[[
Gives an account another name or another password, and queues it for PostgreSQL, together or not at
all. Nothing is done where the account has changed since it was read.

KEYS queue    list    account events waiting for PostgreSQL
     clock    string  last version given out for accounts
     account  hash    credentials and home region
     fence    string  the run of the server on which accounts may be written
ARGV run            of the server that this is sent to
     read_version   updated_at of the account as it was read
     queue_max      events; at this length the change is refused
     event_tail     JSON members of the event that do not change here, with the closing brace
     name
     password_hash  empty for a player without a password
     is_password    1 where the password changes, which ends the tokens from before, else 0
Reply {changed, version, when the password was last changed in microseconds or empty} | {stale} |
      {queue_full} | {closed}
Uses  is_open, last_version, next_version, time_us, digits
]]
if not is_open(fence, run) then return {'closed'} end
local queued = redis.call('LLEN', queue)
local before = last_version(clock)
local created_at, updated_at, password_at =
  unpack(redis.call('HMGET', account, 'created_at', 'updated_at', 'password_at'))
if not created_at or updated_at ~= read_version then return {'stale'} end
if queued >= queue_max then return {'queue_full'} end

local version = digits(next_version(before, time_us()))
password_at = is_password and version or password_at or ''
local times = '{"created_at":"' .. created_at .. '","updated_at":"' .. version .. '",'
if password_at ~= '' then times = times .. '"password_at":"' .. password_at .. '",' end
redis.call('LPUSH', queue, times .. event_tail)
redis.call('SET', clock, version)
redis.call('HSET', account, 'name', name, 'password_hash', password_hash, 'updated_at', version)
if password_at ~= '' then redis.call('HSET', account, 'password_at', password_at) end
return {'changed', version, password_at}
