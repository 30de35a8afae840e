#!lua flags=no-writes
--[[
The best entries of each of the shards of a view that are on one server, unless the caller has them
already, at one moment.

KEYS of each shard (several shards only where the server is no node of a cluster)
     board    zset    ranked score -> <place><user_id>
     entries  hash    user_id -> record, see records.ts
     split    string  how many partitions the region has; absent until a service writes it
     fence    string  the run of the server that may be written; absent in an emptied store
     boards   hash    board -> <revision> <state> and its season
     details  hash    user_id -> <attempts> <metadata>, of entries that have either
     clock    string  last version given out on the shard: every change of a ranking raises it
ARGV partitions  the number of partitions that the caller is configured with
     board_id    the board
     revision    of the definition that the caller goes by
     wanted      season, as refusal_of has it
     per_region  shards of a region
     place_digits  digits in front of the user_id in a member
     with_details  1 to read the details, too, else 0
     then, for each shard
     limit       entries
     known       the clock at which the caller has read as many, or empty
Reply {away, top...}. away: as shards_of_call has it. A top of each shard that is not left out:
      {clock, total, entries}, where clock is empty if there is none, and entries as read_slice
      replies; {clock} alone when it is the known one. A word as refusal_of has it where it refuses.
Uses  shards_of_call, read_slice
]]
local keys_of_shard = FIRST_KEY - 1
local refused, shards, away = shards_of_call(keys_of_shard, per_region, partitions, board_id, revision, wanted)
if refused then return refused end
local reply = {away}
for i, shard in ipairs(shards) do
  take_item(FIRST_ARG + shard.number * ITEM_ARGS)
  local first_key = shard.number * keys_of_shard
  local present = redis.call('GET', KEYS[first_key + 7]) or ''
  if present ~= '' and present == known then
    reply[i + 1] = {present}
  else
    local total = redis.call('ZCARD', shard.board)
    local hash = with_details and KEYS[first_key + 6]
    local top = total > 0 and read_slice(shard.board, shard.entries, 0, limit - 1, place_digits, hash) or {}
    reply[i + 1] = {present, total, top}
  end
end
return reply
