#!lua
--[[
Ends the seasons of a board that are over on one shard by now, and replies what the shard keeps of the
board.

KEYS queue   list    score events waiting for PostgreSQL
     clock   string  last version given out on the shard
     split   string  how many partitions the region has; absent until a service writes it
     fence   string  the run of the server that may be written
     boards  hash    board -> <revision> <state> and its season
     board   zset    ranking of the season
     hidden  zset    hidden players of the season
ARGV run          of the server that this is sent to
     partitions   the number of partitions that the caller is configured with
     board_id     the board
     revision     of the definition that the caller goes by
     season       whose keys these are
     season_tail  JSON members of the event that do not change here, with the closing brace
     least        microseconds, from which on no version of the shard is earlier, also where its clock is behind
Reply what the shard keeps of the board, or
      away       the shard is split otherwise, is being moved, or may not be written
      stale      it knows another revision of the board
      unplanned  it does not know the end of the season that runs by now
      other <n>  season n runs, and is over: the caller comes again with its keys
      Only for a season that is over something was done: all of it was, or, for `unplanned`, what the
      shard knew of.

No replica confirms what a read or the drainer has ended. Where one takes over without it, the season
ends there once more, behind the same writes; where PostgreSQL has the end by then, its version is
above the clock of the replica, which is closed and restored as one that lost data.
The events come behind every write of their seasons, also where the queue is full. Seasons between,
without a write, have no entries.
Uses  is_open, is_moved, last_version, next_version, time_us, digits, running_of, is_over, roll_over
]]
if is_moved(split, partitions) or not is_open(fence, run) then return 'away' end
redis.call('LLEN', queue)
local last = last_version(clock)
local known = redis.call('HGET', boards, board_id)
if known and string.match(known, '^%d+') ~= revision then return 'stale' end
local running = running_of(known)
if not running then return 'unplanned' end
local at = math.max(next_version(last, time_us()), least)
if not is_over(known, at) then return known end
if running ~= season then return 'other ' .. running end

local count, hidden_count = redis.call('ZCARD', board), redis.call('ZCARD', hidden)
local text, newest, events = roll_over(known, at, last, function(number)
  if number == tonumber(season) then return count, hidden_count end
  return 0, 0
end)
if not text then return 'unplanned' end
for i, event in ipairs(events) do events[i] = event .. season_tail end
redis.call('LPUSH', queue, unpack(events))
redis.call('HSET', boards, board_id, text)
redis.call('SET', clock, digits(newest))
return is_over(text, at) and 'unplanned' or text
