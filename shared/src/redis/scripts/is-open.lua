--[[
is_open(fence, run): whether a shard, or the accounts, may be written on this run of the server.
After a restart or a failover the fence still names the former run, until a service has compared the
store with what it knows. A store that lost data has `lost` in the place of the run. is_moved(split,
partitions): whether the entries of a shard have moved to another number of partitions, or are
moving. What is written here would be lost.

fence  key of a string, <origin> <kept> <from> <run>; see fence.ts
run    of the server that the caller has sent this script to
split, partitions  as is_readable takes them
]]
local function is_open(fence, run)
  local text = redis.call('GET', fence)
  return text and string.sub(text, -#run - 1) == ' ' .. run
end

local function is_moved(split, partitions)
  local present = redis.call('GET', split)
  return present and present ~= partitions
end
