#!lua flags=allow-oom
--[[
Writes the fence of a shard, or of the accounts, unless the store has changed since it was judged.
Runs at maxmemory too, because a full store must be opened before the drainer can make room.

KEYS fence  string  <origin> <kept> <from> <run>, or <origin> <kept> <from> lost; see fence.ts
     clock  string  the last version given out (µs)
ARGV known         the fence that was judged; empty if there was none
     least         the clock (µs) that was judged; a smaller one means another store
     origin        of the new fence
     kept_version  of the new fence, µs
     run           of the new fence, or lost
     raises        1 after a loss: raise the clock above every version ever given out; else 0
Reply 1; 0 when the fence or the clock is not the judged one: then nothing was written
Uses  last_version, next_version, time_us, digits
]]
local before = last_version(clock)
if (redis.call('GET', fence) or '') ~= known or before < least then return 0 end
local from = kept_version
if raises then
  from = digits(math.max(next_version(before, time_us()), tonumber(kept_version) + 1))
end
redis.call('SET', fence, origin .. ' ' .. kept_version .. ' ' .. from .. ' ' .. run)
if raises then redis.call('SET', clock, from) end
return 1
