#!lua
--[[
Fences the season that runs on a shard: from an instant on neither writes nor reads of it are served,
until a newer plan of the board says whether it ended there. What the shard knows of following ends
goes: that plan has them.

KEYS clock   string  last version given out on the shard
     split   string  how many partitions the region has; absent until a service writes it
     fence   string  the run of the server that may be written
     boards  hash    board -> <revision> <state> and its season, see seasons.lua
ARGV run         of the server that this is sent to
     partitions  the number of partitions that the caller is configured with
     board_id    the board
     season      that is being ended
     at          the instant, microseconds
     version     of the plan that says so
Reply fenced | late | other | told | away
      late: a version of the shard may be at or behind the instant. other: another season runs, or
      this one ends before, or the shard does not know the board. told: a newer plan is known, so
      that this one was withdrawn. away: as in roll-over.lua. Nothing was done but for `fenced`.

Guarantee: no version at or behind the instant was given to a write of the season, and none is.
Uses  is_open, is_moved, last_version, next_version, time_us, digits, season_of
]]
local last = last_version(clock)
local known = redis.call('HGET', boards, board_id)
if is_moved(split, partitions) or not is_open(fence, run) then return 'away' end
local found = season_of(known)
if not found or not string.find(known, '^%d+ open') or found.season ~= season then return 'other' end
if found.planned > version then return 'told' end
if at <= found.starts or at >= found.ends[1] then return 'other' end
if next_version(last, time_us()) >= at then return 'late' end
local head = string.match(known, '^%d+ %l+ %d+ %d+ %d+')
redis.call('HSET', boards, board_id, head .. ' ' .. digits(at) .. ' fence ' .. digits(version))
return 'fenced'
