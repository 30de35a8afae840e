#!lua flags=no-writes
--[[
Where players stand on one shard, several in one call.

KEYS board    zset    ranked score -> <place><user_id>
     entries  hash    user_id -> record, see records.ts
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written; absent in an emptied store
     boards   hash    board -> <revision> <state> and its season
ARGV partitions  the number of partitions that the caller is configured with
     board_id    the board
     revision    of the definition that the caller goes by
     wanted      season, as refusal_of has it
     then user_ids
Reply {numbers, record, record...}, a record for each player, false for one who is not on this
      shard. numbers is one text, which costs both sides less than a list: the total, then for each
      player the entries strictly ahead. A word as refusal_of has it where it
      refuses.
Uses  refusal_of, member_of
]]
local refused = refusal_of(split, partitions, fence, boards, board_id, revision, wanted)
if refused then return refused end
local records = redis.call('HMGET', entries, unpack(ARGV, FIRST_ARG))
local numbers, reply = {redis.call('ZCARD', board)}, {}
for i, record in ipairs(records) do
  local before = record and redis.call('ZREVRANK', board, member_of(record, ARGV[FIRST_ARG + i - 1]))
  numbers[i + 1] = before or 0
  reply[i + 1] = before and record
end
reply[1] = table.concat(numbers, ' ')
return reply
