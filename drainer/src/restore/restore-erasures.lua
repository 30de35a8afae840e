#!lua
--[[
Marks players on one shard whom PostgreSQL has erased, so that nothing older of them is written
there.

KEYS clock       string  last version given out on the shard
     visibility  hash    user_id -> <version> hidden|visible <name>
     then for each player
       erased    string  version and account of an erasure
ARGV for each player
       user_id
       version   of the erasure, microseconds
       ttl       of the erased key, milliseconds
Reply 1

Raises the clock above the erasures: a player who comes back is newer. take-erased.lua then removes
the entries, which an older copy of Redis still has.
Uses  last_version, version_in, digits
]]
local newest = last_version(clock)
redis.call('HGET', visibility, '')
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local erased = KEYS[FIRST_KEY + (place - FIRST_ARG) / ITEM_ARGS]
  newest = math.max(newest, version)
  local known = version_in(redis.call('GET', erased))
  if known < version and ttl > 0 then redis.call('SET', erased, digits(version) .. ' ', 'PX', ttl) end
  local seen = redis.call('HGET', visibility, user_id)
  if seen and math.max(version_in(seen), 0) <= version then redis.call('HDEL', visibility, user_id) end
end
redis.call('SET', clock, digits(newest))
return 1
