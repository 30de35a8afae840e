#!lua flags=no-writes
--[[
Where players or positions stand among the entries of the shards of a view that are on one server,
several in one call, at one moment.

KEYS of each shard (several shards only where the server is no node of a cluster)
     board    zset    ranked score -> <place><user_id>
     entries  hash    user_id -> record, see records.ts
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written; absent in an emptied store
     boards   hash    board -> <revision> <state> and its season
ARGV partitions  the number of partitions that the caller is configured with
     board_id    the board
     revision    of the definition that the caller goes by
     wanted      season, as refusal_of has it
     per_region  shards of a region
     players     how many players are looked for
     shared      1 to count better entries alone, as shared ranks do, else 0
     sub_digits  digits of the sub-score's key in a member, 0 on a board without
     then players as find_holders has them; then, for each position, score and member
Reply {numbers, holders, away, record...}. numbers is one text, which costs both sides less than a
      list: the total, then for each player and each position the entries strictly ahead, or those
      that are better. holders:
      the places in the call, from 0, of the shards that hold the players; empty in a call for one
      shard. away: as shards_of_call has it. A record for each player, false for one who is on none
      of the shards. A word as refusal_of has it where it refuses.
Uses  shards_of_call, total_of, find_holders, count_on_others, count_better_on, ranked_of, member_of, place_of

Cost: for each shard O(log N), and the cost of count_ahead, for each player and position.
]]
local refused, shards, away = shards_of_call(FIRST_KEY - 1, per_region, partitions, board_id, revision, wanted)
if refused then return refused end
local total = total_of(shards)
local is_one = #KEYS < FIRST_KEY
local numbers, places, reply = {total}, {}, {}
if players > 0 then
  local holders, records, befores = find_holders(shards, per_region, FIRST_ARG, players)
  for player = 1, players do
    local holder, record, before = holders[player], records[player], befores[player]
    if holder and shared then
      before = count_better_on(shards, ranked_of(record), place_of(record), sub_digits)
    elseif holder and not is_one then
      local member = member_of(record, ARGV[FIRST_ARG + player - 1])
      before = before + count_on_others(shards, holder, ranked_of(record), member)
    end
    numbers[player + 1] = before or 0
    places[player] = holder and holder.number or 0
    reply[player + 3] = record or false
  end
end
for place = FIRST_ARG + players * (per_region > 1 and 2 or 1), #ARGV, ITEM_ARGS do
  take_item(place)
  numbers[#numbers + 1] = shared and count_better_on(shards, score, member, sub_digits)
    or count_on_others(shards, nil, score, member)
end
reply[1], reply[3] = table.concat(numbers, ' '), away
reply[2] = is_one and '' or table.concat(places, ' ')
return reply
