--[[
The shards of one call: those of a view on one server, region by region, `per_region` of each. Each
has `keys_of_shard` keys: board, entries, split, fence, boards, and further ones. A server that is a
node of a cluster is asked for one shard a call, because it refuses keys of several slots.

shards_of_call(keys_of_shard, per_region, partitions, board_id, revision, wanted): a word of
    refusal_of where a shard refuses with another than 'away', else nil; the shards that are read;
    and, as one text, the places in the call, from 0, of the shards that are away. The other shards
    of their regions are left out, too.
total_of(shards): their entries.
find_holders(shards, per_region, first, count): the shard, the record and the entries ahead on that
    shard of each of `count` players; nothing for those whom no shard holds. The user_ids are the
    arguments from `first` on. Where a region has several shards, as many arguments follow: which of
    them a player belongs to, from 0. Of two shards that hold a player, the newer record counts.
count_on_others(shards, holder, score, member): the entries ahead of a position on all shards but the
    holder's, which may be nil.
count_better_on(shards, score, member, sub_digits): the entries on all shards that are better than a
    position, as count_better has it.
ranked_of(record): the ranked score of a record, as text.
]]
local function shards_of_call(keys_of_shard, per_region, partitions, board_id, revision, wanted)
  local shards, away, is_away = {}, {}, {}
  for key = 1, #KEYS, keys_of_shard do
    local number = (key - 1) / keys_of_shard
    local region = math.floor(number / per_region)
    local refused = refusal_of(KEYS[key + 2], partitions, KEYS[key + 3], KEYS[key + 4], board_id, revision, wanted)
    if refused == 'away' then
      away[#away + 1], is_away[region] = number, true
    elseif refused then
      return refused
    end
    shards[#shards + 1] = {
      number = number, region = region, part = number % per_region, board = KEYS[key], entries = KEYS[key + 1]
    }
  end
  if #away == 0 then return nil, shards, '' end
  local read = {}
  for _, shard in ipairs(shards) do
    if not is_away[shard.region] then read[#read + 1] = shard end
  end
  return nil, read, table.concat(away, ' ')
end

local function total_of(shards)
  local total = 0
  for _, shard in ipairs(shards) do
    shard.total = redis.call('ZCARD', shard.board)
    total = total + shard.total
  end
  return total
end

-- The players by the part of a region that they belong to.
local function players_by_part(first, count)
  local parts = {}
  for player = 1, count do
    local part = tonumber(ARGV[first + count + player - 1])
    parts[part] = parts[part] or {players = {}, ids = {}}
    local of_part = parts[part]
    of_part.players[#of_part.players + 1] = player
    of_part.ids[#of_part.ids + 1] = ARGV[first + player - 1]
  end
  return parts
end

local function ranked_of(record) return string.match(record, '^%d+ %d+ (%-?%d+)') or '0' end
local function version_of(record) return tonumber(string.match(record, '^%d+ (%d+)') or '0') end

local function find_holders(shards, per_region, first, count)
  local holders, records, befores = {}, {}, {}
  local function take(shard, player, id, record)
    if not record or (holders[player] and version_of(record) <= version_of(records[player])) then return end
    local before = redis.call('ZREVRANK', shard.board, member_of(record, id))
    if before then holders[player], records[player], befores[player] = shard, record, before end
  end
  if per_region == 1 then
    for _, shard in ipairs(shards) do
      local found = redis.call('HMGET', shard.entries, unpack(ARGV, first, first + count - 1))
      for player = 1, count do take(shard, player, ARGV[first + player - 1], found[player]) end
    end
    return holders, records, befores
  end
  local parts = players_by_part(first, count)
  for _, shard in ipairs(shards) do
    local of_part = parts[shard.part]
    local found = of_part and redis.call('HMGET', shard.entries, unpack(of_part.ids)) or {}
    for i = 1, #found do take(shard, of_part.players[i], of_part.ids[i], found[i]) end
  end
  return holders, records, befores
end

local function count_on_others(shards, holder, score, member)
  local ahead = 0
  for _, shard in ipairs(shards) do
    if shard ~= holder then ahead = ahead + count_ahead(shard.board, score, member) end
  end
  return ahead
end

local function count_better_on(shards, score, member, sub_digits)
  local better = 0
  for _, shard in ipairs(shards) do better = better + count_better(shard.board, score, member, sub_digits) end
  return better
end
