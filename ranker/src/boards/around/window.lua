#!lua flags=no-writes
--[[
Where a position stands on one shard, and its neighbours there. The position is a player's, or, on a
shard that does not hold the player, the score and member that were read on the player's shard.

KEYS board    zset    ranked score -> <place><user_id>
     entries  hash    user_id -> record, see records.ts
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written; absent in an emptied store
     details  hash    user_id -> <attempts> <metadata>, of entries that have either
     boards   hash    board -> <revision> <state> and its season
ARGV partitions  the number of partitions that the caller is configured with
     board_id    the board
     revision    of the definition that the caller goes by
     wanted      season, as refusal_of has it
     above, below  entries wanted on each side
     refills     1 to read more on one side when the other reaches the end of the board, else 0
     place_digits  digits in front of the user_id in a member
     with_details  1 to read the details, too, else 0
     user_id     of the player to look up; empty where score and member give the position
     score, member  of the position
Reply {total, before, record, above, below, details}. before: the entries strictly ahead. record:
      the player's, false for a position. above and below: as read_slice replies. details: the
      player's. {total} alone when the player is not on this shard. A word as refusal_of has it
      where it refuses.
Uses  refusal_of, member_of, read_slice, count_ahead

Cost: O(log N + above + below), and the cost of count_ahead.
]]
local refused = refusal_of(split, partitions, fence, boards, board_id, revision, wanted)
if refused then return refused end
local total = redis.call('ZCARD', board)
local before, record, after = nil, false, nil
if user_id ~= '' then
  record = redis.call('HGET', entries, user_id)
  before = record and redis.call('ZREVRANK', board, member_of(record, user_id))
  if not before then return {total} end
  after = before + 1
else
  before = count_ahead(board, score, member)
  after = before
end
if refills then
  local short_above, short_below = math.max(0, above - before), math.max(0, below - (total - after))
  above, below = above + short_below, below + short_above
end
return {
  total, before, record,
  read_slice(board, entries, before - above, before - 1, place_digits, with_details and details),
  read_slice(board, entries, after, after + below - 1, place_digits, with_details and details),
  with_details and record and redis.call('HGET', details, user_id)
}
