#!lua flags=no-writes
--[[
What Redis keeps of some accounts, and what may still be on its way to PostgreSQL: one moment of both.

KEYS 1 queue  list   the oldest event is the last
     2 clock  string last version given out for accounts
ARGV 1 account prefix  key of an account, but for the user_id
     2 erased prefix   the same for the string that holds the version of an account's erasure
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
