#!lua
--[[
Corrects one entry, unless it has changed since it was read, or its player was erased.

KEYS 1 board    zset   score -> <arrival><user_id>
     2 hidden   zset   the same for players who are hidden
     3 entries  hash   user_id -> <arrival> <updated_at> <score> <name>
     4 clock    string last version given out on the shard
     5 erased   string version and account of an erasure of the player
     6 visibility hash user_id -> <version> hidden|visible
ARGV 1 user_id
     2 record, 3 the member that it names, 4 score: as they were read; empty where absent
     5 stray    a member of the player to remove, or empty
     6 record, 7 member, 8 score, 9 version in microseconds: the correct values
Reply 1; 0 when the entry has changed or was erased: then nothing was done

Raises the clock, so that every later write is newer, and cached tops are read again.
Uses  last_version, version_in, digits, is_hidden
]]
local board, hidden, entries, clock, erased, visibility = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local user_id, read_record, read_member, read_score, stray = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local record, member, score, version = ARGV[6], ARGV[7], ARGV[8], ARGV[9]

local before = last_version(clock)
if tonumber(version) <= version_in(redis.call('GET', erased)) then return 0 end
if (redis.call('HGET', entries, user_id) or '') ~= read_record then return 0 end
local right = is_hidden(redis.call('HGET', visibility, user_id)) and hidden or board
if (redis.call('ZSCORE', right, read_member) or '') ~= read_score then return 0 end

for _, key in ipairs({board, hidden}) do redis.call('ZREM', key, read_member, stray) end
redis.call('ZADD', right, score, member)
redis.call('HSET', entries, user_id, record)
redis.call('SET', clock, digits(math.max(tonumber(version), before + 1)))
return 1
