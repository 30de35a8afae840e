#!lua flags=no-writes
--[[
Entries of each of the shards of a view that are on one server, spread evenly between two positions,
at one moment: the caller looks for a rank over several servers.

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
     samples     how many entries of each shard, at most
     from_score, from_member  the position that the entries are not ahead of
     to_score, to_member      the position that they are ahead of
Reply {away, shard...}. away: as shards_of_call has it. A text for each shard that is not left out:
      "<entries> <low> <high>", which of them are ahead of the two positions, and " <index> <score>
      <member>" for each sample. A word as refusal_of has it where it refuses.
Uses  shards_of_call, total_of, count_ahead

Cost: for each shard twice that of count_ahead, and O(log N) for each sample.
]]
local refused, shards, away = shards_of_call(FIRST_KEY - 1, per_region, partitions, board_id, revision, wanted)
if refused then return refused end
total_of(shards)
local reply = {away}
for i, shard in ipairs(shards) do
  local low = count_ahead(shard.board, from_score, from_member)
  local high = math.max(low, count_ahead(shard.board, to_score, to_member))
  local count = math.min(samples, high - low)
  local texts = {shard.total, low, high}
  for sample = 0, count - 1 do
    local index = low + math.floor(sample * (high - low) / count)
    local found = redis.call('ZREVRANGE', shard.board, index, index, 'WITHSCORES')
    local at = 3 * sample + 3
    texts[at + 1], texts[at + 2], texts[at + 3] = index, found[2], found[1]
  end
  reply[i + 1] = table.concat(texts, ' ')
end
return reply
