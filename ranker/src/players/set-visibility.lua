#!lua
--[[
Takes a player off all boards of one shard and keeps the scores, or puts the player back with them, and queues the
change for PostgreSQL, together. Running it again does no harm.

KEYS 1 queue    list   score events waiting for PostgreSQL
     2 clock    string last version given out on the shard
     3 split    string how many partitions the region is split into; absent where nobody has written it down
     4 erased   string version and account of an erasure of the player
     5 visibility hash user_id -> <version> hidden|visible
     6 fence    string the run of the server on which the shard may be written
     7... three a board: board zset, hidden zset, entries hash
ARGV 1 run         of the server that this is sent to
     2 user_id
     3 state       hidden | visible
     4 event tail  JSON members of the event that do not change here, with the closing brace
     5 account     of the player who is meant, empty where there is none
     6 partitions  what the caller takes the split to be
Reply the boards on which the player has a score; -1 where the region is split otherwise, or is being moved, -2 where
      the account was erased, -3 where the shard may not be written: then nothing was done
Uses  is_open

Members move as they are, so that ties end as if they had never been away. Boards that the player is not on yet need
nothing: submit.lua looks at the same hash.
]]
local queue, clock, split_key, erased, visibility, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local run, user_id, state, event_tail, account, partitions = unpack(ARGV)

local FIRST, WIDTH, ARRIVAL_DIGITS = 7, 3, 16

-- The entries are elsewhere by now, or on their way: the change would not go with them.
local split = redis.call('GET', split_key)
if split and split ~= partitions then return -1 end
if not is_open(fence, run) then return -3 end
-- Whoever registers the id after that is somebody else.
local erasure = redis.call('GET', erased)
if erasure and account ~= '' and string.match(erasure, ' (.*)$') == account then return -2 end

redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
redis.call('HLEN', visibility)
local boards, moves = 0, {}
for i = FIRST, #KEYS, WIDTH do
  local record = redis.call('HGET', KEYS[i + 2], user_id)
  local member = (record and string.sub(record, 1, ARRIVAL_DIGITS) or '') .. user_id
  local from, to = KEYS[i], KEYS[i + 1]
  if state == 'visible' then from, to = to, from end
  local score, is_there = redis.call('ZSCORE', from, member), redis.call('ZSCORE', to, member)
  if score or is_there then boards = boards + 1 end
  if score then moves[#moves + 1] = {from, to, score, member} end
end

local time = redis.call('TIME')
local version = string.format('%.0f', math.max(last_version + 1, time[1] * 1000000 + time[2]))
redis.call('LPUSH', queue, '{"hidden":' .. tostring(state == 'hidden') .. ',"updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
redis.call('HSET', visibility, user_id, version .. ' ' .. state)
for _, move in ipairs(moves) do
  local from, to, score, member = unpack(move)
  redis.call('ZREM', from, member)
  redis.call('ZADD', to, score, member)
end
return boards
