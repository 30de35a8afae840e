#!lua flags=no-writes
--[[
Reads an account, where accounts can be believed. A store that was emptied knows no player, and a
store that was restarted may hold an older copy, or another deployment's accounts, until a service
has compared it with PostgreSQL.

KEYS account  hash    credentials and home region
     fence    string  the run of the server on which accounts may be written
ARGV run      of the server that this is sent to
Reply the fields and values of the account, none where there is no such player; false where accounts
      cannot be believed
Uses  is_open
]]
if not is_open(fence, run) then return false end
return redis.call('HGETALL', account)
