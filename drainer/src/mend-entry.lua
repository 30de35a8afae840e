#!lua
--[[
Makes one entry what it should be, unless it has changed since it was read, or its player was erased.

KEYS 1 board    zset   score -> <arrival><user_id>
     2 entries  hash   user_id -> <arrival> <updated_at> <score> <name>
     3 clock    string last version given out on the shard
     4 erased   string version and account of an erasure of the player
ARGV 1 user_id
     2 record, 3 the member that it names, 4 score   as they were read; empty for what was not there
     5 stray    another member of the player, to be removed, or empty
     6 record, 7 member, 8 score, 9 version in microseconds   as they should be
Reply 1; 0 when the entry has changed: then nothing was done
]]
local board, entries, clock, erased = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local user_id, read_record, read_member, read_score, stray = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local record, member, score, version = ARGV[6], ARGV[7], ARGV[8], ARGV[9]

local last_version = tonumber(redis.call('GET', clock) or '0')
if tonumber(version) <= tonumber(string.match(redis.call('GET', erased) or '', '^%d+') or '-1') then return 0 end
if (redis.call('HGET', entries, user_id) or '') ~= read_record then return 0 end
if (redis.call('ZSCORE', board, read_member) or '') ~= read_score then return 0 end

redis.call('ZREM', board, read_member, stray)
redis.call('ZADD', board, score, member)
redis.call('HSET', entries, user_id, record)
if tonumber(version) > last_version then redis.call('SET', clock, version) end
return 1
