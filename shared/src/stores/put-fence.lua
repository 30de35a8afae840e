#!lua flags=allow-oom
--[[
Writes the fence of a shard, or of the accounts, unless the store has changed since it was judged.
Runs at maxmemory too, because a full store must be opened before the drainer can make room.

KEYS 1 fence  string  <origin> <kept> <from> <run>, or <origin> <kept> <from> lost; see fence.ts
     2 clock  string  the last version given out (µs)
ARGV 1 known  the fence that was judged; empty if there was none
     2 least  the clock (µs) that was judged; a smaller one means another store
     3 origin, 4 kept (µs), 5 run or "lost"   of the new fence
     6 raise  1 after a loss: raise the clock above every version ever given out
Reply 1; 0 when the fence or the clock is not the judged one: then nothing was written
Uses  last_version, next_version, time_us, digits
]]
local fence, clock = KEYS[1], KEYS[2]
local known, least, origin, kept, run, raise = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1'

local before = last_version(clock)
if (redis.call('GET', fence) or '') ~= known or before < least then return 0 end
local from = kept
if raise then
  from = digits(math.max(next_version(before, time_us()), tonumber(kept) + 1))
end
redis.call('SET', fence, origin .. ' ' .. kept .. ' ' .. from .. ' ' .. run)
if raise then redis.call('SET', clock, from) end
return 1
