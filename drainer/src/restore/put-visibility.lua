#!lua
--[[
Writes whether a player is hidden, and moves the player's entries to the board or among the hidden.
A newer value stays, and an erased player is left out.

KEYS visibility  hash    user_id -> <version> hidden|visible <name>
     clock       string  last version given out on the shard
     erased      string  version and account of an erasure of the player
     then three for each board: ranking zset, hidden zset, entries hash
ARGV user_id
     version  of the change, microseconds
     state    hidden | visible
     name     that an operator gave the player, or empty
     wrong    a wrong present value to overwrite, even if it is newer; empty where there is none
Reply 1; 0 when a newer value stays, or the player was erased: then nothing was done

Raises the clock, so that every later change is newer, and cached tops are read again.
Uses  last_version, version_in, digits, find_moves, move_members
]]
local before = last_version(clock)
local present = redis.call('HGET', visibility, user_id) or ''
if tonumber(version) <= version_in(redis.call('GET', erased)) then return 0 end
if present ~= wrong and version_in(present) > tonumber(version) then return 0 end

local moves = find_moves(FIRST_KEY, user_id, state)
redis.call('HSET', visibility, user_id, version .. ' ' .. state .. (name ~= '' and ' ' .. name or ''))
move_members(moves)
local change = #moves > 0 and before + 1 or before
redis.call('SET', clock, digits(math.max(tonumber(version), change)))
return 1
