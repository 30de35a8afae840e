#!lua flags=no-writes
--[[
What one shard keeps of a player, hidden or not: one moment of it.

KEYS 1 split    string how many partitions the region is split into; absent where nobody has written it down
     2 visibility hash user_id -> <version> hidden|visible
     3 fence    string the run of the server on which the shard may be written; absent in an emptied store
     4... entries hash, one a board
ARGV 1 user_id
     2 partitions  what the caller takes the split to be
Reply {visibility, record, record...}, each as it stands; {} when the entries are not where the caller takes them to be
Uses  is_readable
]]
local split_key, visibility, fence = KEYS[1], KEYS[2], KEYS[3]
local user_id, partitions = ARGV[1], ARGV[2]

local FIRST_ENTRIES = 4

if not is_readable(split_key, partitions, fence) then return {} end
local reply = {redis.call('HGET', visibility, user_id)}
for i = FIRST_ENTRIES, #KEYS do reply[#reply + 1] = redis.call('HGET', KEYS[i], user_id) end
return reply
