#!lua flags=no-writes
--[[
The best entries of one shard, unless the caller has them as they are.

KEYS 1 board    zset  score -> <arrival><user_id>
     2 entries  hash  user_id -> <arrival> <updated_at> <score> <name>
     3 split    string  how many partitions the region is split into; absent where nobody has written it down
     4 clock    string  last version given out on the shard: whatever changes a ranking raises it
     5 fence    string the run of the server on which the shard may be written; absent in an emptied store
ARGV 1 partitions  what the caller takes the split to be
     2 limit       entries
     3 known       the clock at which the caller has read the same, or empty
Reply {clock, total, entries}: clock is empty where there is none; the entries are as read_slice reads them. {clock}
      alone when it is the known one. {} when the entries are not where the caller takes them to be.
Uses  is_readable, read_slice
]]
local board, entries, split_key, clock_key, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local partitions, limit, known = ARGV[1], tonumber(ARGV[2]), ARGV[3]

if not is_readable(split_key, partitions, fence) then return {} end
local clock = redis.call('GET', clock_key) or ''
if clock ~= '' and clock == known then return {clock} end
local total = redis.call('ZCARD', board)
return {clock, total, total > 0 and read_slice(board, entries, 0, limit - 1) or {}}
