#!lua flags=no-writes
--[[
Reads some accounts, and the oldest event that waits for PostgreSQL, in one moment.

KEYS queue  list    the oldest event is the last
     clock  string  last version given out for accounts
ARGV account_prefix  key of an account without the user_id
     erased_prefix   the same for the string with the version of an account's erasure
     then for each account
       user_id
Reply {oldest event, clock, Redis TIME in microseconds, then one each:
      {erasure, name, region, password_hash, device_hash, password_at, created_at, updated_at}}
Uses  time_us, digits
]]
local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), digits(time_us())}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  reply[#reply + 1] = {
    redis.call('GET', erased_prefix .. user_id),
    unpack(redis.call('HMGET', account_prefix .. user_id,
      'name', 'region', 'password_hash', 'device_hash', 'password_at', 'created_at', 'updated_at'))
  }
end
return reply
