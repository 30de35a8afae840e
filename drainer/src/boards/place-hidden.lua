#!lua
--[[
Moves entries of some players to where their visibility has them: to the board, or among the hidden.

KEYS visibility  hash    user_id -> <version> hidden|visible <name>
     clock       string  last version given out on the shard
     then four for each board: ranking zset, hidden zset, entries hash, details hash
ARGV for each player
       user_id
Reply the number of entries moved

Goes by what the shard says now, so that it never undoes a newer change, and a repetition completes
one that was cut off. Raises the clock where an entry moved, so that cached tops are read again.
Uses  last_version, digits, is_hidden, member_of, KEYS_OF_BOARD, move_members
]]

local before = last_version(clock)
local user_ids = {}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  user_ids[#user_ids + 1] = user_id
end
local seen = redis.call('HMGET', visibility, unpack(user_ids))
local moves = {}
for key = FIRST_KEY, #KEYS, KEYS_OF_BOARD do
  local records = redis.call('HMGET', KEYS[key + 2], unpack(user_ids))
  for n, record in ipairs(records) do
    if record then
      local member = member_of(record, user_ids[n])
      local right, wrong = KEYS[key], KEYS[key + 1]
      if is_hidden(seen[n]) then right, wrong = wrong, right end
      local score = redis.call('ZSCORE', wrong, member)
      redis.call('ZSCORE', right, member)
      if score then moves[#moves + 1] = {from = wrong, to = right, score = score, member = member} end
    end
  end
end
move_members(moves)
if #moves > 0 then redis.call('SET', clock, digits(before + 1)) end
return #moves
