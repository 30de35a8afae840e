#!lua flags=no-writes
--[[
Tells what the user of this connection may not do, before a request finds out. It changes nothing.

KEYS key    any     a key of the slot, which the user must be allowed to use
ARGV 1      number  how many commands follow
     2...   text    commands that take a key first
     then   text    keys, of this slot or of no slot
Reply commands that are refused on `key`, and keys that may not be both read and written; two empty
      lists from a server that does not tell (Redis before 7.0)
]]
local count = tonumber(ARGV[1])
local commands, keys = {}, {}
-- Some of these take several keys or none: Redis looks up the right, and does not parse them.
local function may(command, key)
  local told, allowed = pcall(function() return redis.acl_check_cmd(command, key, key, key) end)
  return not told or allowed
end
for place = 2, count + 1 do
  if not may(ARGV[place], KEYS[1]) then commands[#commands + 1] = ARGV[place] end
end
for place = count + 2, #ARGV do
  local key = ARGV[place]
  if (may('GET', KEYS[1]) and not may('GET', key)) or (may('SET', KEYS[1]) and not may('SET', key)) then
    keys[#keys + 1] = key
  end
end
return {commands, keys}
