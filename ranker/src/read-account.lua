#!lua flags=no-writes
--[[
Reads an account, where accounts can be believed: a store that was emptied knows of no player, which is no answer.

KEYS 1 account  hash   credentials and home region
     2 fence    string <origin> <kept> <run>, or <origin> <kept> lost; absent in an emptied store
Reply the fields and values of the account, none where there is no such player; false where accounts cannot be read
]]
local account, fence = KEYS[1], KEYS[2]

local text = redis.call('GET', fence)
if not text or string.sub(text, -5) == ' lost' then return false end
return redis.call('HGETALL', account)
