#!lua
--[[
Puts entries of one board back on their shard. An entry that is already there with a later version stays as it is.

KEYS 1 board     zset   score -> <arrival><user_id>
     2 arrivals  hash   user_id -> arrival
     3 clock     string last version given out on the shard
ARGV 1 profile prefix  key of a profile, but for the user_id; the profiles live on the same shard
     2 erased prefix   the same for the string that holds the version of a player's erasure
     3 score field     profile field that takes the score, empty when the profile does not keep this board's
     4 versions        how many profile fields that hold a version follow, one a board; the first is this board's
     5... the fields, then a row each: user_id, name, region, score, arrival, updated_at in microseconds
Reply the rows written

A row that is not newer than an erasure of its player is left out: the erasure is still on its way to PostgreSQL.
Raises the clock, so that every later write is newer than what was restored. The name of a profile is that of the
player's newest write on whatever board, restored or live.
]]
local board, arrivals, clock = KEYS[1], KEYS[2], KEYS[3]
local profile_prefix, erased_prefix, score_field = ARGV[1], ARGV[2], ARGV[3]
local versions, version_field = tonumber(ARGV[4]), ARGV[5]

local FIRST, WIDTH = 5 + versions, 6

local clock_before = tonumber(redis.call('GET', clock) or '0')
redis.call('ZCARD', board)
local user_ids = {}
local erased_keys = {}
for i = FIRST, #ARGV, WIDTH do
  user_ids[#user_ids + 1] = ARGV[i]
  erased_keys[#erased_keys + 1] = erased_prefix .. ARGV[i]
end
local erasures = redis.call('MGET', unpack(erased_keys))
local old_arrivals = redis.call('HMGET', arrivals, unpack(user_ids))

-- Ranking and arrivals are written at the end, in one command each: a call costs more than what it does.
local newest = clock_before
local ranked, arrived = {}, {}
for n, user_id in ipairs(user_ids) do
  local i = FIRST + (n - 1) * WIDTH
  local name, region, score, arrival, updated_at = unpack(ARGV, i + 1, i + WIDTH - 1)
  local profile = profile_prefix .. user_id
  local version = tonumber(updated_at)
  local present = redis.call('HMGET', profile, unpack(ARGV, 5, 4 + versions))
  local erased_at = tonumber(string.match(erasures[n] or '', '^%d+') or '-1')
  if version > erased_at and (not present[1] or tonumber(present[1]) <= version) then
    local old_arrival = old_arrivals[n]
    if old_arrival and old_arrival ~= arrival then redis.call('ZREM', board, old_arrival .. user_id) end
    local at = #ranked
    ranked[at + 1], ranked[at + 2] = score, arrival .. user_id
    arrived[at + 1], arrived[at + 2] = user_id, arrival
    local fields = {version_field, updated_at}
    local is_newest = true
    for other = 2, versions do is_newest = is_newest and tonumber(present[other] or '0') <= version end
    if is_newest then fields = {version_field, updated_at, 'name', name, 'region', region} end
    if score_field ~= '' then
      fields[#fields + 1] = score_field
      fields[#fields + 1] = score
    end
    redis.call('HSET', profile, unpack(fields))
    newest = math.max(newest, version)
  end
end
if #ranked > 0 then
  redis.call('ZADD', board, unpack(ranked))
  redis.call('HSET', arrivals, unpack(arrived))
end
if newest > clock_before then redis.call('SET', clock, string.format('%.0f', newest)) end
return #ranked / 2
