--[[
read_slice(board, entries, first, last, place_digits, details): the entries at these places of a
ranking, counted from 0, in rank order, as {members, {record, record...}}; {} where there are none.
A missing record is false.
name_members(members, records, board_of): members as one text, "member member...", which costs both
sides less than as many texts. The score of an entry is in its record, since a ranking takes longer to
tell scores than members. A member without a record is followed by ",<score>". board_of(i) is the key
of the ranking that holds the i-th.

place_digits  digits in front of the user_id in a member
details       key of a hash whose values stand behind the records; nil where they are not asked for
]]
local function name_members(members, records, board_of)
  for i = 1, #members do
    if not records[i] then members[i] = members[i] .. ',' .. redis.call('ZSCORE', board_of(i), members[i]) end
  end
  return table.concat(members, ' ')
end

local function read_slice(board, entries, first, last, place_digits, details)
  if last < first or last < 0 then return {} end
  local members = redis.call('ZREVRANGE', board, math.max(first, 0), last)
  if #members == 0 then return {} end
  local ids, after, sub = {}, place_digits + 1, string.sub
  for i = 1, #members do ids[i] = sub(members[i], after) end
  local records = redis.call('HMGET', entries, unpack(ids))
  local text = name_members(members, records, function() return board end)
  return {text, records, details and redis.call('HMGET', details, unpack(ids)) or nil}
end
