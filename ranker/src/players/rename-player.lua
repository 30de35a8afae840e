#!lua
--[[
Gives a player another name on some boards of one shard, hidden or not, and queues each of these
entries for PostgreSQL, together. The first call of an act also writes and queues the name itself.
Running it again does no harm.

KEYS queue       list    score events waiting for PostgreSQL
     clock       string  last version given out on the shard
     split       string  how many partitions the region has; absent until a service writes it
     erased      string  version and account of an erasure of the player
     visibility  hash    user_id -> <version> hidden|visible <name>
     fence       string  the run of the server that may be written
     boards      hash    board -> <revision> <state> and its season
     then four for each board: ranking zset, hidden zset, entries hash, details hash
ARGV run         of the server that this is sent to
     user_id
     name
     event_tail  JSON members of the event that do not change here, with the closing brace
     account     of the player who is meant, empty where there is none
     partitions  the number of partitions that the caller is configured with
     is_first    1 for the first call of the act on the shard, else 0
     is_own      1 where the player does it, else 0
     own_name    the name that the player has in the account: one that an operator gave stays
     then for each board
       board_id
       entry_tail  the same of a score event
Reply those of the boards on which the player has a score; -1 where the region is split otherwise,
      or is being moved, -2 where the player was erased, -3 where the shard may not be written, -4
      where an operator gave another name: then nothing was done
Uses  is_open, is_moved, is_account_erased, is_entry_erased, last_version, next_version, time_us,
      digits, is_hidden, given_name, KEYS_OF_BOARD, place_of, score_event, record_of, values_of,
      running_of

Each entry gets a new version, so that the two stores agree on it; score and arrival stay. One of a
season that has ended is edited in PostgreSQL, as change-entry.lua does: no archived season takes a
score event. Later
writes take the name from the visibility: submit.lua reads it there.
A later call replies 0 and does nothing where the player has another name by now: the act that wrote
it goes over all boards itself. An entry that is older than an erasure is left to the erasure, and
one of a board that is being deleted to the deletion: an event behind theirs would bring it back to
PostgreSQL.
]]
-- Whether the season that a score event is of has ended here.
local function has_ended(board, tail)
  local running = running_of(redis.call('HGET', boards, board))
  return running and tonumber(string.match(tail, '^"board":"[^"@]*@(%d+)"') or '0') < tonumber(running)
end
local function is_deleting(board) return string.find(redis.call('HGET', boards, board) or '', '^%d+ deleting') ~= nil end

if is_moved(split, partitions) then return -1 end
if not is_open(fence, run) then return -3 end
local erasure = redis.call('GET', erased)
if is_account_erased(erasure, account) then return -2 end
local seen = redis.call('HGET', visibility, user_id)
local given = given_name(seen)
if is_own and given and given ~= own_name and given ~= name then return -4 end
if not is_first then
  if not seen then return -2 end
  if given ~= name then return 0 end
end

redis.call('LLEN', queue)
local version, now = last_version(clock), time_us()
local state = is_hidden(seen) and 'hidden' or 'visible'
local function take_version()
  version = next_version(version, now)
  return digits(version)
end

local events, records, changed = {}, {}, nil
if is_first then
  changed = take_version()
  events[1] = '{"hidden":' .. tostring(state == 'hidden') .. ',"name":' .. cjson.encode(name) .. ',"updated_at":"'
    .. changed .. '",' .. event_tail
end
local place = FIRST_ARG
for i = FIRST_KEY, #KEYS, KEYS_OF_BOARD do
  take_item(place)
  place = place + ITEM_ARGS
  local entries, details = KEYS[i + 2], KEYS[i + 3]
  local record = redis.call('HGET', entries, user_id)
  local ranked, score, sub = values_of(record)
  if ranked and not is_entry_erased(record, erasure) and not is_deleting(board_id) then
    local entry = {
      ranked = ranked, score = score, sub = sub, place = place_of(record), updated_at = take_version(),
      details = redis.call('HGET', details, user_id)
    }
    events[#events + 1] = has_ended(board_id, entry_tail)
      and '{"edited":true,"updated_at":"' .. entry.updated_at .. '",' .. entry_tail or score_event(entry, entry_tail)
    records[#records + 1] = {key = entries, text = record_of(entry, name)}
  end
end

if #events == 0 then return 0 end
redis.call('LPUSH', queue, unpack(events))
redis.call('SET', clock, digits(version))
if is_first then redis.call('HSET', visibility, user_id, changed .. ' ' .. state .. ' ' .. name) end
for _, record in ipairs(records) do redis.call('HSET', record.key, user_id, record.text) end
return #records
