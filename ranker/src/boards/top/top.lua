#!lua flags=no-writes
--[[
The best entries of one shard, unless the caller has them already.

KEYS board    zset    ranked score -> <place><user_id>
     entries  hash    user_id -> record, see records.ts
     split    string  how many partitions the region has; absent until a service writes it
     clock    string  last version given out on the shard: every change of a ranking raises it
     fence    string  the run of the server that may be written; absent in an emptied store
     details  hash    user_id -> <attempts> <metadata>, of entries that have either
     boards   hash    board -> <revision> <state> and its season
ARGV partitions  the number of partitions that the caller is configured with
     board_id    the board
     revision    of the definition that the caller goes by
     wanted      season, as refusal_of has it
     limit         entries
     place_digits  digits in front of the user_id in a member
     with_details  1 to read the details, too, else 0
     known       the clock at which the caller has read the same top, or empty
Reply {clock, total, entries}: clock is empty where there is none; entries as read_slice replies.
      {clock} alone when it is the known one. A word as refusal_of has it where it
      refuses.
Uses  refusal_of, read_slice
]]
local refused = refusal_of(split, partitions, fence, boards, board_id, revision, wanted)
if refused then return refused end
local present = redis.call('GET', clock) or ''
if present ~= '' and present == known then return {present} end
local total = redis.call('ZCARD', board)
return {present, total, total > 0 and read_slice(board, entries, 0, limit - 1, place_digits, with_details and details) or {}}
