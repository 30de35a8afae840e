#!lua flags=no-writes
--[[
Where players stand on one shard, as many at once as are asked for.

KEYS 1 board    zset  score -> <arrival><user_id>
     2 entries  hash  user_id -> <arrival> <updated_at> <score> <name>
     3 split    string  how many partitions the region is split into; absent where nobody has written it down
     4 fence    string the run of the server on which the shard may be written; absent in an emptied store
ARGV 1 partitions  what the caller takes the split to be
     2 wants ties  1 when the reply is to say how many of a player's score stand ahead, else 0
     3... user_id
Reply {numbers, record, record...}, a record for each player, false for one who is not on this shard. numbers is one
      text, which costs either side less than a list: the total, then for each player how many entries stand strictly
      ahead and, as count_ahead takes it on another shard, how many of the same score; 0 unless that was wanted. {} when
      the entries are not where the caller takes them to be.
Uses  is_readable, ties_of
]]
local board, entries, split_key, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local partitions, wants_ties = ARGV[1], ARGV[2] == '1'
local FIRST_ID, ARRIVAL_DIGITS = 3, 16

if not is_readable(split_key, partitions, fence) then return {} end
local records = redis.call('HMGET', entries, unpack(ARGV, FIRST_ID))
local numbers, reply = {redis.call('ZCARD', board)}, {}
for i, record in ipairs(records) do
  local member = record and string.sub(record, 1, ARRIVAL_DIGITS) .. ARGV[FIRST_ID + i - 1]
  local before = member and redis.call('ZREVRANK', board, member)
  local ties = before and wants_ties and ties_of(board, string.match(record, '^%d+ %d+ (%S+)') or '0', before)
  numbers[2 * i], numbers[2 * i + 1] = before or 0, ties or 0
  reply[i + 1] = before and record
end
reply[1] = table.concat(numbers, ' ')
return reply
