#!lua flags=no-writes
--[[
The best entries of one shard, unless the caller has them already.

KEYS board    zset    score -> <arrival><user_id>
     entries  hash    user_id -> <arrival> <updated_at> <score> <name>
     split    string  how many partitions the region has; absent until a service writes it
     clock    string  last version given out on the shard: every change of a ranking raises it
     fence    string  the run of the server that may be written; absent in an emptied store
ARGV partitions  the number of partitions that the caller is configured with
     limit       entries
     known       the clock at which the caller has read the same top, or empty
Reply {clock, total, entries}: clock is empty where there is none; entries as read_slice replies.
      {clock} alone when it is the known one. {} when the entries are not readable here.
Uses  is_readable, read_slice
]]
if not is_readable(split, partitions, fence) then return {} end
local present = redis.call('GET', clock) or ''
if present ~= '' and present == known then return {present} end
local total = redis.call('ZCARD', board)
return {present, total, total > 0 and read_slice(board, entries, 0, limit - 1) or {}}
