#!lua
--[[
Writes scores on one board of one shard, one after another: sets one, adds to it, or creates the
entry. For each write ranking, record and queue change together or not at all, also where another
write is refused.

KEYS queue       list    score events waiting for PostgreSQL
     clock       string  last version given out on the shard
     board       zset    ranked score -> <place><user_id>
     hidden      zset    the same for players who are hidden
     entries     hash    user_id -> record, see records.ts
     details     hash    user_id -> <attempts> <metadata>, of entries that have either
     split       string  how many partitions the region has; absent until a service writes it
     visibility  hash    user_id -> <version> hidden|visible <name>, of players whom operators hid or renamed
     fence       string  the run of the server that may be written
     boards      hash    board -> <revision> <state> and its season
     then for each write
       erased    string  version and account of an erasure of the player
       and, where the write names an idempotency key
       newer     hash    digest of account and key -> <fingerprint> <answer>
       older     hash    the same, of the day before or of the answers before the last KEPT_MAX
       legacy    string  the answer that release 0.1 kept for the key
ARGV run            of the server that this is sent to
     queue_max      events; at this length writes are refused
     is_whole_view  1 when the rank on this shard is the rank over the view, else 0
     partitions     the number of partitions that the caller is configured with
     kept_ttl       seconds that an answer is kept at least
     board_id       the board
     revision       of the definition that the caller goes by
     is_ascending   1 where the lowest score is the best: then ranked scores are negated, else 0
     score_max      what no score of the board passes, either way
     least, most    bounds of a resulting ranked score, empty where there are none
     sub_order      desc | asc, empty on a board without sub-scores
     attempts_max   writes that a player has on the board, empty where that has no bound
     ends_at        microseconds, from which on the board is not written, empty where it has no end
     season         whose keys these are, empty on a board without seasons
     season_tail    JSON members of a season's end that do not change here, with the closing brace
     then for each write
       operation    set | best | add | create, or none for a write that the board does not take
       user_id
       value        ranked score or its delta, in units
       sub          sub-score, or what is added to it; 0 on a board without
       metadata     JSON object, null to clear it, empty to leave it
       event_tail   JSON members of the event that do not change here, with the closing brace
       name
       account      that the player writes with, empty where there is none
       fingerprint  of the request that owns the idempotency key, empty where there is none
       field        digest of account and idempotency key, empty where there is none
       guard        the season that alone the write is for, empty where it is for the one that runs
       shared       1 where the ranks of the answer are shared by equal entries, else 0
Reply for each write '<replayed 0|1> <outcome>', and after ok
      ' <ranked score> <updated_at in microseconds> <place> <rank> <is it final 0|1|2> <effect>
      <ranked score before> <place before> <rank before> <total>', and a line break and <name> where
      an operator gave the player one, which stands in place of the token's:
      one text, as each element of a list costs both sides more than its content.
      place: '-' where it follows from updated_at. place before: '-' where the rank is final.
      Ranks and total are those on this shard where the rank is not final: 2 says that they are
      shared ones. The rank of a hidden
      player, and that before of one who had none, is 0.
      effect: none | same | place, whether nothing was written, or the entry without its place in
      the ranking, or both.
      Behind the total, on a board with seasons, ' <season> <starts> <ends>'.
      An answer that an earlier release kept ends behind <is it final>.
      outcome: ok | entry_exists | score_out_of_range | score_out_of_bounds <ranked score> |
               attempts_exhausted <attempts> | board_ended | season_ended <season> |
               board_not_started | idempotency_conflict | queue_full | moved | closed | erased |
               unknown | stale | none | season <season> | unplanned
      unknown: the shard does not know the board. stale: it knows another revision of it. season:
      the write belongs to that one, and comes again with its keys. unplanned: the shard does not
      know the season that it belongs to.
      '! <error>' where Redis refused a command: nothing of that write was done.

Guarantee: every key that a write will change is read first, and the queue is written first, so a
wrong type or a refusal for memory comes before anything has changed. Versions are unique on the
shard and only grow.
The season of a write is that of its version, one by one. The first version behind an end ends the
season here: the event of the end comes behind every write of it, also where the queue is full.
Uses  is_open, is_moved, last_version, next_version, time_us, digits, is_hidden, given_name,
      count_better, is_account_erased, is_entry_erased, place_of, SUB_DIGITS, details_of, score_event, record_of,
      running_of, is_over, roll_over
]]
local KEYS_OF_ANSWER, FINGERPRINT_DIGITS = 3, 10
local SCORE_MAX = 9007199254740991 -- 2^53-1: the largest integer that a sorted set holds exactly
-- Answers of one player in the newer hash: 1,000 take some 80 KB. The older hash holds as many at
-- the most.
local KEPT_MAX = 1000

