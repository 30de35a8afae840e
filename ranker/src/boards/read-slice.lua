--[[
read_slice(board, entries, first, last, place_digits, details): the entries at these places of a
ranking, counted from 0, in rank order, as {ids, {record, record...}}; {} where there are none. A missing
record is false.
join_ids(ids, members, records, board_of): ids as one text, "user_id user_id...", which costs both sides
less than as many texts. Place and score of an entry are in its record: a ranking takes longer to tell
scores than members. A missing record makes it "<member>,<score>". board_of(i) is the key of the ranking
that holds the i-th.

place_digits  digits in front of the user_id in a member
details       key of a hash whose values stand behind the records; nil where they are not asked for
]]
local function join_ids(ids, members, records, board_of)
  for i = 1, #ids do
    if not records[i] then ids[i] = members[i] .. ',' .. redis.call('ZSCORE', board_of(i), members[i]) end
  end
  return table.concat(ids, ' ')
end

local function read_slice(board, entries, first, last, place_digits, details)
  if last < first or last < 0 then return {} end
  local members = redis.call('ZREVRANGE', board, math.max(first, 0), last)
  if #members == 0 then return {} end
  local ids, after, sub = {}, place_digits + 1, string.sub
  for i = 1, #members do ids[i] = sub(members[i], after) end
  local records = redis.call('HMGET', entries, unpack(ids))
  local found = details and redis.call('HMGET', details, unpack(ids)) or nil
  return {join_ids(ids, members, records, function() return board end), records, found}
end
