#!lua flags=allow-oom
--[[
Deletes dead events. Runs at maxmemory too, because it only frees.

KEYS 1 dead  list  refused events with their reasons
ARGV entries of the list, byte for byte
Reply for each entry 1, or 0 where it was no longer there
]]
local dead = KEYS[1]

local dropped = {}
for i = 1, #ARGV do dropped[i] = redis.call('LREM', dead, -1, ARGV[i]) end
return dropped
