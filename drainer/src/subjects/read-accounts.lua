#!lua flags=no-writes
--[[
Reads some accounts, and the oldest event that waits for PostgreSQL, in one moment.

KEYS 1 queue  list   the oldest event is the last
     2 clock  string last version given out for accounts
ARGV 1 account prefix  key of an account without the user_id
     2 erased prefix   the same for the string with the version of an account's erasure
     3... user_ids
Reply {oldest event, clock, Redis TIME in microseconds, then one each:
      {erasure, name, region, password_hash, created_at, updated_at}}
Uses  time_us, digits
]]
local queue, clock, account_prefix, erased_prefix = KEYS[1], KEYS[2], ARGV[1], ARGV[2]

local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), digits(time_us())}
for i = 3, #ARGV do
  reply[#reply + 1] = {
    redis.call('GET', erased_prefix .. ARGV[i]),
    unpack(redis.call('HMGET', account_prefix .. ARGV[i],
      'name', 'region', 'password_hash', 'created_at', 'updated_at'))
  }
end
return reply
