#!lua
--[[
Takes a player off some boards of one shard and keeps the scores, or puts the player back with them.
The first call of an act also writes the player's visibility, and queues it for PostgreSQL, together
with the first boards. Running it again does no harm.

KEYS queue       list    score events waiting for PostgreSQL
     clock       string  last version given out on the shard
     split       string  how many partitions the region has; absent until a service writes it
     erased      string  version and account of an erasure of the player
     visibility  hash    user_id -> <version> hidden|visible <name>
     fence       string  the run of the server that may be written
     then four for each board: ranking zset, hidden zset, entries hash, details hash
ARGV run         of the server that this is sent to
     user_id
     state       hidden | visible
     event_tail  JSON members of the event that do not change here, with the closing brace
     account     of the player who is meant, empty where there is none
     partitions  the number of partitions that the caller is configured with
     is_first    1 for the first call of the act on the shard, else 0
Reply those of the boards on which the player has a score; -1 where the region is split otherwise,
      or is being moved, -2 where the player was erased, -3 where the shard may not be written: then
      nothing was done
Uses  is_open, is_moved, is_account_erased, last_version, next_version, time_us, digits, is_hidden,
      given_name, find_moves, move_members

A board that the player enters later needs nothing here: submit.lua reads the same hash. Between two
calls it writes to where the hash says, and takes along a score that is still elsewhere.
A later call replies 0 and does nothing where the player's state is another by now: the act that
wrote it goes over all boards itself. A new name in between changes nothing here.
]]
if is_moved(split, partitions) then return -1 end
if not is_open(fence, run) then return -3 end
if is_account_erased(redis.call('GET', erased), account) then return -2 end

local seen = redis.call('HGET', visibility, user_id)
if not is_first then
  if not seen then return -2 end
  if is_hidden(seen) ~= (state == 'hidden') then return 0 end
end

redis.call('LLEN', queue)
local before = last_version(clock)
local name = given_name(seen)
local moves, boards = find_moves(FIRST_KEY, user_id, state)
if not is_first and #moves == 0 then return boards end

local version = digits(next_version(before, time_us()))
if is_first then
  redis.call('LPUSH', queue, '{"hidden":' .. tostring(state == 'hidden')
    .. (name and ',"name":' .. cjson.encode(name) or '') .. ',"updated_at":"' .. version .. '",' .. event_tail)
  redis.call('HSET', visibility, user_id, version .. ' ' .. state .. (name and ' ' .. name or ''))
end
redis.call('SET', clock, version)
move_members(moves)
return boards
