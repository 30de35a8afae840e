#!lua flags=no-writes
--[[
Reads some settings of one kind, and the oldest event that waits for PostgreSQL, in one moment.

KEYS settings  hash    id -> <version> <JSON>
     queue     list    the oldest event is the last
     clock     string  last version given out for accounts
ARGV for each setting
       id
Reply {oldest event, clock, Redis TIME in microseconds, then one each: <version> <JSON>}
Uses  time_us, digits
]]
local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), digits(time_us())}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  reply[#reply + 1] = redis.call('HGET', settings, id)
end
return reply
