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
       settled   1 where the plan is of this revision, 0 where it is that of an earlier one
Reply the number of boards written

A shard that knows a revision below `born`, or none, may have entries of the board that had the id
before: an older copy of Redis has come back. They go, whole, with those of the seasons that it knows.
A shard begins with the first season of the plan, and keeps its own season from then on: only
roll_over moves it, but for a copy of Redis that is behind all seasons that the plan still has. Ends of the plan take the place of those that the shard has, also of near ones:
the planner leaves those alone that are less than a minute away. Of the same revision, the longer of
two plans is the newer.
Raises the clock with a revision above 0: rankers keep a top, and the definition that they read it
with, until the clock changes. Revision 0 is the one definition of a configured board.
Uses  last_version, version_in, digits, season_of, KEYS_OF_BOARD
]]
-- Ends that a shard knows, from its season on. Each roll-over takes some 5 us for one; a board
-- whose seasons were missed for longer gets the next ones after it.
local ENDS_MAX = 32
-- Seasons of an earlier board of the id that one run removes; the purge of a board leaves none.
local REMOVED_MAX = 500

local function is_prefix(list, of)
  for i = 1, #list do
    if list[i] ~= of[i] then return false end
  end
  return true
end

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
  if not found or first ~= '' and found.season < tonumber(first) - 1 then
    if first == '' then return '' end
    return ' ' .. first .. ' ' .. (found and found.oldest or first) .. ' ' .. string.match(instants, '^%d+') .. ' '
      .. table.concat(planned_ends(tonumber(first)), ' ')
  end
  local ends = {}
  for i, time in ipairs(found.ends) do ends[i] = digits(time) end
  local planned = first == '' and {} or planned_ends(found.season)
  if #planned > 0 and (is_prefix(ends, planned) or settled and not is_prefix(planned, ends)) then ends = planned end
  return ' ' .. found.season .. ' ' .. found.oldest .. ' ' .. digits(found.starts) .. ' ' .. table.concat(ends, ' ')
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
