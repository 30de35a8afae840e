--[[
read_slice(board, entries, first, last): the entries at these places of a ranking, counted from 0,
in rank order, as {{member, score, member, score...}, {record, record...}}; {} where there are none.
A missing record is false.
]]
local function read_slice(board, entries, first, last)
  if last < first or last < 0 then return {} end
  local ranked = redis.call('ZREVRANGE', board, math.max(first, 0), last, 'WITHSCORES')
  if #ranked == 0 then return {} end
  local ids = {}
  for i = 1, #ranked, 2 do ids[#ids + 1] = string.sub(ranked[i], ARRIVAL_DIGITS + 1) end
  return {ranked, redis.call('HMGET', entries, unpack(ids))}
end
