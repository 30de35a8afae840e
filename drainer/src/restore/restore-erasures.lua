#!lua
--[[
Removes players from one shard whom PostgreSQL has erased: an older copy of Redis still has them.

KEYS 1 clock      string last version given out on the shard
     2 visibility hash   user_id -> <version> hidden|visible
     3... erased string version and account of an erasure, one a player
     then three a board: board zset, hidden zset, entries hash
ARGV 1 players
     2... three a player: user_id, version of the erasure in microseconds, TTL of the erased key in
          milliseconds
Reply the number of entries removed

An entry that is newer than the erasure belongs to a later registration, and stays. Raises the clock
above the erasures, and where an entry was removed.
Uses  last_version, version_in, digits, member_of
]]
local clock, visibility, players = KEYS[1], KEYS[2], tonumber(ARGV[1])
local FIRST_ERASED, FIRST_ARGUMENT, ARGUMENTS, WIDTH = 3, 2, 3, 3

local clock_before = last_version(clock)
local newest, taken = clock_before, 0
for n = 1, players do
  local at = FIRST_ARGUMENT + (n - 1) * ARGUMENTS
  local user_id, version, ttl = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local erased = KEYS[FIRST_ERASED + n - 1]
  newest = math.max(newest, version)
  local known = version_in(redis.call('GET', erased))
  if known < version and ttl > 0 then redis.call('SET', erased, ARGV[at + 1] .. ' ', 'PX', ttl) end
  local seen = redis.call('HGET', visibility, user_id)
  if seen and tonumber(string.match(seen, '^%d+') or '0') <= version then redis.call('HDEL', visibility, user_id) end
  for i = FIRST_ERASED + players, #KEYS, WIDTH do
    local record = redis.call('HGET', KEYS[i + 2], user_id)
    local written = record and tonumber(string.match(record, '^%d+ (%d+) ') or '0')
    if written and written <= version then
      local member = member_of(record, user_id)
      redis.call('ZREM', KEYS[i], member)
      redis.call('ZREM', KEYS[i + 1], member)
      redis.call('HDEL', KEYS[i + 2], user_id)
      taken = taken + 1
    end
  end
end
if taken > 0 then newest = math.max(newest, clock_before + 1) end
redis.call('SET', clock, digits(newest))
return taken
