#!lua flags=no-writes
--[[
Where a position stands on one shard, and who stands beside it. The position is a player's, or, on a shard that does
not hold the player, that of the score and member read where the player lives.

KEYS 1 board    zset  score -> <arrival><user_id>
     2 entries  hash  user_id -> <arrival> <updated_at> <score> <name>
     3 split    string  how many partitions the region is split into; absent where nobody has written it down
     4 fence    string the run of the server on which the shard may be written; absent in an emptied store
ARGV 1 partitions  what the caller takes the split to be
     2 above       entries wanted above
     3 below       entries wanted below
     4 refills     1 when a side that is short at an end of the board is made up for on the other, else 0
     5 user_id     of the player to look up, or empty: then 7 to 10 say the position
     6 wants ties  1 when the reply is to say how many of the player's score stand ahead, else 0
     7 score
     8 member
     9 ties        a guess at how many of the score stand ahead, as count_ahead takes it, made on a board
    10 of          of so many entries
Reply {total, before, record, ties, {above}, {below}}: before = entries strictly ahead; record = the player's, false
      where a position was asked for; ties = false unless they were wanted; each list is as read_slice reads it.
      {total} alone when the player is not on this shard. {} when the entries are not where the caller takes them to be.
Uses  is_readable, read_slice, ties_of, count_ahead, scale_ties, ARRIVAL_DIGITS

Cost: O(log N + above + below), and what count_ahead costs.
]]
local board, entries, split_key, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local partitions, wants_above, wants_below, refills = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local user_id, wants_ties = ARGV[5], ARGV[6] == '1'
local score, member, ties, of = ARGV[7], ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])

if not is_readable(split_key, partitions, fence) then return {} end
local total = redis.call('ZCARD', board)
local before, record, after = nil, false, nil
if user_id ~= '' then
  record = redis.call('HGET', entries, user_id)
  before = record and redis.call('ZREVRANK', board, string.sub(record, 1, ARRIVAL_DIGITS) .. user_id)
  if not before then return {total} end
  ties = wants_ties and ties_of(board, string.match(record, '^%d+ %d+ (%S+)') or '0', before)
  after = before + 1
else
  before = count_ahead(board, score, member, scale_ties(ties, total / of))
  after, ties = before, false
end
if refills then
  local short_above, short_below = math.max(0, wants_above - before), math.max(0, wants_below - (total - after))
  wants_above, wants_below = wants_above + short_below, wants_below + short_above
end
local above = read_slice(board, entries, before - wants_above, before - 1)
local below = read_slice(board, entries, after, after + wants_below - 1)
return {total, before, record, ties, above, below}
