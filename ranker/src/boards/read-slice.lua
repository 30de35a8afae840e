--[[
Part of the scripts that read entries with their records: those at some places of the ranking, counted from 0, as
{{member, score, member, score...}, {record, record...}}, in rank order, or empty. A record is false where it is
missing.
]]
local ARRIVAL_DIGITS = 16

local function read_slice(board, entries, first, last)
  if last < first or last < 0 then return {} end
  local ranked = redis.call('ZREVRANGE', board, math.max(first, 0), last, 'WITHSCORES')
  if #ranked == 0 then return {} end
  local ids = {}
  for i = 1, #ranked, 2 do ids[#ids + 1] = string.sub(ranked[i], ARRIVAL_DIGITS + 1) end
  return {ranked, redis.call('HMGET', entries, unpack(ids))}
end
