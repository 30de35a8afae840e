#!lua flags=no-writes
--[[
Where players or positions stand among the entries of the shards of a view that are on one server,
and their neighbours there; several in one call, at one moment. A position is one that was read on
another server, or the one behind a number of entries.

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
     shared      1 to count better entries, too, else 0
     sub_digits  digits of the sub-score's key in a member, 0 on a board without
     then players as find_holders has them; then, for each position, score and member. Without a
     score the member is how many entries are ahead, and no entries above are read
Reply {total, away, window...}. away: as shards_of_call has it. A window for each player and each
      position, {numbers, ids, records, details}, and false for a player who is on none of the
      shards. numbers is one text: the entries strictly ahead; how many entries of the window are
      ahead; with `shared`, how many entries of these shards are better than the first entry of the
      window, or, where none of it is ahead, than the player or position, else 0; and, in a call for
      several shards, the place in the call, from 0, of the shard of each entry. The rest is as
      read_slice replies: the entries in rank order, a player's own one among them. A word as
      refusal_of has it where it refuses.
Uses  shards_of_call, total_of, find_holders, ranked_of, member_of, count_ahead, comes_first,
      count_better_on, read_slice, join_ids, find_rank

Cost: for each shard and window O(log N), and the members that are merged: one shard is read exactly,
of several each for its share first, and further by twice as many each time. Where more entries than
a share have the score, the cost of count_ahead, too; behind a number of entries, that of find_rank.
Records are read of the entries in the reply alone.
]]
local refused, shards, away = shards_of_call(FIRST_KEY - 1, per_region, partitions, board_id, revision, wanted)
if refused then return refused end
local total = total_of(shards)
local is_one = #KEYS < FIRST_KEY
local call, sub, max, min = redis.call, string.sub, math.max, math.min
local portion = math.ceil(max(above, below) / max(1, #shards)) + 1

-- The members of a shard about a place with their scores, the rank of the first of them, and how
-- many entries are ahead of the place. One read finds all, unless many entries have the score.
local function part_about(shard, known, score, member)
  local before = known or call('ZCOUNT', shard.board, '(' .. score, '+inf')
  local first = max(0, before - portion)
  local found = call('ZREVRANGE', shard.board, first, before + portion, 'WITHSCORES')
  if known then return found, first, before end
  local wanted = tonumber(score)
  for at = 2 * (before - first) + 1, #found, 2 do
    if tonumber(found[at + 1]) ~= wanted or not comes_first(found[at], member) then return found, first, before end
    before = before + 1
  end
  if before == shard.total then return found, first, before end
  return part_about(shard, count_ahead(shard.board, score, member), score, member)
end

-- Puts the nearest `count` entries of all shards on one side of a place into `picked`, from `index`
-- on. side: -1 above, 1 below. start: of each shard its part, the rank of the part's first entry,
-- and the nearest entry there. Of two entries that with the greater key, the score times the side,
-- is the nearer one.
local NONE = -math.huge

local function pick(picked, index, count, side, start)
  local parts, firsts, ats = start.parts, start.firsts, start.ats
  local keys, sizes, shard_count = {}, {}, #shards
  -- Reads the next portion of a shard, twice as many entries as the last one.
  local function read_on(i)
    local shard, size = shards[i], 2 * (sizes[i] or portion)
    local first, last = max(0, firsts[i] - size), firsts[i] - 1
    if side > 0 then
      first = firsts[i] + #parts[i] / 2
      last = min(first + size, shard.total) - 1
    end
    if last < first then return nil end
    parts[i], firsts[i], sizes[i] = call('ZREVRANGE', shard.board, first, last, 'WITHSCORES'), first, size
    ats[i] = side > 0 and 1 or #parts[i] - 1
    return parts[i][ats[i] + 1]
  end
  if count == 0 then return end
  for i = 1, shard_count do
    local score = parts[i][ats[i] + 1] or read_on(i)
    keys[i] = score and tonumber(score) * side or NONE
  end
  for _ = 1, count do
    local best, key = 1, keys[1]
    for i = 2, shard_count do
      local other = keys[i]
      if other > key or (other == key and other ~= NONE
          and comes_first(parts[i][ats[i]], parts[best][ats[best]]) == (side > 0)) then
        best, key = i, other
      end
    end
    picked.members[index], picked.holders[index] = parts[best][ats[best]], best
    index, ats[best] = index + side, ats[best] + 2 * side
    local score = parts[best][ats[best] + 1] or read_on(best)
    keys[best] = score and tonumber(score) * side or NONE
  end
end

-- The ids of the picked members; and by shard, with their places in the window.
local function ids_of(picked)
  local all, ids, places = {}, {}, {}
  for i = 1, #shards do ids[i], places[i] = {}, {} end
  for place, i in ipairs(picked.holders) do
    local n = #ids[i] + 1
    all[place] = sub(picked.members[place], place_digits + 1)
    ids[i][n], places[i][n] = all[place], place
  end
  return all, ids, places
end

-- The records, or the details, by one command a shard. key: which of the keys of a shard.
local function values_of(ids, places, key)
  local values = {}
  for i, shard in ipairs(shards) do
    if ids[i][1] then
      local found = call('HMGET', KEYS[shard.number * (FIRST_KEY - 1) + key], unpack(ids[i]))
      for n, place in ipairs(places[i]) do values[place] = found[n] end
    end
  end
  return values
end

-- How many entries are shown on each side.
local function reach_of(before, own)
  local after = total - before - (own and 1 or 0)
  local ahead, behind = above, below
  if refills then
    ahead, behind = above + max(0, below - after), below + max(0, above - before)
  end
  return min(ahead, before), min(behind, after)
end

-- The entries that are better than the first of a window, which a shard holds, or without one than
-- the target, if that is more than a number of entries.
local function better_of(holder, first, score, member)
  if not shared or not (first or score) then return 0 end
  if first then member, score = first, call('ZSCORE', holder.board, first) end
  return count_better_on(shards, score, member, sub_digits)
end

local function window_of_one(shard, before, own, score, member)
  local ahead, behind = reach_of(before, own)
  local last = before + behind - (own and 0 or 1)
  local hash = with_details and details
  local slice = read_slice(shard.board, shard.entries, before - ahead, last, place_digits, hash)
  local has_first = shared and (ahead > 0 or not score)
  local first = has_first and call('ZREVRANGE', shard.board, before - ahead, before - ahead)[1]
  local better = better_of(shard, first, score, member)
  return {before .. ' ' .. ahead .. ' ' .. better, slice[1] or '', slice[2] or {}, slice[3]}
end

-- The window of what was picked, behind its first numbers.
local function window_of(picked, numbers)
  for place, i in ipairs(picked.holders) do numbers[place + 3] = shards[i].number end
  local all, ids, places = ids_of(picked)
  local records = values_of(ids, places, 2)
  local text = join_ids(all, picked.members, records, function(place) return shards[picked.holders[place]].board end)
  return {table.concat(numbers, ' '), text, records, with_details and values_of(ids, places, 6) or nil}
end

-- The shards on one side of a place: each begins with the entry at this index of it.
local function new_side() return {parts = {}, firsts = {}, ats = {}} end
local function begin_at(side, i, part, first, index)
  side.parts[i], side.firsts[i], side.ats[i] = part, first, 2 * (index - first) + 1
end

-- own: the shard and the entries ahead there of a player; nil for a position.
local function window_of_many(score, member, own)
  local up, down, before, own_index = new_side(), new_side(), 0, nil
  for i, shard in ipairs(shards) do
    if own and own.shard == shard then own_index = i end
    local part, first, ahead = part_about(shard, own_index == i and own.before or nil, score, member)
    begin_at(up, i, part, first, ahead - 1)
    begin_at(down, i, part, first, own_index == i and ahead + 1 or ahead)
    before = before + ahead
  end
  local ahead, behind = reach_of(before, own)
  local picked, next = {members = {}, holders = {}}, ahead + 1
  pick(picked, ahead, ahead, -1, up)
  if own then
    picked.members[next], picked.holders[next] = member, own_index
    next = next + 1
  end
  pick(picked, next, behind, 1, down)
  local first = ahead > 0 and picked.members[1]
  return window_of(picked, {before, ahead, better_of(shards[picked.holders[1]], first, score, member)})
end

-- The entries behind the first `before` ones of all shards. Those between the place that is found
-- and them get places in front of the window, which are left out.
local function window_behind(before)
  local counts, off = find_rank(shards, total, before)
  local up, down, picked = new_side(), new_side(), {members = {}, holders = {}}
  for i, shard in ipairs(shards) do
    local part, first = part_about(shard, counts[i])
    begin_at(up, i, part, first, counts[i] - 1)
    begin_at(down, i, part, first, counts[i])
  end
  local size = min(below, total - before)
  pick(picked, -off, max(0, -off), -1, up)
  pick(picked, 1 - off, max(0, size + off), 1, down)
  for place = size + 1, -off do picked.members[place], picked.holders[place] = nil, nil end
  return window_of(picked, {before, 0, better_of(shards[picked.holders[1]], picked.members[1])})
end

local reply = {total, away}
if players > 0 then
  local holders, records, befores = find_holders(shards, per_region, FIRST_ARG, players)
  for player = 1, players do
    local holder, record, before = holders[player], records[player], befores[player]
    if not holder then
      reply[player + 2] = false
    else
      local own_score, own_member = ranked_of(record), member_of(record, ARGV[FIRST_ARG + player - 1])
      local own = {shard = holder, before = before}
      reply[player + 2] = is_one and window_of_one(holder, before, own, own_score, own_member)
        or window_of_many(own_score, own_member, own)
    end
  end
end
for place = FIRST_ARG + players * (per_region > 1 and 2 or 1), #ARGV, ITEM_ARGS do
  take_item(place)
  local only, rank = is_one and shards[1], score == '' and min(tonumber(member), total)
  if only and rank then
    reply[#reply + 1] = window_of_one(only, rank, nil)
  elseif only then
    reply[#reply + 1] = window_of_one(only, count_ahead(only.board, score, member), nil, score, member)
  else
    reply[#reply + 1] = rank and window_behind(rank) or window_of_many(score, member, nil)
  end
end
return reply
