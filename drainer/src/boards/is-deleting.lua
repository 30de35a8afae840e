--[[
is_deleting(boards, ranking): whether a board, or the board of a season, is being deleted, or was. What is put back on it would
outlive it.

boards  key of a hash, board -> <revision> <state> and its season
]]
local function is_deleting(boards, ranking)
  return string.find(redis.call('HGET', boards, string.match(ranking, '^[^@]*')) or '', '^%d+ deleting') ~= nil
end
