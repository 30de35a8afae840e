#!lua flags=no-writes
--[[
Where players stand on one shard, several in one call.

KEYS board    zset    score -> <arrival><user_id>
     entries  hash    user_id -> <arrival> <updated_at> <score> <name>
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written; absent in an emptied store
ARGV partitions  the number of partitions that the caller is configured with
     then user_ids
Reply {numbers, record, record...}, a record for each player, false for one who is not on this
      shard. numbers is one text, which costs both sides less than a list: the total, then for each
      player the entries strictly ahead. {} when the entries are not readable here.
Uses  is_readable, member_of
]]
if not is_readable(split, partitions, fence) then return {} end
local records = redis.call('HMGET', entries, unpack(ARGV, FIRST_ARG))
local numbers, reply = {redis.call('ZCARD', board)}, {}
for i, record in ipairs(records) do
  local before = record and redis.call('ZREVRANK', board, member_of(record, ARGV[FIRST_ARG + i - 1]))
  numbers[i + 1] = before or 0
  reply[i + 1] = before and record
end
reply[1] = table.concat(numbers, ' ')
return reply
