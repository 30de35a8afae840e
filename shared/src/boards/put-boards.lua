#!lua
--[[
Writes the revisions of some boards on a shard. A board that has a higher revision there stays.

KEYS boards  hash    board -> <revision> <state>
     clock   string  last version given out on the shard
     then four for each board that was born: ranking zset, hidden zset, entries hash, details hash
ARGV for each board
       id
       revision
       state     open | deleting
       born      the revision since which the id is that of this board, 0 where it was never another's
Reply the number of boards written

A shard that knows a revision below `born`, or none, may have entries of the board that had the id
before: an older copy of Redis has come back. They go, whole.
Raises the clock with a revision above 0: rankers keep a top, and the definition that they read it
with, until the clock changes. Revision 0 is the one definition of a configured board.
Uses  last_version, version_in, digits, KEYS_OF_BOARD
]]

local before = last_version(clock)
local written, newest = 0, 0
local key = FIRST_KEY
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local known = version_in(redis.call('HGET', boards, id))
  if tonumber(revision) > known then
    if born > 0 and known < born then redis.call('UNLINK', unpack(KEYS, key, key + KEYS_OF_BOARD - 1)) end
    redis.call('HSET', boards, id, revision .. ' ' .. state)
    written, newest = written + 1, math.max(newest, tonumber(revision))
  end
  if born > 0 then key = key + KEYS_OF_BOARD end
end
if newest > 0 then redis.call('SET', clock, digits(before + 1)) end
return written
