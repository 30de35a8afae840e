--[[
is_readable(split, partitions, fence): whether the entries of a shard are complete and split as the
caller believes. A store without a fence was emptied, or is new and not open yet.
refusal_of(split, partitions, fence, boards, board_id, revision): nil where a board may be read as the
caller knows it; 'away' where the entries are not readable here; 'stale' where the shard knows another
revision of the board. A shard that does not know the board has no entry of it.

split       key of a string, how many partitions the region has; absent until a service writes it
partitions  the number of partitions that the caller is configured with
fence       key of a string, <origin> <kept> <from> <run or lost>; see fence.ts
boards      key of a hash, board -> <revision> <state>
]]
local function is_readable(split, partitions, fence)
  local text = redis.call('GET', fence)
  if not text or string.sub(text, -5) == ' lost' then return false end
  local present = redis.call('GET', split)
  if not present or present == partitions then return true end
  -- While entries are copied to their new shards, the old shards are complete.
  return string.find(present, '^' .. partitions .. '>%d+ copying$') ~= nil
end

local function refusal_of(split, partitions, fence, boards, board_id, revision)
  if not is_readable(split, partitions, fence) then return 'away' end
  local known = redis.call('HGET', boards, board_id)
  if known and string.match(known, '^%d+') ~= revision then return 'stale' end
end
