#!lua flags=no-writes
--[[
What one shard keeps of a player, hidden or not: one moment of it.

KEYS 1 split    string how many partitions the region is split into; absent where nobody has written it down
     2 visibility hash user_id -> <version> hidden|visible
     3... entries hash, one a board
ARGV 1 user_id
     2 partitions  what the caller takes the split to be
Reply {visibility, record, record...}, each as it stands; {} when the entries are not where the caller takes them to be
]]
local split_key, visibility = KEYS[1], KEYS[2]
local user_id, partitions = ARGV[1], ARGV[2]

local FIRST_ENTRIES = 3

local split = redis.call('GET', split_key)
-- While entries are only copied to other shards, these are whole.
if split and split ~= partitions and not string.find(split, '^' .. partitions .. '>%d+ copying$') then return {} end
local reply = {redis.call('HGET', visibility, user_id)}
for i = FIRST_ENTRIES, #KEYS do reply[#reply + 1] = redis.call('HGET', KEYS[i], user_id) end
return reply
