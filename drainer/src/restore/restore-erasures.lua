#!lua
--[[
Removes players from one shard whom PostgreSQL has erased: an older copy of Redis still has them.

KEYS clock       string  last version given out on the shard
     visibility  hash    user_id -> <version> hidden|visible <name>
     then for each player
       erased    string  version and account of an erasure
     then three for each board: ranking zset, hidden zset, entries hash
ARGV for each player
       user_id
       version   of the erasure, microseconds
       ttl       of the erased key, milliseconds
Reply the number of entries removed

An entry that is newer than the erasure belongs to a later registration, and stays. Raises the clock
above the erasures, and where an entry was removed.
Uses  last_version, version_in, digits, member_of
]]
local KEYS_OF_BOARD = 3

local players = (#ARGV - FIRST_ARG + 1) / ITEM_ARGS
local clock_before = last_version(clock)
local newest, taken = clock_before, 0
for n = 0, players - 1 do
  take_item(FIRST_ARG + n * ITEM_ARGS)
  local erased = KEYS[FIRST_KEY + n]
  newest = math.max(newest, version)
  local known = version_in(redis.call('GET', erased))
  if known < version and ttl > 0 then redis.call('SET', erased, digits(version) .. ' ', 'PX', ttl) end
  local seen = redis.call('HGET', visibility, user_id)
  if seen and tonumber(string.match(seen, '^%d+') or '0') <= version then redis.call('HDEL', visibility, user_id) end
  for i = FIRST_KEY + players, #KEYS, KEYS_OF_BOARD do
    local record = redis.call('HGET', KEYS[i + 2], user_id)
    local written = record and tonumber(string.match(record, '^%d+ (%d+) ') or '0')
    if written and written <= version then
      local member = member_of(record, user_id)
      redis.call('ZREM', KEYS[i], member)
      redis.call('ZREM', KEYS[i + 1], member)
      redis.call('HDEL', KEYS[i + 2], user_id)
      taken = taken + 1
    end
  end
end
if taken > 0 then newest = math.max(newest, clock_before + 1) end
redis.call('SET', clock, digits(newest))
return taken
