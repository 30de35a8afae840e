#!lua
--[[
Takes a player's entries off some boards of one shard, hidden or not. The first call of an erasure
also marks it, queues it for PostgreSQL, and deletes what else there is of the player, together with
the first boards. Running it again, or for a player without entries, does no harm.

KEYS queue       list    score events waiting for PostgreSQL
     clock       string  last version given out on the shard
     split       string  how many partitions the region has; absent until a service writes it
     erased      string  version and account of the erasure
     visibility  hash    user_id -> <version> hidden|visible <name>
     fence       string  the run of the server that may be written
     newer, older  hashes  the answers kept for the player's idempotency keys
     then four for each board: ranking zset, hidden zset, entries hash, details hash
ARGV run         of the server that this is sent to
     user_id
     event_tail  JSON members of the event that do not change here, with the closing brace
     account     that may write no more; where it is empty, the one of an earlier erasure stays
     ttl         of the erasure, seconds
     partitions  the number of partitions that the caller is configured with
     is_first    1 for the first call of the erasure on the shard, else 0
Reply the entries taken away; -1 where the region is split otherwise, or is being moved, -3 where
      the shard may not be written: then nothing was done
Uses  is_open, is_moved, is_entry_erased, last_version, next_version, time_us, digits, member_of, KEYS_OF_BOARD

Events that are older than the erasure and still in the queue do no harm: the erasure follows them.
An entry that is newer than the erasure stays. PostgreSQL keeps it, too: a player without an account
may write between two calls. submit.lua then takes an older entry for none.
]]

if is_moved(split, partitions) then return -1 end
if not is_open(fence, run) then return -3 end

redis.call('LLEN', queue)
local version = digits(next_version(last_version(clock), time_us()))
local erasure = redis.call('GET', erased)
if is_first then
  if account == '' and erasure then account = string.match(erasure, ' (.*)$') or '' end
  erasure = version .. ' ' .. account
end
redis.call('HLEN', visibility)
local found = {}
for i = FIRST_KEY, #KEYS, KEYS_OF_BOARD do
  local record = redis.call('HGET', KEYS[i + 2], user_id)
  local member = member_of(record, user_id)
  redis.call('ZSCORE', KEYS[i], member)
  redis.call('ZSCORE', KEYS[i + 1], member)
  redis.call('HGET', KEYS[i + 3], user_id)
  if is_entry_erased(record, erasure) then found[#found + 1] = {key = i, member = member} end
end
if not is_first and #found == 0 then return 0 end

if is_first then
  redis.call('LPUSH', queue, '{"erased":true,"updated_at":"' .. version .. '",' .. event_tail)
  redis.call('SET', erased, erasure, 'EX', ttl)
  redis.call('HDEL', visibility, user_id)
  redis.call('DEL', newer, older)
end
redis.call('SET', clock, version)
local taken = 0
for _, entry in ipairs(found) do
  local i, member = entry.key, entry.member
  taken = taken + redis.call('ZREM', KEYS[i], member) + redis.call('ZREM', KEYS[i + 1], member)
  redis.call('HDEL', KEYS[i + 2], user_id)
  redis.call('HDEL', KEYS[i + 3], user_id)
end
return taken
