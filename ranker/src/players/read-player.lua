#!lua flags=no-writes
--[[
What one shard keeps of a player, hidden or not, at one moment.

KEYS split       string  how many partitions the region has; absent until a service writes it
     visibility  hash    user_id -> <version> hidden|visible <name>
     fence       string  the run of the server that may be written; absent in an emptied store
     then an entries hash for each board
ARGV user_id
     partitions  the number of partitions that the caller is configured with
Reply {visibility, record, record...}, each as it is stored; {} when the entries are not readable
      here
Uses  is_readable
]]
if not is_readable(split, partitions, fence) then return {} end
local reply = {redis.call('HGET', visibility, user_id)}
for i = FIRST_KEY, #KEYS do reply[#reply + 1] = redis.call('HGET', KEYS[i], user_id) end
return reply
