#!lua
--[[
Takes a player off all boards of one shard, hidden or not, and queues the erasure for PostgreSQL,
together. Running it again, or for a player without entries, does no harm.

KEYS queue       list    score events waiting for PostgreSQL
     clock       string  last version given out on the shard
     split       string  how many partitions the region has; absent until a service writes it
     erased      string  version and account of the erasure
     visibility  hash    user_id -> <version> hidden|visible <name>
     fence       string  the run of the server that may be written
     newer, older  hashes  the answers kept for the player's idempotency keys
     then three for each board: ranking zset, hidden zset, entries hash
ARGV run         of the server that this is sent to
     user_id
     event_tail  JSON members of the event that do not change here, with the closing brace
     account     that may write no more; where it is empty, the one of an earlier erasure stays
     ttl         of the erasure, seconds
     partitions  the number of partitions that the caller is configured with
Reply the entries taken away; -1 where the region is split otherwise, or is being moved, -3 where
      the shard may not be written: then nothing was done
Uses  is_open, is_moved, last_version, next_version, time_us, digits, member_of

Events that are older than the erasure and still in the queue do no harm: the erasure follows them.
]]
local KEYS_OF_BOARD = 3

if is_moved(split, partitions) then return -1 end
if not is_open(fence, run) then return -3 end

redis.call('LLEN', queue)
local before = last_version(clock)
local earlier = redis.call('GET', erased)
if account == '' and earlier then account = string.match(earlier, ' (.*)$') or '' end
redis.call('HLEN', visibility)
local members = {}
for i = FIRST_KEY, #KEYS, KEYS_OF_BOARD do
  members[i] = member_of(redis.call('HGET', KEYS[i + 2], user_id), user_id)
  redis.call('ZSCORE', KEYS[i], members[i])
  redis.call('ZSCORE', KEYS[i + 1], members[i])
end

local version = digits(next_version(before, time_us()))
redis.call('LPUSH', queue, '{"erased":true,"updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('SET', erased, version .. ' ' .. account, 'EX', ttl)
redis.call('HDEL', visibility, user_id)
redis.call('DEL', newer, older)
local taken = 0
for i = FIRST_KEY, #KEYS, KEYS_OF_BOARD do
  taken = taken + redis.call('ZREM', KEYS[i], members[i]) + redis.call('ZREM', KEYS[i + 1], members[i])
  redis.call('HDEL', KEYS[i + 2], user_id)
end
return taken
