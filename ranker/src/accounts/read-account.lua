#!lua flags=no-writes
--[[
Reads an account, where accounts can be believed: a store that was emptied knows of no player, which is no answer, and one
that was restarted may hold an older copy, or another deployment's accounts, until it was compared with PostgreSQL.

KEYS 1 account  hash   credentials and home region
     2 fence    string the run of the server on which accounts may be written
ARGV 1 run      of the server that this is sent to
Reply the fields and values of the account, none where there is no such player; false where accounts cannot be believed
Uses  is_open
]]
local account, fence, run = KEYS[1], KEYS[2], ARGV[1]

if not is_open(fence, run) then return false end
return redis.call('HGETALL', account)