local queued = redis.call('LLEN', queue)
local last = last_version(clock)
local version, now = last, time_us()
local known = redis.call('HGET', boards, board_id)
-- The answer to all writes of a call that may do none. It is one local because a function of Lua
-- has at most 60 upvalues, which `write` comes close to.
local refused = is_moved(split, partitions) and '0 moved' or not is_open(fence, run) and '0 closed'
  or not known and '0 unknown' or string.match(known, '^%d+') ~= revision and '0 stale'
local total -- of the board, counted on by each write
local floor, ceiling, ends = tonumber(least), tonumber(most), tonumber(ends_at)
local has_sub, is_counted = sub_order ~= '', attempts_max ~= ''
local running, _, starts, season_ends = running_of(known)
local has_details = is_counted or redis.call('EXISTS', details) == 1

-- The key of a sub-score in a place is greater the better.
local function to_sub_key(sub_score)
  return digits16(sub_order == 'asc' and SCORE_MAX - sub_score or sub_score)
end
local function sub_of(sub_key)
  return sub_order == 'asc' and SCORE_MAX - tonumber(sub_key) or tonumber(sub_key)
end

local function better_than(score, place)
  return count_better(board, score, place, has_sub and SUB_DIGITS or 0)
end

-- Finds the kept answer for an idempotency key; returns it with the Redis key that holds it.
-- Answers of release 0.1 name no account, so they are ignored once the player was erased.
local function find_answer(answers, field, erasure)
  local kept = redis.call('HGET', answers.newer, field)
  if kept then return kept, answers.newer end
  kept = redis.call('HGET', answers.older, field)
  if kept then return kept, answers.older end
  kept = redis.call('GET', answers.legacy)
  if kept and not erasure then return kept, answers.legacy end
end

-- The end of the event with another name. No quote of a value ends a member's name: quotes in
-- values are escaped.
local function with_name(tail, given)
  local first = string.find(tail, '"name":', 1, true)
  local behind = string.find(tail, ',"region":', 1, true)
  return string.sub(tail, 1, first + 6) .. cjson.encode(given) .. string.sub(tail, behind)
end

-- The counts of a season that ends; one without writes has no entries.
local function entries_of(number)
  if number ~= tonumber(season) then return 0, 0 end
  return redis.call('ZCARD', board), redis.call('ZCARD', hidden)
end

-- Whether a version is of the season whose keys these are: nil, or the outcome of a write that is
-- of another. Ends the seasons that are over.
local function find_other_season(given)
  if not running then return 'unplanned' end
  if running ~= season then return 'season ' .. running end
  if given < tonumber(season_ends) then return nil end
  local text, newest, events = roll_over(known, given, version, entries_of)
  if text then
    for i, event in ipairs(events) do events[i] = event .. season_tail end
    redis.call('LPUSH', queue, unpack(events))
    redis.call('HSET', boards, board_id, text)
    queued, version, known = queued + #events, newest, text
    running, _, starts, season_ends = running_of(known)
  end
  return is_over(known, given) and 'unplanned' or 'season ' .. running
end

