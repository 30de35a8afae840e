#!lua
--[[
Puts accounts back. An account with a later version stays, and an initial score that is still to be
written always stays. An account that is not newer than its erasure is left out.

KEYS clock  string  last version given out for accounts
ARGV account_prefix  key of an account without the user_id; all accounts live in one slot
     erased_prefix   the same for the string with the version of an account's erasure
     device_prefix   key that tells the guest of a device_hash, without the hash
     then for each account
       user_id, name, region
       password_hash   or empty
       device_hash     or empty
       password_at     microseconds, or empty
       created_at      microseconds
       updated_at      microseconds
Reply the number of accounts written

Raises the clock, so that every later write is newer than what was restored.
Uses  last_version, version_in, digits
]]
local clock_before = last_version(clock)
local newest = clock_before
local written = 0
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local account = account_prefix .. user_id
  local present = redis.call('HGET', account, 'updated_at')
  local erased_at = version_in(redis.call('GET', erased_prefix .. user_id))
  if tonumber(updated_at) > erased_at and (not present or tonumber(present) <= tonumber(updated_at)) then
    redis.call('HSET', account, 'name', name, 'region', region, 'password_hash', password_hash,
      'created_at', created_at, 'updated_at', updated_at)
    if device_hash ~= '' then
      redis.call('HSET', account, 'device_hash', device_hash)
      redis.call('SET', device_prefix .. device_hash, user_id)
    end
    if password_at ~= '' then redis.call('HSET', account, 'password_at', password_at) end
    newest = math.max(newest, tonumber(updated_at))
    written = written + 1
  end
end
if newest > clock_before then redis.call('SET', clock, digits(newest)) end
return written
