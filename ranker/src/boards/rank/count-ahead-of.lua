#!lua flags=no-writes
--[[
How many entries of one shard stand ahead of positions that were read on other shards, several in
one call.

KEYS board    zset    score -> <arrival><user_id>
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written; absent in an emptied store
ARGV partitions  the number of partitions that the caller is configured with
     then for each position: score, member
Reply one text: the total, then for each position the entries strictly ahead. Empty when the entries
      are not readable here.
Uses  is_readable, count_ahead
]]
if not is_readable(split, partitions, fence) then return '' end
local numbers = {redis.call('ZCARD', board)}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  numbers[#numbers + 1] = count_ahead(board, score, member)
end
return table.concat(numbers, ' ')
