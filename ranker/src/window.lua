#!lua flags=no-writes
--[[
Where a position stands on one shard, and who stands beside it. The position is a player's, or, on a shard that does
not hold the player, that of the score and member read where the player lives.

KEYS 1 board    zset  score -> <arrival><user_id>
     2 entries  hash  user_id -> <arrival> <updated_at> <score> <name>
     3 split    string  how many partitions the region is split into; absent where nobody has written it down
     4 fence    string the run of the server on which the shard may be written; absent in an emptied store
ARGV 1 partitions  what the caller takes the split to be
     2 range       entries wanted on each side, 0 for none
     3 user_id     of the player to look up, or empty: then 5 to 8 say the position
     4 wants ties  1 when the reply is to say how many of the player's score stand ahead, else 0
     5 score
     6 member
     7 ties        a guess at how many of the score stand ahead, as count_ahead takes it, made on a board
     8 of          of so many entries
Reply {total, before, record, ties, {above}, {below}}: before = entries strictly ahead; record = the player's, false
      where a position was asked for; ties = false unless they were wanted; each list is as read_slice reads it.
      {total} alone when the player is not on this shard. {} when the entries are not where the caller takes them to be.
Uses  is_readable, read_slice, ties_of, count_ahead, scale_ties, ARRIVAL_DIGITS

Cost: O(log N + range), and what count_ahead costs.
]]
local board, entries, split_key, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local partitions, range, user_id, wants_ties = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1'
local score, member, ties, of = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])

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
local above = read_slice(board, entries, before - range, before - 1)
local below = read_slice(board, entries, after, after + range - 1)
return {total, before, record, ties, above, below}
