#!lua
--[[
Takes a player off all boards of one shard and keeps the scores, or puts the player back with them, and queues the
change for PostgreSQL, together. Running it again does no harm.

KEYS queue       list    score events waiting for PostgreSQL
     clock       string  last version given out on the shard
     split       string  how many partitions the region is split into; absent until a service has written it
     erased      string  version and account of an erasure of the player
     visibility  hash    user_id -> <version> hidden|visible
     fence       string  the run of the server on which the shard may be written
     then three for each board: ranking zset, hidden zset, entries hash
ARGV run         of the server that this is sent to
     user_id
     state       hidden | visible
     event_tail  JSON members of the event that do not change here, with the closing brace
     account     of the player who is meant, empty where there is none
     partitions  the number of partitions that the caller is configured with
Reply the boards on which the player has a score; -1 where the region is split otherwise, or is being moved, -2 where
      the account was erased, -3 where the shard may not be written: then nothing was done
Uses  is_open, is_account_erased, last_version, next_version, time_us, digits, member_of

Members move unchanged, so that ties end as if the player had never been away. A board that the player enters later needs
nothing here: submit.lua reads the same hash.
]]
local KEYS_OF_BOARD = 3

-- The entries have moved, or are moving: the change would not go with them.
local present_split = redis.call('GET', split)
if present_split and present_split ~= partitions then return -1 end
if not is_open(fence, run) then return -3 end
if is_account_erased(redis.call('GET', erased), account) then return -2 end

redis.call('LLEN', queue)
local before = last_version(clock)
redis.call('HLEN', visibility)
local boards, moves = 0, {}
for i = FIRST_KEY, #KEYS, KEYS_OF_BOARD do
  local member = member_of(redis.call('HGET', KEYS[i + 2], user_id), user_id)
  local from, to = KEYS[i], KEYS[i + 1]
  if state == 'visible' then from, to = to, from end
  local score, is_there = redis.call('ZSCORE', from, member), redis.call('ZSCORE', to, member)
  if score or is_there then boards = boards + 1 end
  if score then moves[#moves + 1] = {from, to, score, member} end
end

local version = digits(next_version(before, time_us()))
redis.call('LPUSH', queue, '{"hidden":' .. tostring(state == 'hidden') .. ',"updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('HSET', visibility, user_id, version .. ' ' .. state)
for _, move in ipairs(moves) do
  local from, to, score, member = unpack(move)
  redis.call('ZREM', from, member)
  redis.call('ZADD', to, score, member)
end
return boards
