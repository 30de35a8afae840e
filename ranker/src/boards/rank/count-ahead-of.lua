#!lua flags=no-writes
--[[
How many entries of one shard stand ahead of positions that were read on other shards, several in
one call.

KEYS board    zset    ranked score -> <place><user_id>
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written; absent in an emptied store
     boards   hash    board -> <revision> <state> and its season
ARGV partitions  the number of partitions that the caller is configured with
     board_id    the board
     revision    of the definition that the caller goes by
     wanted      season, as refusal_of has it
     then for each position: score, member
Reply one text: the total, then for each position the entries strictly ahead. A word as refusal_of has it where it
      refuses.
Uses  refusal_of, count_ahead
]]
local refused = refusal_of(split, partitions, fence, boards, board_id, revision, wanted)
if refused then return refused end
local numbers = {redis.call('ZCARD', board)}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  numbers[#numbers + 1] = count_ahead(board, score, member)
end
return table.concat(numbers, ' ')
