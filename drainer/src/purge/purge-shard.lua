#!lua
--[[
Removes what a shard has of a board that is being deleted.

KEYS boards   hash    board -> <revision> <state>
     clock    string  last version given out on the shard
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written
     board    zset    ranked score -> <place><user_id>
     hidden   zset    the same for players who are hidden
     entries  hash    user_id -> record, see records.ts
     details  hash    user_id -> <attempts> <metadata>, of entries that have either
ARGV run         of the server that this is sent to
     id
     revision    of the deletion
     partitions  the number of partitions that the caller is configured with
     newest      version in microseconds: what the shard gives out from now on is newer
Reply purged | closed | moved | other
      other: the shard knows another revision, such as that of a later board of the same id.
      Nothing was done but for `purged`.

Redis frees the keys beside its other work, so that a large board holds up no other command.
Uses  is_open, is_moved, last_version, digits
]]
local before = last_version(clock)
local known = redis.call('HGET', boards, id) or ''
if not is_open(fence, run) then return 'closed' end
if is_moved(split, partitions) then return 'moved' end
if not string.find(known, '^' .. revision .. ' deleting') then return 'other' end
redis.call('SET', clock, digits(math.max(before + 1, newest)))
redis.call('UNLINK', board, hidden, entries, details)
return 'purged'
