--[[
Part of the scripts that read entries: whether they are where the caller takes them to be, and whole. A store without a
fence was emptied, or is new and not open yet.

split_key   string  how many partitions the region is split into; absent where nobody has written it down
partitions  what the caller takes the split to be
fence       string  <origin> <kept> <from> <run>, or <origin> <kept> <from> lost; see fence.ts
]]
local function is_readable(split_key, partitions, fence)
  local text = redis.call('GET', fence)
  if not text or string.sub(text, -5) == ' lost' then return false end
  local split = redis.call('GET', split_key)
  if not split or split == partitions then return true end
  -- While entries are only copied to other shards, these are whole.
  return string.find(split, '^' .. partitions .. '>%d+ copying$') ~= nil
end
