--[[
A shard keeps of a board with seasons, behind revision and state:

     <season> <oldest> <starts> <ends> <following ends...> plan <version>
     <season> <oldest> <starts> <instant> fence <version>

The season that runs there, and the oldest one whose keys may be left. Times are microseconds.
version: of the plan that the ends are of. The second form stands while an operator is ending the
season: from the instant on it is over, and the next one is not known, until a newer plan is told.

running_of(known)  season, oldest, starts and ends of the present season, all as text; nil for a
    board without seasons
season_of(known)  {season, oldest, starts, ends, planned, is_fenced}, ends a list of which the first
    is that of the season, planned the version; nil for a board without seasons
roll_over(known, at, last, entries_of)  ends the seasons that are over at a version, as far as the
    shard knows when the next one ends: the list of ends bounds what one run does. Returns the new
    text, the last version given out, and the events, the oldest first; nil where there is nothing
    to end. entries_of(season) returns the counts of visible and hidden entries.
is_over(known, at)  whether the season that runs is over at a version
]]
local function running_of(known)
  return string.match(known or '', '^%d+ %l+ (%d+) (%d+) (%d+) (%d+)')
end

local function is_over(known, at)
  local _, _, _, ends = running_of(known)
  return ends and at >= tonumber(ends)
end

local function season_of(known)
  local season, oldest, rest = string.match(known or '', '^%d+ %l+ (%d+) (%d+) ([%d ]+)')
  if not season then return nil end
  local times = {}
  for time in string.gmatch(rest, '%d+') do times[#times + 1] = tonumber(time) end
  local mark, planned = string.match(known, ' (%l+) (%d+)$')
  if mark ~= 'plan' and mark ~= 'fence' then planned = '0' end
  return {
    season = tonumber(season), oldest = oldest, starts = table.remove(times, 1), ends = times,
    planned = tonumber(planned), is_fenced = mark == 'fence'
  }
end

local function roll_over(known, at, last, entries_of)
  local found = season_of(known)
  local events = {}
  while #found.ends > 1 and at >= found.ends[1] do
    local ended = table.remove(found.ends, 1)
    -- The write that meets the boundary is newer than the end.
    last = math.max(last + 1, ended)
    local count, hidden = entries_of(found.season)
    events[#events + 1] = '{"season_ended":' .. found.season .. ',"count":' .. count .. ',"hidden":' .. hidden
      .. ',"starts_at":"' .. digits(found.starts) .. '","ends_at":"' .. digits(ended)
      .. '","updated_at":"' .. digits(last) .. '",'
    found.season, found.starts = found.season + 1, ended
  end
  if #events == 0 then return nil end
  local times = {digits(found.starts)}
  for _, ends in ipairs(found.ends) do times[#times + 1] = digits(ends) end
  local head = string.match(known, '^%d+ %l+')
  local text = head .. ' ' .. found.season .. ' ' .. found.oldest .. ' ' .. table.concat(times, ' ')
  return text .. ' plan ' .. digits(found.planned), last, events
end
