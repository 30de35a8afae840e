#!lua flags=no-writes
--[[
Reads whether some players are hidden, and the oldest event that waits for PostgreSQL, in one
moment.

KEYS visibility  hash    user_id -> <version> hidden|visible <name>
     queue       list    the oldest event is the last
     clock       string  last version given out on the shard
     then for each player
       erased    string  version and account of an erasure
ARGV for each player
       user_id
Reply {oldest event, clock, Redis TIME in microseconds, then one each: {visibility, erasure}}
Uses  time_us, digits
]]
local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), digits(time_us())}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local erased = KEYS[FIRST_KEY + (place - FIRST_ARG) / ITEM_ARGS]
  reply[#reply + 1] = {redis.call('HGET', visibility, user_id), redis.call('GET', erased)}
end
return reply
