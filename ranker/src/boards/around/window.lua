#!lua flags=no-writes
--[[
Where players or positions stand among the entries of the shards of a view that are on one server,
and their neighbours there; several in one call, at one moment. A position is one that was read on
another server.

KEYS of each shard (several shards only where the server is no node of a cluster)
     board    zset    ranked score -> <place><user_id>
     entries  hash    user_id -> record, see records.ts
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written; absent in an emptied store
     boards   hash    board -> <revision> <state> and its season
     details  hash    user_id -> <attempts> <metadata>, of entries that have either
ARGV partitions  the number of partitions that the caller is configured with
     board_id    the board
     revision    of the definition that the caller goes by
     wanted      season, as refusal_of has it
     per_region  shards of a region
     players     how many players are looked for
     above, below  entries wanted on each side
     refills     1 to read more on one side when the other reaches the end of the board, else 0
     place_digits  digits in front of the user_id in a member
     with_details  1 to read the details, too, else 0
     then players as find_holders has them; then, for each position, score and member
Reply {total, away, window...}. away: as shards_of_call has it. A window for each player and each
      position, {numbers, ranked, records, details}, and false for a player who is on none of the
      shards. numbers is one text: the entries strictly ahead; how many entries of the window are
      ahead; and, in a call for several shards, the place in the call, from 0, of the shard of each
      entry. The rest is as read_slice replies: the entries in rank order, a player's own one among
      them. A word as refusal_of has it where it refuses.
Uses  shards_of_call, total_of, find_holders, ranked_of, member_of, count_ahead, is_greater, read_slice

Cost: for each shard and window O(log N), the cost of count_ahead, and the members that are merged:
one shard is read exactly, of several each for its share first, and further by twice as many each
time. Records are read of the entries in the reply alone.
]]
local refused, shards, away = shards_of_call(FIRST_KEY - 1, per_region, partitions, board_id, revision, wanted)
if refused then return refused end
local total = total_of(shards)
local is_one = #KEYS < FIRST_KEY

local function is_ahead(score, member, other_score, other_member)
  if score ~= other_score then return score > other_score end
  local place, other_place = string.sub(member, 1, place_digits), string.sub(other_member, 1, place_digits)
  -- Digits compare alike in every locale of the server.
  if place ~= other_place then return place > other_place end
  return is_greater(member, other_member)
end

-- Goes along a shard, away from the place: its next entry, read in portions that double.
local function advance(cursor)
  if cursor.at > #cursor.found then
    local shard, first = cursor.shard, cursor.next
    local last = math.min(first + cursor.portion, shard.total) - 1
    if last < first then
      cursor.member = nil
      return
    end
    cursor.found, cursor.at = redis.call(cursor.command, shard.board, first, last, 'WITHSCORES'), 1
    cursor.next, cursor.portion = last + 1, cursor.portion * 2
  end
  cursor.member, cursor.text = cursor.found[cursor.at], cursor.found[cursor.at + 1]
  cursor.score, cursor.at = tonumber(cursor.text), cursor.at + 2
end

-- The nearest `count` entries of all shards on one side of a place, the nearest first. ZRANGE goes
-- up from the place, ZREVRANGE goes down.
local function nearest(command, firsts, count)
  local cursors, found = {}, {}
  if count == 0 then return found end
  local portion = math.ceil(count / #shards) + 2
  for i, shard in ipairs(shards) do
    cursors[i] = {shard = shard, command = command, next = firsts[i], portion = portion, found = {}, at = 1}
    advance(cursors[i])
  end
  local is_up = command == 'ZRANGE'
  while #found < count do
    local best = nil
    for _, cursor in ipairs(cursors) do
      if cursor.member and (not best or is_ahead(cursor.score, cursor.member, best.score, best.member) ~= is_up) then
        best = cursor
      end
    end
    if not best then break end
    found[#found + 1] = {member = best.member, score = best.text, shard = best.shard}
    advance(best)
  end
  return found
end

local function details_key(shard) return KEYS[shard.number * (FIRST_KEY - 1) + 6] end
local function entries_key(shard) return shard.entries end

-- The records, or the details, of the entries by one command a shard.
local function values_by_shard(entries_found, key_of)
  local values, by_shard = {}, {}
  for i, entry in ipairs(entries_found) do
    local of_shard = by_shard[entry.shard] or {ids = {}, places = {}}
    by_shard[entry.shard] = of_shard
    of_shard.ids[#of_shard.ids + 1] = string.sub(entry.member, place_digits + 1)
    of_shard.places[#of_shard.places + 1] = i
  end
  for shard, of_shard in pairs(by_shard) do
    for i, value in ipairs(redis.call('HMGET', key_of(shard), unpack(of_shard.ids))) do
      values[of_shard.places[i]] = value
    end
  end
  return values
end

local function window_of_many(befores, own, before, ahead, behind)
  local ups, downs = {}, {}
  for i, shard in ipairs(shards) do
    ups[i] = shard.total - befores[i]
    downs[i] = befores[i] + (own and own.shard == shard and 1 or 0)
  end
  local found = {}
  for _, entry in ipairs(nearest('ZRANGE', ups, ahead)) do table.insert(found, 1, entry) end
  if own then found[#found + 1] = own end
  for _, entry in ipairs(nearest('ZREVRANGE', downs, behind)) do found[#found + 1] = entry end
  local numbers, ranked = {before, ahead}, {}
  for _, entry in ipairs(found) do
    numbers[#numbers + 1] = entry.shard.number
    ranked[#ranked + 1], ranked[#ranked + 2] = entry.member, entry.score
  end
  return {
    table.concat(numbers, ' '), table.concat(ranked, ' '), values_by_shard(found, entries_key),
    with_details and values_by_shard(found, details_key) or nil
  }
end

-- own: the player's entry, nil for a position.
local function window(befores, own)
  local before = 0
  for i = 1, #shards do before = before + befores[i] end
  local after = total - before - (own and 1 or 0)
  local ahead, behind = above, below
  if refills then
    ahead, behind = above + math.max(0, below - after), below + math.max(0, above - before)
  end
  ahead, behind = math.min(ahead, before), math.min(behind, after)
  local shard = shards[1]
  if not is_one or not shard then return window_of_many(befores, own, before, ahead, behind) end
  local last = before + behind - (own and 0 or 1)
  local slice = read_slice(
    shard.board, shard.entries, before - ahead, last, place_digits, with_details and details)
  return {before .. ' ' .. ahead, slice[1] or '', slice[2] or {}, slice[3]}
end

local reply = {total, away}
if players > 0 then
  local holders, records, found = find_holders(shards, per_region, FIRST_ARG, players)
  for player = 1, players do
    local holder = holders[player]
    if holder then
      local score = ranked_of(records[player])
      local own = {member = member_of(records[player], ARGV[FIRST_ARG + player - 1]), score = score, shard = holder}
      local befores = {}
      for i, shard in ipairs(shards) do
        befores[i] = shard == holder and found[player] or count_ahead(shard.board, score, own.member)
      end
      reply[player + 2] = window(befores, own)
    else
      reply[player + 2] = false
    end
  end
end
for place = FIRST_ARG + players * (per_region > 1 and 2 or 1), #ARGV, ITEM_ARGS do
  take_item(place)
  local befores = {}
  for i, shard in ipairs(shards) do befores[i] = count_ahead(shard.board, score, member) end
  reply[#reply + 1] = window(befores, nil)
end
return reply
