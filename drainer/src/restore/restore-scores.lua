#!lua
--[[
Puts entries of one board back on their shard. An entry with a later version stays as it is.

KEYS board       zset    ranked score -> <place><user_id>
     hidden      zset    the same for players who are hidden
     entries     hash    user_id -> record, see records.ts
     details     hash    user_id -> <attempts> <metadata>, of entries that have either
     clock       string  last version given out on the shard
     visibility  hash    user_id -> <version> hidden|visible <name>
     boards      hash    board -> <revision> <state>
     then for each row
       erased    string  version and account of an erasure of the player
       removed   string  version of a removal of the entry
ARGV board_id
     season    that has to run at the version of each row; empty where it does not matter
     then for each row
       user_id, score, record
       detail    <attempts> <metadata>, empty where there is none
       version   of the record, microseconds
Reply the number of rows written, -1 where another season runs: then nothing was done

A row that is not newer than an erasure of its player, or a removal of the entry, is left out: that
is still on its way to PostgreSQL. So are all rows of a board that is being deleted.
Raises the clock, so that every later write is newer than the restored entries, and cached tops are
read again.
Uses  last_version, next_version, time_us, version_in, digits, is_hidden, is_deleting, place_of,
      running_of, is_over
]]
if is_deleting(boards, board_id) then return 0 end
local clock_before = last_version(clock)
redis.call('ZCARD', board)
redis.call('ZCARD', hidden)
redis.call('HGET', details, '')
local has_details = redis.call('EXISTS', details) == 1
local user_ids, latest = {}, next_version(clock_before, season == '' and 0 or time_us())
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  user_ids[#user_ids + 1] = user_id
  latest = math.max(latest, version)
end
if season ~= '' then
  local known = redis.call('HGET', boards, board_id)
  if running_of(known) ~= season or is_over(known, latest) then return -1 end
end
local present = redis.call('HMGET', entries, unpack(user_ids))
local seen = redis.call('HMGET', visibility, unpack(user_ids))
local erasures = redis.call('MGET', unpack(KEYS, FIRST_KEY))

-- One command for all rows: a call costs Redis more than the work in it.
local newest = clock_before
local ranked, concealed, recorded, replaced, detailed, plain = {}, {}, {}, {}, {}, {}
-- A hide that was cut off leaves the same member in both.
local not_ranked, not_concealed = {}, {}
for n = 1, #user_ids do
  take_item(FIRST_ARG + (n - 1) * ITEM_ARGS)
  local old = present[n]
  local old_version = old and tonumber(string.match(old, '^%d+ (%d+) ')) or 0
  local erased_at = math.max(version_in(erasures[2 * n - 1]), version_in(erasures[2 * n]))
  if version > erased_at and old_version <= version then
    local place, old_place = place_of(record), place_of(old)
    if old and old_place ~= place then replaced[#replaced + 1] = old_place .. user_id end
    local member = place .. user_id
    local list, strays = ranked, not_concealed
    if is_hidden(seen[n]) then list, strays = concealed, not_ranked end
    list[#list + 1], list[#list + 2] = score, member
    strays[#strays + 1] = member
    recorded[#recorded + 1], recorded[#recorded + 2] = user_id, record
    if detail == '' then
      plain[#plain + 1] = user_id
    else
      detailed[#detailed + 1], detailed[#detailed + 2] = user_id, detail
    end
    newest = math.max(newest, version)
  end
end
if #replaced > 0 then
  redis.call('ZREM', board, unpack(replaced))
  redis.call('ZREM', hidden, unpack(replaced))
end
if #not_ranked > 0 then redis.call('ZREM', board, unpack(not_ranked)) end
if #not_concealed > 0 then redis.call('ZREM', hidden, unpack(not_concealed)) end
if #ranked > 0 then redis.call('ZADD', board, unpack(ranked)) end
if #concealed > 0 then redis.call('ZADD', hidden, unpack(concealed)) end
if #recorded > 0 then redis.call('HSET', entries, unpack(recorded)) end
if has_details and #plain > 0 then redis.call('HDEL', details, unpack(plain)) end
if #detailed > 0 then redis.call('HSET', details, unpack(detailed)) end
if #recorded > 0 then redis.call('SET', clock, digits(math.max(newest, clock_before + 1))) end
return #recorded / 2
