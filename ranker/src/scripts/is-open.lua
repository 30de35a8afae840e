--[[
Part of the scripts that write: whether the shard, or the accounts, may be written on this run of the server. The fence
names another run after a restart or a failover, until the store was compared with what is known of it, and none where the
store lost data.

fence  string  <origin> <kept> <from> <run>, or <origin> <kept> <from> lost; see fence.ts
run    of the server that the caller has sent this to
]]
local function is_open(fence, run)
  local text = redis.call('GET', fence)
  return text and string.sub(text, -#run - 1) == ' ' .. run
end
