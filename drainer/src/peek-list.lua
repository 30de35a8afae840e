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

-- A few first. They tell how many more may be read at once: a quarter of what would fit, if all are as large, so that what is
-- read in vain stays small where sizes differ. Pages of 16 alone cost five times as much as one LRANGE.
local PAGE_MIN, SHARE = 16, 4

local found, bytes, wanted = {}, 0, PAGE_MIN
while #found < count do
  local first = behind + #found
  wanted = math.min(wanted, count - #found)
  local page = redis.call('LRANGE', list, -first - wanted, -first - 1)
  for i = #page, 1, -1 do
    local element = page[i]
    bytes = bytes + #element
    if bytes > bytes_max and #found > 0 then return found end
    found[#found + 1] = element
  end
  if #page < wanted then break end
  local average = math.max(bytes / #found, 1)
  wanted = math.max(PAGE_MIN, math.floor((bytes_max - bytes) / average / SHARE))
end
return found
