#!lua
--[[
Reads the home regions of some players, and writes down those that have none.

KEYS homes  hash  user_id -> home region, of players without an account
ARGV account_prefix  key of an account without the user_id; all accounts live in one slot
     then for each player
       user_id
       region    to write down for a player who has no home; empty to read alone
       replaces  a home that is known to be wrong and gives way, or empty
Reply one region a player; nil for a player without a home

The first call that names a region for a player decides. An account's region comes first.
]]
local regions = {}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local home = redis.call('HGET', account_prefix .. user_id, 'region')
  if not home then
    home = redis.call('HGET', homes, user_id)
    if region ~= '' and (not home or home == replaces) then
      redis.call('HSET', homes, user_id, region)
      home = region
    end
  end
  regions[#regions + 1] = home
end
return regions
