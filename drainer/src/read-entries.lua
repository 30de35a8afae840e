#!lua flags=no-writes
--[[
What Redis keeps of some players on one board, and what may still be on its way to PostgreSQL: one moment of both.

KEYS 1 board    zset   score -> <arrival><user_id>
     2 entries  hash   user_id -> <arrival> <updated_at> <score> <name>
     3 queue    list   the oldest event is the last
     4 clock    string last version given out on the shard
     5... erased string version and account of an erasure, one each of the players
ARGV pairs: a user_id, and a member that was seen for it, or nothing
Reply {oldest event, clock, Redis TIME in microseconds, then one each: {record, score of the member that it names, score
      of the seen member if the record does not name it, erasure}}
]]
local board, entries, queue, clock = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local FIRST_ERASED, ARRIVAL_DIGITS = 5, 16

local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000000 + time[2])
local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), now}
for i = 1, #ARGV, 2 do
  local user_id, seen = ARGV[i], ARGV[i + 1]
  local record = redis.call('HGET', entries, user_id)
  local member = record and string.sub(record, 1, ARRIVAL_DIGITS) .. user_id
  reply[#reply + 1] = {
    record,
    member and redis.call('ZSCORE', board, member),
    seen ~= '' and seen ~= member and redis.call('ZSCORE', board, seen),
    redis.call('GET', KEYS[FIRST_ERASED + (i - 1) / 2])
  }
end
return reply
