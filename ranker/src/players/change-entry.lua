#!lua
--[[
Removes one entry of a player, or gives it another name or other metadata, hidden or not, and queues
that for PostgreSQL, together.

KEYS queue       list    score events waiting for PostgreSQL
     clock       string  last version given out on the shard
     split       string  how many partitions the region has; absent until a service writes it
     erased      string  version and account of an erasure of the player
     removed     string  version of the last removal of the entry
     fence       string  the run of the server that may be written
     boards      hash    board -> <revision> <state> and its season
     board       zset    ranked score -> <place><user_id>
     hidden      zset    the same for players who are hidden
     entries     hash    user_id -> record, see records.ts
     details     hash    user_id -> <attempts> <metadata>, of entries that have either
ARGV run         of the server that this is sent to
     user_id
     board_id
     revision    of the definition that the caller goes by
     wanted      <season> that must not have ended, <season> kept, or <season> final; empty on a board
                 without seasons
     partitions  the number of partitions that the caller is configured with
     act         remove | edit
     name        the new one, empty to leave it
     metadata    JSON object, null to clear it, empty to leave it
     event_tail  JSON members of the event that do not change here, with the closing brace
     ttl         of the note of a removal, seconds
Reply done | none, where the player has no entry | again, where it was removed before | moved | closed
      | stale, as the shard knows another revision of the board | ended, as the season has ended, or
      is over at the version of the act | archived, as the keys of the season may be gone. Nothing
      was done but for done.
Uses  is_open, is_moved, is_entry_erased, last_version, next_version, time_us, digits, place_of,
      member_of, details_of, score_event, record_of, values_of, running_of, is_over

An edited entry of a season that runs gets a new version, and is written to PostgreSQL as a whole.
The event of another season changes what is there, also in an archive. Of a final season Redis may
have nothing any more: the caller knows that the archive has the entry.
]]
-- What a client has spelled comes last: readers take the first member of a name.
local function edit_event(version)
  local members = name ~= '' and ',"name":' .. cjson.encode(name) or ''
  if metadata ~= '' then members = members .. ',"metadata":' .. metadata end
  return '{"edited":true,"updated_at":"' .. version .. '",' .. string.sub(event_tail, 1, -2) .. members .. '}'
end
local function removal_event(version) return '{"removed":true,"updated_at":"' .. version .. '",' .. event_tail end

-- The end of a score event. Names of boards and players need no escapes.
local function with_name(text)
  local at = string.find(event_tail, ',"region":', 1, true)
  return string.sub(event_tail, 1, at) .. '"name":' .. cjson.encode(text) .. string.sub(event_tail, at)
end

if is_moved(split, partitions) then return 'moved' end
if not is_open(fence, run) then return 'closed' end
local known = redis.call('HGET', boards, board_id)
if known and string.match(known, '^%d+') ~= revision then return 'stale' end
if string.find(known or '', '^%d+ deleting') then return 'none' end

redis.call('LLEN', queue)
local removed_before = redis.call('GET', removed)
local given = next_version(last_version(clock), time_us())
local version = digits(given)
local season, state = string.match(wanted, '^(%d+) ?(%l*)$')
if season and state ~= 'final' then
  local running, oldest = running_of(known)
  if not running then return 'none' end
  if state == '' and (tonumber(season) < tonumber(running) or is_over(known, given)) then return 'ended' end
  if state == 'kept' and tonumber(season) < tonumber(oldest) then return 'archived' end
end

if state == 'final' then
  redis.call('LPUSH', queue, act == 'remove' and removal_event(version) or edit_event(version))
  redis.call('SET', clock, version)
  if act == 'remove' then redis.call('SET', removed, version .. ' ', 'EX', ttl) end
  return 'done'
end

local record = redis.call('HGET', entries, user_id)
local ranked, score, sub = values_of(record)
if not ranked or is_entry_erased(record, redis.call('GET', erased)) then
  return act == 'remove' and removed_before and 'again' or 'none'
end
local member, kept = member_of(record, user_id), redis.call('HGET', details, user_id)
redis.call('ZSCORE', board, member)
redis.call('ZSCORE', hidden, member)

if act == 'remove' then
  redis.call('LPUSH', queue, removal_event(version))
  redis.call('SET', clock, version)
  redis.call('SET', removed, version .. ' ', 'EX', ttl)
  redis.call('ZREM', board, member)
  redis.call('ZREM', hidden, member)
  redis.call('HDEL', entries, user_id)
  redis.call('HDEL', details, user_id)
  return 'done'
end

local attempts, new_metadata = details_of(kept)
if metadata ~= '' then new_metadata = metadata == 'null' and '' or metadata end
local new_name = name ~= '' and name or string.match(record, '^%d+ %d+ %S+ (.*)$')
local entry = {ranked = ranked, score = score, sub = sub, place = place_of(record), updated_at = version}
if attempts ~= '0' or new_metadata ~= '' then entry.details = attempts .. ' ' .. new_metadata end
redis.call('LPUSH', queue, state == 'kept' and edit_event(version) or score_event(entry, with_name(new_name)))
redis.call('SET', clock, version)
redis.call('HSET', entries, user_id, record_of(entry, new_name))
if entry.details then redis.call('HSET', details, user_id, entry.details) else redis.call('HDEL', details, user_id) end
return 'done'
