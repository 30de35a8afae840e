#!lua flags=no-writes
--[[
What Redis keeps of some players on one board, and what may still be on its way to PostgreSQL: one moment of both.

KEYS 1 board     zset   score -> <arrival><user_id>
     2 arrivals  hash   user_id -> arrival
     3 queue     list   the oldest event is the last
     4 clock     string last version given out on the shard
ARGV 1 profile prefix  key of a profile, but for the user_id; the profiles live on the same shard
     2 erased prefix   the same for the string that holds the version of a player's erasure
     3 versions        how many profile fields that hold a version follow; the first is this board's
     4... the fields, then pairs: a user_id, and a member that was seen for it, or nothing
Reply {oldest event, clock, Redis TIME in microseconds, then one each: {arrival, score, score of the seen member if the
      arrival does not name it, erasure, name, region, score in the profile, versions...}}
]]
local board, arrivals, queue, clock = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local profile_prefix, erased_prefix, versions = ARGV[1], ARGV[2], tonumber(ARGV[3])

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), now}
for i = 4 + versions, #ARGV, 2 do
  local user_id, seen = ARGV[i], ARGV[i + 1]
  local arrival = redis.call('HGET', arrivals, user_id)
  local member = arrival and arrival .. user_id
  local profile = redis.call('HMGET', profile_prefix .. user_id, 'name', 'region', 'score', unpack(ARGV, 4, 3 + versions))
  reply[#reply + 1] = {
    arrival,
    member and redis.call('ZSCORE', board, member),
    seen ~= '' and seen ~= member and redis.call('ZSCORE', board, seen),
    redis.call('GET', erased_prefix .. user_id),
    unpack(profile)
  }
end
return reply
