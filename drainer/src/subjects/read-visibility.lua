#!lua flags=no-writes
--[[
Reads whether some players are hidden, and the oldest event that waits for PostgreSQL, in one
moment.

KEYS 1 visibility hash user_id -> <version> hidden|visible
     2 queue    list   the oldest event is the last
     3 clock    string last version given out on the shard
     4... erased string version and account of an erasure, one a player
ARGV user_ids
Reply {oldest event, clock, Redis TIME in microseconds, then one each: {visibility, erasure}}
Uses  time_us, digits
]]
local visibility, queue, clock = KEYS[1], KEYS[2], KEYS[3]
local FIRST_ERASED = 4

local reply = {redis.call('LINDEX', queue, -1), redis.call('GET', clock), digits(time_us())}
for i, user_id in ipairs(ARGV) do
  reply[#reply + 1] = {redis.call('HGET', visibility, user_id), redis.call('GET', KEYS[FIRST_ERASED + i - 1])}
end
return reply
