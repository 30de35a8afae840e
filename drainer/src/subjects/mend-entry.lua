#!lua
--[[
Corrects one entry, unless it has changed since it was read, it was removed or its player erased, or
its board is being deleted.

KEYS board       zset    ranked score -> <place><user_id>
     hidden      zset    the same for players who are hidden
     entries     hash    user_id -> record, see records.ts
     details     hash    user_id -> <attempts> <metadata>, of entries that have either
     clock       string  last version given out on the shard
     erased      string  version and account of an erasure of the player
     removed     string  version of a removal of the entry
     visibility  hash    user_id -> <version> hidden|visible <name>
     boards      hash    board -> <revision> <state>
ARGV board_id
     user_id
     read_record, read_member, read_score  record, member that it names, and its score as they were
                                           read; empty where absent
     stray       a member of the player to remove, or empty
     record, member, score  the correct values
     detail      the correct details, empty where there are none
     version     of the record, microseconds
Reply 1; 0 when the entry has changed or must not be there: then nothing was done

Raises the clock, so that every later write is newer, and cached tops are read again.
Uses  last_version, version_in, digits, is_hidden, is_deleting
]]
local before = last_version(clock)
local erased_at = math.max(version_in(redis.call('GET', erased)), version_in(redis.call('GET', removed)))
if version <= erased_at or is_deleting(boards, board_id) then return 0 end
if (redis.call('HGET', entries, user_id) or '') ~= read_record then return 0 end
redis.call('HGET', details, user_id)
for _, key in ipairs({board, hidden}) do redis.call('ZCARD', key) end
local right = is_hidden(redis.call('HGET', visibility, user_id)) and hidden or board
if (redis.call('ZSCORE', right, read_member) or '') ~= read_score then return 0 end

for _, key in ipairs({board, hidden}) do redis.call('ZREM', key, read_member, stray) end
redis.call('ZADD', right, score, member)
redis.call('HSET', entries, user_id, record)
if detail == '' then redis.call('HDEL', details, user_id) else redis.call('HSET', details, user_id, detail) end
redis.call('SET', clock, digits(math.max(version, before + 1)))
return 1
