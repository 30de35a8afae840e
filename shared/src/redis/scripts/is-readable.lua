--[[
is_readable(split, partitions, fence): whether the entries of a shard are complete and split as the
caller believes. A store without a fence was emptied, or is new and not open yet.
refusal_of(split, partitions, fence, boards, board_id, revision, wanted): nil where a board may be read
as the caller knows it; 'away' where the entries are not readable here; 'stale' where the shard knows
another revision of the board; 'ended' where the season has ended, or should have by now; 'archived'
where its keys may be gone. A shard that does not know the board has no entry of it. One that is in an
earlier season has none of a later.

split       key of a string, how many partitions the region has; absent until a service writes it
partitions  the number of partitions that the caller is configured with
fence       key of a string, <origin> <kept> <from> <run or lost>; see fence.ts
boards      key of a hash, board -> <revision> <state> and its season
wanted      <season> that must not have ended, or <season> kept; empty on a board without seasons
]]
local function is_readable(split, partitions, fence)
  local text = redis.call('GET', fence)
  if not text or string.sub(text, -5) == ' lost' then return false end
  local present = redis.call('GET', split)
  if not present or present == partitions then return true end
  -- While entries are copied to their new shards (`copying`), and before (`checking`), the old
  -- shards are complete.
  return string.find(present, '^' .. partitions .. '>%d+ c%l+ing$') ~= nil
end

local function season_refusal(known, wanted)
  local running, oldest, _, ends = running_of(known)
  if not running then return nil end
  local season, kept = string.match(wanted, '^(%d+)(.*)$')
  season = tonumber(season)
  if kept ~= '' then return season < tonumber(oldest) and 'archived' or nil end
  if season < tonumber(running) or time_us() >= tonumber(ends) then return 'ended' end
end

local function refusal_of(split, partitions, fence, boards, board_id, revision, wanted)
  if not is_readable(split, partitions, fence) then return 'away' end
  local known = redis.call('HGET', boards, board_id)
  if known and string.match(known, '^%d+') ~= revision then return 'stale' end
  if wanted ~= '' then return season_refusal(known, wanted) end
end
