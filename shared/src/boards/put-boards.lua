#!lua
--[[
Writes the revisions of some boards on a shard, with the plan of their seasons. A board that has a
higher revision there stays.

KEYS boards  hash    board -> <revision> <state>, and behind them the season as seasons.lua has it
     clock   string  last version given out on the shard
     then four for each board that was born: ranking zset, hidden zset, entries hash, details hash
ARGV for each board
       id
       revision
       state     open | deleting
       born      the revision since which the id is that of this board, 0 where it was never another's
       first     the number of the first season of the plan, empty without a plan
       instants  of the plan in microseconds: the start of that season, then the end of each
       version   of the plan; of two plans of a board the higher is the newer
       begins    the season in which a shard begins that is in an earlier one, or in none; then no
                 season before `first` has keys. Empty for the first of the plan, where the shard is
                 behind all that the plan has
Reply the number of boards written

A shard that knows a revision below `born`, or none, may have entries of the board that had the id
before: an older copy of Redis has come back. They go, whole, with those of the seasons that it knows.
A shard begins with the first season of the plan, and keeps its own season from then on: only
roll_over moves it, but for a copy of Redis that is behind all seasons that the plan still has. Ends
of a plan take the place of those that the shard has, also of near ones, unless its own plan is newer:
the planner leaves those alone that are less than a minute away. A season that an operator is ending
stays fenced until a newer plan is there than that which announced it.
The keys of the seasons of an earlier board are in no KEYS: their numbers are known here alone. They
have the tag of those that are, and so live on the same node; while the slot moves to another one, the
call is refused.
Raises the clock with a revision above 0: rankers keep a top, and the definition that they read it
with, until the clock changes. Revision 0 is the one definition of a configured board.
Uses  last_version, version_in, digits, season_of, KEYS_OF_BOARD
]]
-- Ends that a shard knows, from its season on. Each roll-over takes some 5 us for one; a board
-- whose seasons were missed for longer gets the next ones after it.
local ENDS_MAX = 32
-- Seasons of an earlier board of the id that one run removes; the purge of a board leaves none.
local REMOVED_MAX = 500

-- The ends of a season and those behind it, by the plan; empty where the plan does not reach it.
local function planned_ends(season)
  local ends, number = {}, tonumber(first) - 1
  for time in string.gmatch(instants, '%d+') do
    if number >= season and #ends < ENDS_MAX then ends[#ends + 1] = time end
    number = number + 1
  end
  return ends
end

-- What stands behind revision and state.
local function season_text(known)
  local found = season_of(known)
  local behind = string.match(known or '', '^%d+ %l+( .+)$') or ''
  if first == '' then return behind end
  local oldest = found and found.oldest or first
  if begins ~= '' and tonumber(oldest) < tonumber(first) then oldest = first end
  local least = begins == '' and (found and tonumber(first) - 1 or tonumber(first)) or tonumber(begins)
  if not found or found.season < least then
    local season = begins == '' and tonumber(first) or least
    local starts = season == tonumber(first) and string.match(instants, '^%d+') or planned_ends(season - 1)[1]
    local ends = planned_ends(season)
    -- The plan does not reach that season yet.
    if not starts or #ends == 0 then return behind end
    return ' ' .. season .. ' ' .. oldest .. ' ' .. starts .. ' ' .. table.concat(ends, ' ')
      .. ' plan ' .. digits(version)
  end
  local ends = planned_ends(found.season)
  local is_known = version < found.planned or version == found.planned and found.is_fenced
  if is_known or #ends == 0 then return behind end
  return ' ' .. found.season .. ' ' .. oldest .. ' ' .. digits(found.starts) .. ' ' .. table.concat(ends, ' ')
    .. ' plan ' .. digits(version)
end

local function remove_seasons(known, key)
  local found = season_of(known)
  if not found then return end
  for season = math.max(tonumber(found.oldest), found.season - REMOVED_MAX + 1), found.season do
    for i = key, key + KEYS_OF_BOARD - 1 do redis.call('UNLINK', KEYS[i] .. '@' .. season) end
  end
end

local before = last_version(clock)
local written, newest = 0, 0
local key = FIRST_KEY
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local known = redis.call('HGET', boards, id)
  local rev = version_in(known)
  local is_newer = tonumber(revision) > rev
  if is_newer or known and tonumber(revision) == rev then
    if is_newer and born > 0 and rev < born then
      redis.call('UNLINK', unpack(KEYS, key, key + KEYS_OF_BOARD - 1))
      remove_seasons(known, key)
      known = nil
    end
    local head = (is_newer or not known) and revision .. ' ' .. state or string.match(known, '^%d+ %l+')
    local text = head .. season_text(known)
    if is_newer or text ~= known then
      redis.call('HSET', boards, id, text)
      written, newest = written + 1, math.max(newest, tonumber(revision))
    end
  end
  if born > 0 then key = key + KEYS_OF_BOARD end
end
if newest > 0 then redis.call('SET', clock, digits(before + 1)) end
return written
