#!lua
--[[
Takes a player off all boards of one shard, hidden or not, and queues the erasure for PostgreSQL, together. Running it
again, or where there is nothing, does no harm.

KEYS 1 queue    list   score events waiting for PostgreSQL
     2 clock    string last version given out on the shard
     3 split    string how many partitions the region is split into; absent where nobody has written it down
     4 erased   string version and account of the erasure
     5 visibility hash user_id -> <version> hidden|visible
     6 fence    string the run of the server on which the shard may be written
     7, 8 newer, older  hashes, the answers kept for the player's idempotency keys
     9... three a board: board zset, hidden zset, entries hash
ARGV 1 run         of the server that this is sent to
     2 user_id
     3 event tail  JSON members of the event that do not change here, with the closing brace
     4 account     that may write no more, empty where none is known: then the one of an earlier erasure stays
     5 TTL         of the erasure, seconds
     6 partitions  what the caller takes the split to be
Reply the entries taken away; -1 where the region is split otherwise, or is being moved, -3 where the shard may not be
      written: then nothing was done
Uses  is_open

What is older than the erasure and still on its way is not put back by anybody: the erasure follows it through the
queue.
]]
local queue, clock, split_key, erased, visibility, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local newer, older = KEYS[7], KEYS[8]
local run, user_id, event_tail, account, ttl, partitions = unpack(ARGV)

local FIRST, WIDTH, ARRIVAL_DIGITS = 9, 3, 16

-- The entries are elsewhere by now, or on their way: what is erased here would come back there.
local split = redis.call('GET', split_key)
if split and split ~= partitions then return -1 end
if not is_open(fence, run) then return -3 end

redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
local earlier = redis.call('GET', erased)
if account == '' and earlier then account = string.match(earlier, ' (.*)$') or '' end
redis.call('HLEN', visibility)
local members = {}
for i = FIRST, #KEYS, WIDTH do
  local record = redis.call('HGET', KEYS[i + 2], user_id)
  members[i] = (record and string.sub(record, 1, ARRIVAL_DIGITS) or '') .. user_id
  redis.call('ZSCORE', KEYS[i], members[i])
  redis.call('ZSCORE', KEYS[i + 1], members[i])
end

local time = redis.call('TIME')
local version = string.format('%.0f', math.max(last_version + 1, time[1] * 1000000 + time[2]))
redis.call('LPUSH', queue, '{"erased":true,"updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('SET', erased, version .. ' ' .. account, 'EX', ttl)
redis.call('HDEL', visibility, user_id)
redis.call('DEL', newer, older)
local taken = 0
for i = FIRST, #KEYS, WIDTH do
  taken = taken + redis.call('ZREM', KEYS[i], members[i]) + redis.call('ZREM', KEYS[i + 1], members[i])
  redis.call('HDEL', KEYS[i + 2], user_id)
end
return taken
