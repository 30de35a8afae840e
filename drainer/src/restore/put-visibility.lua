#!lua
--[[
Writes whether a player is hidden, and moves the player's entries to the board or among the hidden.
A newer value stays, and an erased player is left out.

KEYS 1 visibility hash user_id -> <version> hidden|visible
     2 clock    string last version given out on the shard
     3 erased   string version and account of an erasure of the player
     4... three a board: board zset, hidden zset, entries hash
ARGV 1 user_id
     2 version  in microseconds
     3 state    hidden | visible
     4 read     the present value where it is known to be wrong: it is replaced whatever its
                version; else empty
Reply 1; 0 when a newer value stays, or the player was erased: then nothing was done

Raises the clock, so that every later change is newer, and cached tops are read again.
Uses  last_version, version_in, digits, find_moves, move_members
]]
local visibility, clock, erased = KEYS[1], KEYS[2], KEYS[3]
local user_id, version, state, read = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local FIRST_BOARD = 4

local before = last_version(clock)
local present = redis.call('HGET', visibility, user_id) or ''
if tonumber(version) <= version_in(redis.call('GET', erased)) then return 0 end
if present ~= read and version_in(present) > tonumber(version) then return 0 end

local moves = find_moves(FIRST_BOARD, user_id, state)
redis.call('HSET', visibility, user_id, version .. ' ' .. state)
move_members(moves)
local change = #moves > 0 and before + 1 or before
redis.call('SET', clock, digits(math.max(tonumber(version), change)))
return 1
