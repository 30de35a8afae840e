#!lua
--[[
Removes entries of erased players from some boards of one shard.

KEYS clock  string  last version given out on the shard
     then four for each board: ranking zset, hidden zset, entries hash, details hash
ARGV for each player
       user_id
       version  of the erasure, microseconds
Reply the number of entries removed

An entry that is newer than the erasure belongs to a later registration, and stays. Raises the clock
where an entry was removed, so that cached tops are read again. Running it again does no harm.
Uses  last_version, digits, member_of, KEYS_OF_BOARD
]]

local before = last_version(clock)
local user_ids, versions = {}, {}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  user_ids[#user_ids + 1], versions[#versions + 1] = user_id, version
end
local taken = {}
for key = FIRST_KEY, #KEYS, KEYS_OF_BOARD do
  local records = redis.call('HMGET', KEYS[key + 2], unpack(user_ids))
  for n, record in ipairs(records) do
    local written = record and tonumber(string.match(record, '^%d+ (%d+) ') or '0')
    if written and written <= versions[n] then
      local member = member_of(record, user_ids[n])
      redis.call('ZSCORE', KEYS[key], member)
      redis.call('ZSCORE', KEYS[key + 1], member)
      redis.call('HGET', KEYS[key + 3], user_ids[n])
      taken[#taken + 1] = {key = key, member = member, user_id = user_ids[n]}
    end
  end
end
for _, entry in ipairs(taken) do
  redis.call('ZREM', KEYS[entry.key], entry.member)
  redis.call('ZREM', KEYS[entry.key + 1], entry.member)
  redis.call('HDEL', KEYS[entry.key + 2], entry.user_id)
  redis.call('HDEL', KEYS[entry.key + 3], entry.user_id)
end
if #taken > 0 then redis.call('SET', clock, digits(before + 1)) end
return #taken
