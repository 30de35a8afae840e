--[[
Part of the scripts that look a player up for whoever asks other shards about the player's position next: what
count_ahead takes there as `ties`, of the entry that is here at a rank.
]]
local function ties_of(board, score, rank)
  local ahead = rank - redis.call('ZCOUNT', board, '(' .. score, '+inf')
  local behind = redis.call('ZCOUNT', board, score, '+inf') - rank - 1
  return behind < ahead and -1 - behind or ahead
end
