#!lua flags=no-writes
--[[
Reads some players on one board, and the oldest event that waits for PostgreSQL, in one moment.

KEYS 1 board    zset   score -> <arrival><user_id>
     2 hidden   zset   the same for players who are hidden
     3 entries  hash   user_id -> <arrival> <updated_at> <score> <name>
     4 queue    list   the oldest event is the last
     5 clock    string last version given out on the shard
     6 visibility hash user_id -> <version> hidden|visible
     7... erased string version and account of an erasure, one a player
ARGV pairs: a user_id, and a member that was seen for it, or empty
Reply {oldest event, clock, Redis TIME in microseconds, then one each: {record, score of the member
      that it names, stray member, its score, erasure}}
      A stray is the seen member where the record does not name it, or the named member in the wrong
      ranking: on the board although the player is hidden, or among the hidden although the player
      is visible.
Uses  time_us, digits, is_hidden, member_of
]]
local board, hidden, entries, queue, clock, visibility = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local FIRST_ERASED = 7

local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), digits(time_us())}
for i = 1, #ARGV, 2 do
  local user_id, seen = ARGV[i], ARGV[i + 1]
  local record = redis.call('HGET', entries, user_id)
  local member = record and member_of(record, user_id)
  local right, wrong = board, hidden
  if is_hidden(redis.call('HGET', visibility, user_id)) then right, wrong = hidden, board end
  local stray, stray_score = false, false
  if seen ~= '' and seen ~= member then
    stray, stray_score = seen, redis.call('ZSCORE', board, seen) or redis.call('ZSCORE', hidden, seen)
  end
  if member and not stray_score then stray, stray_score = member, redis.call('ZSCORE', wrong, member) end
  reply[#reply + 1] = {
    record,
    member and redis.call('ZSCORE', right, member),
    stray,
    stray_score,
    redis.call('GET', KEYS[FIRST_ERASED + (i - 1) / 2])
  }
end
return reply
