#!lua
--[[
Ends the seasons of a board that are over on a shard without writes and reads.

KEYS queue   list    score events waiting for PostgreSQL
     clock   string  last version given out on the shard
     split   string  how many partitions the region has; absent until a service writes it
     fence   string  the run of the server that may be written
     boards  hash    board -> <revision> <state> and its season, see seasons.lua
     board   zset    ranking of the season
     hidden  zset    hidden players of the season
ARGV run         of the server that this is sent to
     partitions  the number of partitions that the caller is configured with
     id          of the board
     season      whose keys these are
     tail        JSON members of the event that do not change here, with the closing brace
Reply sealed | running | unplanned | other | closed | moved
      running: the season is not over by the clock of this server. unplanned: the shard does not know
      when the next season ends. other: another season runs. Nothing was done but for `sealed`.

Guarantee: the events stand behind every write of their seasons, also where the queue is full. The
seasons between, without a write, have no entries.
Uses  is_open, is_moved, last_version, next_version, time_us, digits, season_of, roll_over
]]
redis.call('LLEN', queue)
local last = last_version(clock)
local known = redis.call('HGET', boards, id)
if not is_open(fence, run) then return 'closed' end
if is_moved(split, partitions) then return 'moved' end
local found = season_of(known)
if not found or not string.find(known, '^%d+ open') or found.season ~= season then return 'other' end
local at = next_version(last, time_us())
if at < found.ends[1] then return 'running' end
if #found.ends == 1 then return 'unplanned' end

local count, hidden_count = redis.call('ZCARD', board), redis.call('ZCARD', hidden)
-- The last end that the shard knows stays: the season before it needs an end.
local text, newest, events = roll_over(known, math.min(at, found.ends[#found.ends] - 1), last, function(number)
  if number == season then return count, hidden_count end
  return 0, 0
end)
for i, event in ipairs(events) do events[i] = event .. tail end
redis.call('LPUSH', queue, unpack(events))
redis.call('HSET', boards, id, text)
redis.call('SET', clock, digits(newest))
return 'sealed'
