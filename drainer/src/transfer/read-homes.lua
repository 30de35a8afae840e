#!lua flags=no-writes
--[[
Reads the home regions of some players.

KEYS 1 clock  string last version given out for accounts; not read, it only names the slot
ARGV 1 account prefix  key of an account without the user_id; all accounts live in one slot
     2... user_ids
Reply one region a player; nil for a player without an account
]]
local account_prefix = ARGV[1]

local regions = {}
for i = 2, #ARGV do regions[i - 1] = redis.call('HGET', account_prefix .. ARGV[i], 'region') end
return regions
