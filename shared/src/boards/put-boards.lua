#!lua
--[[
Writes the revisions of some boards on a shard. A board that has a higher revision there stays.

KEYS boards  hash    board -> <revision> <state>
     clock   string  last version given out on the shard
ARGV for each board
       id
       revision
       state     open | deleting
Reply the number of boards written

Raises the clock with a revision above 0: rankers keep a top, and the definition that they read it
with, until the clock changes. Revision 0 is the one definition of a configured board.
Uses  last_version, version_in, digits
]]
local before = last_version(clock)
local written, newest = 0, 0
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  if tonumber(revision) > version_in(redis.call('HGET', boards, id)) then
    redis.call('HSET', boards, id, revision .. ' ' .. state)
    written, newest = written + 1, math.max(newest, tonumber(revision))
  end
end
if newest > 0 then redis.call('SET', clock, digits(before + 1)) end
return written
