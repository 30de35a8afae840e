#!lua flags=no-writes
--[[
The home regions of some players.

KEYS 1 clock  string last version given out for accounts; not read, it names the slot
ARGV 1 account prefix  key of an account, but for the user_id; all accounts live in one slot
     2... user_ids
Reply a region each; nothing for a player without an account
]]
local account_prefix = ARGV[1]

local regions = {}
for i = 2, #ARGV do regions[i - 1] = redis.call('HGET', account_prefix .. ARGV[i], 'region') end
return regions
