#!lua flags=no-writes
--[[
The oldest elements of a list, as many as fit: what one batch or page holds is bounded in elements and in bytes.

KEYS 1 list      the oldest element is the last
ARGV 1 count     elements, at the most
     2 behind    elements at the old end that are left out
     3 bytes     of all that are returned, at the most; the first one is returned however large it is
Reply elements, oldest first; nothing is moved
]]
local list = KEYS[1]
local count, behind, bytes_max = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

-- A few at a time: what is read in vain is no more than that.
local page_max = 16

local found, bytes = {}, 0
while #found < count do
  local first = behind + #found
  local wanted = math.min(page_max, count - #found)
  local page = redis.call('LRANGE', list, -first - wanted, -first - 1)
  for i = #page, 1, -1 do
    bytes = bytes + #page[i]
    if bytes > bytes_max and #found > 0 then return found end
    found[#found + 1] = page[i]
  end
  if #page < wanted then break end
end
return found
