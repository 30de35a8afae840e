#!lua
--[[
Takes a player off all boards of one shard, and queues the erasure for PostgreSQL, together. Running it again, or where
there is nothing, does no harm.

KEYS 1 queue    list   score events waiting for PostgreSQL
     2 clock    string last version given out on the shard
     3 profile  hash   the player's profile
     4 erased   string version and account of the erasure
     5... pairs, one a board: board zset, arrivals hash
ARGV 1 user_id
     2 event tail  JSON members of the event that do not change here, with the closing brace
     3 account     that may write no more, empty where none is known: then the one of an earlier erasure stays
     4 TTL         of the erasure, seconds
Reply the entries taken off

What is older than the erasure and still on its way is not put back by anybody: the erasure follows it through the queue.
]]
local queue, clock, profile, erased = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local user_id, event_tail, account, ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
redis.call('HLEN', profile)
local earlier = redis.call('GET', erased)
if account == '' and earlier then account = string.match(earlier, ' (.*)$') or '' end
local members = {}
for i = 5, #KEYS, 2 do
  local arrival = redis.call('HGET', KEYS[i + 1], user_id)
  local member = (arrival or '') .. user_id
  if redis.call('ZSCORE', KEYS[i], member) then members[i] = member end
end

local time = redis.call('TIME')
local version = string.format('%.0f', math.max(last_version + 1, time[1] * 1000000 + time[2]))
redis.call('LPUSH', queue, '{"erased":true,"updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('SET', erased, version .. ' ' .. account, 'EX', ttl)
local taken = 0
for i = 5, #KEYS, 2 do
  if members[i] then taken = taken + redis.call('ZREM', KEYS[i], members[i]) end
  redis.call('HDEL', KEYS[i + 1], user_id)
end
redis.call('DEL', profile)
return taken
