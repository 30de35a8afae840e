#!lua flags=no-writes
--[[
Reads the home regions of some players.

KEYS clock  string  last version given out for accounts; not read, it only names the slot
ARGV account_prefix  key of an account without the user_id; all accounts live in one slot
     then for each player
       user_id
Reply one region a player; nil for a player without an account
]]
local regions = {}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  regions[#regions + 1] = redis.call('HGET', account_prefix .. user_id, 'region')
end
return regions
