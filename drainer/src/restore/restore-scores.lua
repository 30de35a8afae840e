#!lua
--[[
Puts entries of one board back on their shard. An entry with a later version stays as it is.

KEYS 1 board    zset   score -> <arrival><user_id>
     2 hidden   zset   the same for players who are hidden
     3 entries  hash   user_id -> <arrival> <updated_at> <score> <name>
     4 clock    string last version given out on the shard
     5 visibility hash user_id -> <version> hidden|visible
     6... erased string version and account of an erasure, one a row
ARGV four a row: user_id, score, updated_at in microseconds, record
Reply the number of rows written

A row that is not newer than an erasure of its player is left out: the erasure is still on its way
to PostgreSQL.
Raises the clock, so that every later write is newer than the restored entries, and cached tops are
read again.
Uses  last_version, version_in, digits, is_hidden, ARRIVAL_DIGITS
]]
local board, hidden, entries, clock, visibility = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local WIDTH, FIRST_ERASED = 4, 6

local clock_before = last_version(clock)
redis.call('ZCARD', board)
redis.call('ZCARD', hidden)
local user_ids = {}
for i = 1, #ARGV, WIDTH do user_ids[#user_ids + 1] = ARGV[i] end
local present = redis.call('HMGET', entries, unpack(user_ids))
local seen = redis.call('HMGET', visibility, unpack(user_ids))
local erasures = redis.call('MGET', unpack(KEYS, FIRST_ERASED))

-- One command for all rows: a call costs Redis more than the work in it.
local newest = clock_before
local ranked, concealed, recorded, replaced = {}, {}, {}, {}
for n, user_id in ipairs(user_ids) do
  local i = (n - 1) * WIDTH
  local score, version, record = ARGV[i + 2], tonumber(ARGV[i + 3]), ARGV[i + 4]
  local old = present[n]
  local old_version = old and tonumber(string.match(old, '^%d+ (%d+) ')) or 0
  if version > version_in(erasures[n]) and old_version <= version then
    local arrival = string.sub(record, 1, ARRIVAL_DIGITS)
    local old_arrival = old and string.sub(old, 1, ARRIVAL_DIGITS)
    if old_arrival and old_arrival ~= arrival then replaced[#replaced + 1] = old_arrival .. user_id end
    local list = is_hidden(seen[n]) and concealed or ranked
    list[#list + 1], list[#list + 2] = score, arrival .. user_id
    recorded[#recorded + 1], recorded[#recorded + 2] = user_id, record
    newest = math.max(newest, version)
  end
end
if #replaced > 0 then
  redis.call('ZREM', board, unpack(replaced))
  redis.call('ZREM', hidden, unpack(replaced))
end
if #ranked > 0 then redis.call('ZADD', board, unpack(ranked)) end
if #concealed > 0 then redis.call('ZADD', hidden, unpack(concealed)) end
if #recorded > 0 then redis.call('HSET', entries, unpack(recorded)) end
if #recorded > 0 then redis.call('SET', clock, digits(math.max(newest, clock_before + 1))) end
return #recorded / 2
