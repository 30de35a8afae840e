#!lua flags=no-writes
--[[
How many entries of one shard stand ahead of positions that were read where their players live, as many at once as are
asked for.

KEYS 1 board    zset  score -> <arrival><user_id>
     2 split    string  how many partitions the region is split into; absent where nobody has written it down
     3 fence    string the run of the server on which the shard may be written; absent in an emptied store
ARGV 1 partitions  what the caller takes the split to be
     2... four for each position: score, member, ties (a guess at how many of the score stand ahead, as count_ahead
          takes it, made on a board), of (so many entries)
Reply one text: the total, then for each position the entries strictly ahead. Empty when the entries are not where the
      caller takes them to be.
Uses  is_readable, count_ahead, scale_ties
]]
local board, split_key, fence = KEYS[1], KEYS[2], KEYS[3]
local partitions, FIRST, WIDTH = ARGV[1], 2, 4

if not is_readable(split_key, partitions, fence) then return '' end
local total = redis.call('ZCARD', board)
local numbers = {total}
for i = FIRST, #ARGV, WIDTH do
  local ties = scale_ties(tonumber(ARGV[i + 2]), total / ARGV[i + 3])
  numbers[#numbers + 1] = count_ahead(board, ARGV[i], ARGV[i + 1], ties)
end
return table.concat(numbers, ' ')
