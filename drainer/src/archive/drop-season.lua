#!lua
--[[
Removes what a shard has of a season that is archived, and of the seasons behind which the oldest
one moves: an older copy of Redis brings back keys of seasons that were removed before.

KEYS boards   hash    board -> <revision> <state> <season> <oldest> <starts> <ends...>
     clock    string  last version given out on the shard
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written
     board    zset    ranked score -> <place><user_id>, of the season
     hidden   zset    the same for players who are hidden
     entries  hash    user_id -> record, see records.ts
     details  hash    user_id -> <attempts> <metadata>, of entries that have either
ARGV run         of the server that this is sent to
     id          of the board
     season
     oldest      the oldest season that may have keys from now on
     partitions  the number of partitions that the caller is configured with
Reply dropped | closed | moved | running
      running: the season has not ended here, as after a restore from an older copy. Nothing was
      done but for `dropped`.

All seasons before `oldest` must be archived. One run removes a bounded number of them, and leaves the
others to the next season's.
Redis frees the keys beside its other work, so that a large season holds up no other command.
Uses  is_open, is_moved, last_version, digits
]]
-- Each takes some 2 us.
local REMOVED_MAX = 500

local before = last_version(clock)
local known = redis.call('HGET', boards, id) or ''
if not is_open(fence, run) then return 'closed' end
if is_moved(split, partitions) then return 'moved' end
local head, runs, kept, rest = string.match(known, '^(%d+ %l+) (%d+) (%d+)( .*)$')
if head then
  if tonumber(runs) <= season then return 'running' end
  local raised = math.min(math.max(tonumber(kept), oldest), tonumber(runs), tonumber(kept) + REMOVED_MAX)
  for each = tonumber(kept), raised - 1 do
    for _, key in ipairs({board, hidden, entries, details}) do
      redis.call('UNLINK', (string.gsub(key, '@%d+$', '@' .. digits(each))))
    end
  end
  redis.call('HSET', boards, id, head .. ' ' .. runs .. ' ' .. digits(raised) .. rest)
end
redis.call('SET', clock, digits(before + 1))
redis.call('UNLINK', board, hidden, entries, details)
return 'dropped'
