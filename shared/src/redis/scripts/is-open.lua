--[[
is_open(fence, run): whether a shard, or the accounts, may be written on this run of the server. After a restart or a
failover the fence still names the former run, until a service has compared the store with what it knows. A store that
lost data has `lost` in the place of the run.

fence  key of a string, <origin> <kept> <from> <run>; see fence.ts
run    of the server that the caller has sent this script to
]]
local function is_open(fence, run)
  local text = redis.call('GET', fence)
  return text and string.sub(text, -#run - 1) == ' ' .. run
end