local function keep_answer(answers, field, text)
  local held = redis.call('HLEN', answers.newer)
  if held >= KEPT_MAX or held > 0 and redis.call('TTL', answers.newer) < kept_ttl then
    redis.call('RENAME', answers.newer, answers.older)
    held = 0
  end
  redis.call('HSET', answers.newer, field, text)
  if held == 0 then redis.call('EXPIRE', answers.newer, 2 * kept_ttl) end
end

-- Writes the item that was taken. `answers` holds the keys of kept answers, nil without an
-- idempotency key.
local function write(erased, answers)
  if refused then return refused end

  -- The account may be gone while a ranker still lets its token in.
  local erasure = redis.call('GET', erased)
  if is_account_erased(erasure, account) then return '0 erased' end

  local digest
  if answers then
    digest = string.sub(redis.sha1hex(fingerprint), 1, FINGERPRINT_DIGITS)
    local kept, place = find_answer(answers, field, erasure)
    if kept then
      local owner, answer = string.match(kept, '^(%S+) (.*)$')
      if owner ~= digest and owner ~= fingerprint then return '0 idempotency_conflict' end
      -- Written again for WAIT, which confirms a connection's own writes: another connection may
      -- have kept the answer.
      if place == answers.legacy then
        redis.call('SET', place, kept, 'KEEPTTL')
      else
        redis.call('HSET', place, field, kept)
      end
      local given = given_name(redis.call('HGET', visibility, user_id))
      return '1 ' .. answer .. (given and '\n' .. given or '')
    end
  end

  if operation == 'none' then return '0 none' end

  local given = next_version(version, now)
  if season ~= '' then
    local other = find_other_season(given)
    if other then return '0 ' .. other end
    if given < tonumber(starts) then return '0 board_not_started' end
  end

  local record = redis.call('HGET', entries, user_id)
  -- A hidden player's scores are written in the same way, to a ranking that no read looks at.
  local seen = redis.call('HGET', visibility, user_id)
  local is_unseen, given_to = is_hidden(seen), given_name(seen)
  local ranking = is_unseen and hidden or board
  local old_place = place_of(record)
  local old_member = old_place .. user_id
  local old_score, old_ranking = redis.call('ZSCORE', ranking, old_member), ranking
  -- Acts on a player go over the boards page by page, and this board may still be as it was before.
  if record and not old_score then
    old_ranking = is_unseen and board or hidden
    old_score = redis.call('ZSCORE', old_ranking, old_member)
  end
  if is_entry_erased(record, erasure) then old_score = nil end
  local old = old_score and tonumber(old_score)
  local old_sub_key = has_sub and string.sub(old_place, 1, SUB_DIGITS) or ''
  local old_details = has_details and redis.call('HGET', details, user_id)
  local attempts, kept_metadata = details_of(old and old_details)
  if is_unseen then redis.call('ZCARD', board) end

  -- A refusal is kept under the idempotency key, too: repeats get the first answer.
  local function refuse(outcome)
    if answers then keep_answer(answers, field, digest .. ' ' .. outcome) end
    return '0 ' .. outcome
  end

  if guard ~= '' and guard ~= season then return refuse('season_ended ' .. season) end
  local score, new_sub = value, sub
  if operation == 'add' and old then
    score = score + old
    if has_sub then new_sub = new_sub + sub_of(old_sub_key) end
  end
  local sub_key = has_sub and to_sub_key(new_sub) or ''
  -- All digits, which every locale orders alike.
  local is_better = not old or score > old or score == old and sub_key > old_sub_key
  local is_kept = operation == 'best' and not is_better
  if is_kept then
    score, sub_key = old, old_sub_key
    if has_sub then new_sub = sub_of(old_sub_key) end
  end
  local writes_nothing = is_kept and not is_counted
  if queued >= queue_max and not writes_nothing then return '0 queue_full' end

  if ends and given >= ends then return refuse('board_ended') end
  if operation == 'create' and old then return refuse('entry_exists') end
  if score > score_max or score < -score_max or new_sub > SCORE_MAX then return refuse('score_out_of_range') end
  -- A score that stays may be from before the bounds.
  if not is_kept and (floor and score < floor or ceiling and score > ceiling) then
    return refuse('score_out_of_bounds ' .. digits(score))
  end
  if is_counted then
    if tonumber(attempts) >= tonumber(attempts_max) then return refuse('attempts_exhausted ' .. attempts) end
    attempts = digits(attempts + 1)
  end

  -- An equal score keeps its place in line; a score that was left and reached again is a new
  -- arrival.
  local is_arrival = not old or old ~= score or sub_key ~= old_sub_key
  local place = is_arrival and sub_key .. digits16(SCORE_MAX - given) or old_place
  local member = place .. user_id
  local score_text, version_text = digits(score), digits(given)
  local old_rank = old and not is_unseen and redis.call('ZREVRANK', board, old_member)
  if old_rank and shared then old_rank = better_than(old_score, old_place) end
  total = total or redis.call('ZCARD', board)

  if writes_nothing then
    version_text = string.match(record, '^%d+ (%d+)') or version_text
  else
    local entry = {
      ranked = score_text,
      score = is_ascending and digits(0 - score) or score_text,
      sub = has_sub and digits(new_sub) or nil,
      place = place,
      reached_at = is_arrival and version_text or nil,
      updated_at = version_text
    }
    local new_metadata = kept_metadata
    if metadata ~= '' and not is_kept then new_metadata = metadata == 'null' and '' or metadata end
    if attempts ~= '0' or new_metadata ~= '' then entry.details = attempts .. ' ' .. new_metadata end
    redis.call('LPUSH', queue, score_event(entry, given_to and with_name(event_tail, given_to) or event_tail))
    queued, version = queued + 1, given
    if is_arrival or old_ranking ~= ranking then
      if record then
        local removed = redis.call('ZREM', old_ranking, old_member)
        if old_ranking == board then total = total - removed end
      end
      local added = redis.call('ZADD', ranking, score_text, member)
      if ranking == board then total = total + added end
    end
    redis.call('HSET', entries, user_id, record_of(entry, given_to or name))
    if entry.details then
      redis.call('HSET', details, user_id, entry.details)
      has_details = true
    elseif has_details then
      redis.call('HDEL', details, user_id)
    end
  end

  local rank = is_unseen and 0
    or (old_rank and member == old_member and old_rank
      or shared and better_than(score_text, place) or redis.call('ZREVRANK', board, member)) + 1
  -- Numbers in `..` would take ten times as long.
  local answer = string.format('ok %s %s %s %d %s %s %s %s %d %d', score_text, version_text,
    is_arrival and not has_sub and '-' or place, rank, (is_unseen or is_whole_view) and '1' or shared and '2' or '0',
    writes_nothing and 'none' or is_arrival and 'place' or 'same', old and old_score or '-',
    old and not is_whole_view and old_place or '-', old_rank and old_rank + 1 or 0, total)
  if season ~= '' then answer = answer .. ' ' .. season .. ' ' .. starts .. ' ' .. season_ends end
  if answers then keep_answer(answers, field, digest .. ' ' .. answer) end
  return '0 ' .. answer .. (given_to and '\n' .. given_to or '')
end

local replies, key = {}, FIRST_KEY
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local erased, answers = KEYS[key], nil
  key = key + 1
  if fingerprint ~= '' then
    answers = {newer = KEYS[key], older = KEYS[key + 1], legacy = KEYS[key + 2]}
    key = key + KEYS_OF_ANSWER
  end
  local is_done, reply = pcall(write, erased, answers)
  replies[#replies + 1] = is_done and reply or '! ' .. (type(reply) == 'table' and reply.err or tostring(reply))
end
-- Once for all writes: versions between are in the entries.
if version > last then redis.call('SET', clock, digits(version)) end
return replies
