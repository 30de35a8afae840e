--[[
A hidden player stands in the hidden zset of a board, every other player in its ranking.

find_moves(first, user_id, state)  the moves that bring the player's members to where `hidden` or
    `visible` has them, and on how many boards the player has a score. KEYS from `first` on are
    KEYS_OF_BOARD for each board. Reads every key that a move changes.
move_members(moves)  makes these moves. Members keep their arrival, so that ties end as if nothing
    had been hidden.
]]
local function find_moves(first, user_id, state)
  local moves, boards = {}, 0
  for i = first, #KEYS, KEYS_OF_BOARD do
    local member = member_of(redis.call('HGET', KEYS[i + 2], user_id), user_id)
    local from, to = KEYS[i], KEYS[i + 1]
    if state == 'visible' then from, to = to, from end
    local score, is_there = redis.call('ZSCORE', from, member), redis.call('ZSCORE', to, member)
    if score or is_there then boards = boards + 1 end
    if score then moves[#moves + 1] = {from = from, to = to, score = score, member = member} end
  end
  return moves, boards
end

local function move_members(moves)
  for _, move in ipairs(moves) do
    redis.call('ZREM', move.from, move.member)
    redis.call('ZADD', move.to, move.score, move.member)
  end
end
