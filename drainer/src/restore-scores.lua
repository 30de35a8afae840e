#!lua
--[[
Puts entries of one board back on their shard. An entry that is already there with a later version stays as it is.

KEYS 1 board     zset   score -> <arrival><user_id>
     2 arrivals  hash   user_id -> arrival
     3 clock     string last version given out on the shard
ARGV 1 profile prefix  key of a profile, but for the user_id; the profiles live on the same shard
     2 version field   profile field that holds the version on this board
     3 score field     profile field that takes the score, empty when the profile does not keep this board's
     4... a row each:  user_id, name, region, score, arrival, updated_at in microseconds
Reply the rows written

Raises the clock, so that every later write is newer than what was restored.
]]
local board, arrivals, clock = KEYS[1], KEYS[2], KEYS[3]
local profile_prefix, version_field, score_field = ARGV[1], ARGV[2], ARGV[3]

local clock_before = tonumber(redis.call('GET', clock) or '0')
local newest = clock_before
local written = 0
for i = 4, #ARGV, 6 do
  local user_id, name, region, score, arrival, updated_at = unpack(ARGV, i, i + 5)
  local profile = profile_prefix .. user_id
  local present = redis.call('HGET', profile, version_field)
  if not present or tonumber(present) <= tonumber(updated_at) then
    local old_arrival = redis.call('HGET', arrivals, user_id)
    if old_arrival then redis.call('ZREM', board, old_arrival .. user_id) end
    redis.call('ZADD', board, score, arrival .. user_id)
    redis.call('HSET', arrivals, user_id, arrival)
    redis.call('HSETNX', profile, 'name', name)
    redis.call('HSETNX', profile, 'region', region)
    redis.call('HSET', profile, version_field, updated_at)
    if score_field ~= '' then redis.call('HSET', profile, score_field, score) end
    newest = math.max(newest, tonumber(updated_at))
    written = written + 1
  end
end
if newest > clock_before then redis.call('SET', clock, string.format('%.0f', newest)) end
return written
