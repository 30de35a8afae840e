--[[
is_deleting(boards, board_id): whether a board is being deleted, or was. What is put back on it would
outlive it.

boards  key of a hash, board -> <revision> <state> and its season
]]
local function is_deleting(boards, board_id)
  return string.find(redis.call('HGET', boards, board_id) or '', '^%d+ deleting') ~= nil
end
