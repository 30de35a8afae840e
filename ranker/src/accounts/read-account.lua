#!lua flags=no-writes
--[[
Reads accounts while the accounts' fence names this run of Redis. A restarted or emptied store
answers false until a service has compared it with PostgreSQL: it may hold no accounts, an older
copy, or another deployment's accounts.

KEYS fence  string  the run of the server on which accounts may be written
     then for each account
       account  hash  credentials and home region
ARGV run  of the server that this is sent to
Reply for each account its fields and values, none where there is no such player; false while the
      fence does not name this run
Uses  is_open
]]
if not is_open(fence, run) then return false end
local accounts = {}
for i = FIRST_KEY, #KEYS do accounts[#accounts + 1] = redis.call('HGETALL', KEYS[i]) end
return accounts
