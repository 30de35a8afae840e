#!lua flags=allow-oom
--[[
Deletes dead events. Runs at maxmemory too, because it only frees.

KEYS dead  list  refused events with their reasons
ARGV elements of the dead list, byte for byte
Reply for each element 1, or 0 where it was no longer there
]]
local dropped = {}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  dropped[#dropped + 1] = redis.call('LREM', dead, -1, element)
end
return dropped
