--[[
is_readable(split, partitions, fence): whether the entries of a shard are complete and split as the
caller believes. A store without a fence was emptied, or is new and not open yet.

split       key of a string, how many partitions the region has; absent until a service writes it
partitions  the number of partitions that the caller is configured with
fence       key of a string, <origin> <kept> <from> <run or lost>; see fence.ts
]]
local function is_readable(split, partitions, fence)
  local text = redis.call('GET', fence)
  if not text or string.sub(text, -5) == ' lost' then return false end
  local present = redis.call('GET', split)
  if not present or present == partitions then return true end
  -- While entries are copied to their new shards, the old shards are complete.
  return string.find(present, '^' .. partitions .. '>%d+ copying$') ~= nil
end
