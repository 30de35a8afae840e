#!lua flags=no-writes
--[[
Reads some players on one board, and the oldest event that waits for PostgreSQL, in one moment.

KEYS board       zset    ranked score -> <place><user_id>
     hidden      zset    the same for players who are hidden
     entries     hash    user_id -> record, see records.ts
     details     hash    user_id -> <attempts> <metadata>, of entries that have either
     queue       list    the oldest event is the last
     clock       string  last version given out on the shard
     visibility  hash    user_id -> <version> hidden|visible <name>
     then for each player
       erased    string  version and account of an erasure
       removed   string  version of a removal of the entry
ARGV for each player
       user_id
       member    that was seen for the player, or empty
Reply {oldest event, clock, Redis TIME in microseconds, then one each: {record, score of the member
      that it names, stray member, its score, version of the erasure or removal, details}}
      A stray is the seen member where the record does not name it, or the named member in the wrong
      ranking: on the board although the player is hidden, or among the hidden although the player
      is visible.
Uses  time_us, version_in, digits, is_hidden, member_of
]]
local KEYS_OF_PLAYER = 2
local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), digits(time_us())}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local key = FIRST_KEY + KEYS_OF_PLAYER * (place - FIRST_ARG) / ITEM_ARGS
  local record = redis.call('HGET', entries, user_id)
  local named = record and member_of(record, user_id)
  local right, wrong = board, hidden
  if is_hidden(redis.call('HGET', visibility, user_id)) then right, wrong = hidden, board end
  local stray, stray_score = false, false
  if member ~= '' and member ~= named then
    stray, stray_score = member, redis.call('ZSCORE', board, member) or redis.call('ZSCORE', hidden, member)
  end
  if named and not stray_score then stray, stray_score = named, redis.call('ZSCORE', wrong, named) end
  reply[#reply + 1] = {
    record,
    named and redis.call('ZSCORE', right, named),
    stray,
    stray_score,
    digits(math.max(version_in(redis.call('GET', KEYS[key])), version_in(redis.call('GET', KEYS[key + 1])))),
    redis.call('HGET', details, user_id)
  }
end
return reply
