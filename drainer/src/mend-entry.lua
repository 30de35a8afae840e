#!lua
--[[
Makes one entry what it should be, unless it has changed since it was read, or its player was erased.

KEYS 1 board     zset   score -> <arrival><user_id>
     2 arrivals  hash   user_id -> arrival
     3 profile   hash   the player's profile
     4 clock     string last version given out on the shard
     5 erased    string version and account of an erasure of the player
ARGV 1 user_id
     2 arrival, 3 score, 4 version   as they were read; empty for what was not there
     5 stray     another member of the player, to be removed, or empty
     6 arrival, 7 score, 8 version in microseconds, 9 name, 10 region   as they should be
    11 score field   profile field that takes the score, empty when the profile does not keep this board's
    12... version fields of all boards, this board's first
Reply 1; 0 when the entry has changed: then nothing was done
]]
local board, arrivals, profile, clock, erased = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local user_id, read_arrival, read_score, read_version, stray = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local arrival, score, version, name, region = ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local score_field, version_field = ARGV[11], ARGV[12]

local last_version = tonumber(redis.call('GET', clock) or '0')
local versions = redis.call('HMGET', profile, unpack(ARGV, 12))
if tonumber(version) <= tonumber(string.match(redis.call('GET', erased) or '', '^%d+') or '-1') then return 0 end
if (redis.call('HGET', arrivals, user_id) or '') ~= read_arrival then return 0 end
if (redis.call('ZSCORE', board, read_arrival .. user_id) or '') ~= read_score then return 0 end
if (versions[1] or '') ~= read_version then return 0 end

if stray ~= '' then redis.call('ZREM', board, stray) end
redis.call('ZREM', board, read_arrival .. user_id)
redis.call('ZADD', board, score, arrival .. user_id)
redis.call('HSET', arrivals, user_id, arrival)
-- The name is that of the player's last write, on whatever board.
local is_newest = true
for i = 2, #versions do is_newest = is_newest and tonumber(versions[i] or '0') <= tonumber(version) end
redis.call(is_newest and 'HSET' or 'HSETNX', profile, 'name', name)
redis.call('HSET', profile, 'region', region, version_field, version)
if score_field ~= '' then redis.call('HSET', profile, score_field, score) end
if tonumber(version) > last_version then redis.call('SET', clock, version) end
return 1
