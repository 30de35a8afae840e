#!lua
--[[
Takes one entry off a shard, unless it has changed since it was read.

KEYS board    zset    ranked score -> <place><user_id>
     hidden   zset    the same for players who are hidden
     entries  hash    user_id -> record, see records.ts
     details  hash    user_id -> <attempts> <metadata>, of entries that have either
     clock    string  last version given out on the shard
ARGV user_id
     read_record  the record as it was read
Reply 1; 0 when the entry has changed: then nothing was done

Raises the clock, so that cached tops are read again.
Uses  last_version, digits, member_of
]]
local before = last_version(clock)
if redis.call('HGET', entries, user_id) ~= read_record then return 0 end
local member = member_of(read_record, user_id)
for _, key in ipairs({board, hidden}) do redis.call('ZCARD', key) end
redis.call('HGET', details, user_id)
redis.call('ZREM', board, member)
redis.call('ZREM', hidden, member)
redis.call('HDEL', entries, user_id)
redis.call('HDEL', details, user_id)
redis.call('SET', clock, digits(before + 1))
return 1
