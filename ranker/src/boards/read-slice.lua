--[[
read_slice(board, entries, first, last, place_digits, details): the entries at these places of a
ranking, counted from 0, in rank order, as {ranked, {record, record...}}; {} where there are none.
ranked is one text, "member score member score...", which costs both sides less than as many texts.
A missing record is false.

place_digits  digits in front of the user_id in a member
details       key of a hash whose values stand behind the records; nil where they are not asked for
]]
local function read_slice(board, entries, first, last, place_digits, details)
  if last < first or last < 0 then return {} end
  local ranked = redis.call('ZREVRANGE', board, math.max(first, 0), last, 'WITHSCORES')
  if #ranked == 0 then return {} end
  local ids = {}
  for i = 1, #ranked, 2 do ids[#ids + 1] = string.sub(ranked[i], place_digits + 1) end
  local records = redis.call('HMGET', entries, unpack(ids))
  return {table.concat(ranked, ' '), records, details and redis.call('HMGET', details, unpack(ids)) or nil}
end
