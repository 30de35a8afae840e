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
]]
local visibility, clock, erased = KEYS[1], KEYS[2], KEYS[3]
local user_id, version, state, read = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local FIRST, WIDTH, ARRIVAL_DIGITS = 4, 3, 16

local last_version = tonumber(redis.call('GET', clock) or '0')
local present = redis.call('HGET', visibility, user_id) or ''
local present_version = tonumber(string.match(present, '^%d+') or '-1')
local erased_at = tonumber(string.match(redis.call('GET', erased) or '', '^%d+') or '-1')
if tonumber(version) <= erased_at then return 0 end
if present ~= read and present_version > tonumber(version) then return 0 end

local moves = {}
for i = FIRST, #KEYS, WIDTH do
  local record = redis.call('HGET', KEYS[i + 2], user_id)
  local member = (record and string.sub(record, 1, ARRIVAL_DIGITS) or '') .. user_id
  local from, to = KEYS[i], KEYS[i + 1]
  if state == 'visible' then from, to = to, from end
  local score = redis.call('ZSCORE', from, member)
  redis.call('ZCARD', to)
  if score then moves[#moves + 1] = {from, to, score, member} end
end

redis.call('HSET', visibility, user_id, version .. ' ' .. state)
for _, move in ipairs(moves) do
  local from, to, score, member = unpack(move)
  redis.call('ZREM', from, member)
  redis.call('ZADD', to, score, member)
end
local change = #moves > 0 and last_version + 1 or last_version
redis.call('SET', clock, string.format('%.0f', math.max(tonumber(version), change)))
return 1
