#!lua flags=no-writes
--[[
Reads an account while the accounts' fence names this run of Redis. A restarted or emptied store
answers false until a service has compared it with PostgreSQL: it may hold no accounts, an older
copy, or another deployment's accounts.

KEYS account  hash    credentials and home region
     fence    string  the run of the server on which accounts may be written
ARGV run      of the server that this is sent to
Reply the fields and values of the account, none where there is no such player; false while the
      fence does not name this run
Uses  is_open
]]
if not is_open(fence, run) then return false end
return redis.call('HGETALL', account)
