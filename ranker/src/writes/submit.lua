#!lua
--[[
Writes scores on one board of one shard, one after another: sets one, adds to it, or creates the
entry. For each write ranking, record and queue change together or not at all, also where another
write is refused.

KEYS queue       list    score events waiting for PostgreSQL
     clock       string  last version given out on the shard
     board       zset    score -> <arrival><user_id>
     hidden      zset    the same for players who are hidden
     entries     hash    user_id -> <arrival> <updated_at> <score> <name>
     split       string  how many partitions the region has; absent until a service writes it
     visibility  hash    user_id -> <version> hidden|visible <name>, of players whom operators hid or renamed
     fence       string  the run of the server that may be written
     boards      hash    board -> <revision> <state>
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
     least, most    bounds of a resulting score, empty where there are none
     then for each write
       operation    set | add | create
       user_id
       value        integer, the score or the delta
       event_tail   JSON members of the event that do not change here, with the closing brace
       name
       account      that the player writes with, empty where there is none
       fingerprint  of the request that owns the idempotency key, empty where there is none
       field        digest of account and idempotency key, empty where there is none
Reply for each write '<replayed 0|1> <outcome>', and after ok
      ' <score> <updated_at in microseconds> <arrival> <rank> <is it final 0|1>', and ' <name>' where
      an operator gave the player one, which stands in place of the token's:
      one text, as each element of a list costs both sides more than its content.
      arrival: '-' where it follows from updated_at.
      A rank that is not final is that on this shard. The rank of a hidden player is 0, and final.
      outcome: ok | entry_exists | score_out_of_range | score_out_of_bounds | idempotency_conflict |
               queue_full | moved | closed | erased | unknown | stale
      unknown: the shard does not know the board. stale: it knows another revision of it.
      '! <error>' where Redis refused a command: nothing of that write was done.

Guarantee: every key that a write will change is read first, and the queue is written first, so a
wrong type or a refusal for memory comes before anything has changed. Versions are unique on the
shard and only grow.
Uses  is_open, is_moved, last_version, next_version, time_us, digits, is_hidden, given_name,
      is_account_erased, is_entry_erased, member_of, ARRIVAL_DIGITS
]]
local KEYS_OF_ANSWER, FINGERPRINT_DIGITS = 3, 10
local SCORE_MAX = 9007199254740991 -- 2^53-1: the largest integer that a sorted set holds exactly
-- Answers of one player in the newer hash: 1,000 take some 80 KB. The older hash holds as many at
-- the most.
local KEPT_MAX = 1000

local has_moved = is_moved(split, partitions)
local queued = redis.call('LLEN', queue)
local version = last_version(clock)
local now = time_us()
local is_closed = not is_open(fence, run)
local known = redis.call('HGET', boards, board_id)
local floor, ceiling = tonumber(least), tonumber(most)

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
  if has_moved then return '0 moved' end
  if is_closed then return '0 closed' end
  if not known then return '0 unknown' end
  if string.match(known, '^%d+') ~= revision then return '0 stale' end

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
      return '1 ' .. answer .. (given and string.sub(answer, 1, 3) == 'ok ' and ' ' .. given or '')
    end
  end

  local record = redis.call('HGET', entries, user_id)
  -- A hidden player's scores are written in the same way, to a ranking that no read looks at.
  local seen = redis.call('HGET', visibility, user_id)
  local is_unseen, given_to = is_hidden(seen), given_name(seen)
  local ranking = is_unseen and hidden or board
  local old_arrival = record and string.sub(record, 1, ARRIVAL_DIGITS)
  local old_member = member_of(record, user_id)
  local old_score, old_ranking = redis.call('ZSCORE', ranking, old_member), ranking
  -- Acts on a player go over the boards page by page, and this board may still be as it was before.
  if record and not old_score then
    old_ranking = is_unseen and board or hidden
    old_score = redis.call('ZSCORE', old_ranking, old_member)
  end
  if is_entry_erased(record, erasure) then old_score = nil end
  if queued >= queue_max then return '0 queue_full' end

  -- A refusal is kept under the idempotency key, too: repeats get the first answer.
  local function refuse(outcome)
    if answers then keep_answer(answers, field, digest .. ' ' .. outcome) end
    return '0 ' .. outcome
  end

  if operation == 'create' and old_score then return refuse('entry_exists') end
  local score = operation == 'add' and value + tonumber(old_score or '0') or value
  if score > SCORE_MAX or score < -SCORE_MAX then return refuse('score_out_of_range') end
  if floor and score < floor or ceiling and score > ceiling then return refuse('score_out_of_bounds') end

  local given = next_version(version, now)
  -- An equal score keeps its place in line; a score that was left and reached again is a new
  -- arrival.
  local is_arrival = not old_score or tonumber(old_score) ~= score
  local arrival = is_arrival and string.format('%016.0f', SCORE_MAX - given) or old_arrival

  local score_text, version_text = digits(score), digits(given)
  local reached_at = digits(SCORE_MAX - tonumber(arrival))
  redis.call('LPUSH', queue, '{"score":"' .. score_text .. '","reached_at":"' .. reached_at
    .. '","updated_at":"' .. version_text .. '",' .. (given_to and with_name(event_tail, given_to) or event_tail))
  queued, version = queued + 1, given
  redis.call('SET', clock, version_text)
  local member = arrival .. user_id
  if is_arrival or old_ranking ~= ranking then
    if record then redis.call('ZREM', old_ranking, old_member) end
    redis.call('ZADD', ranking, score_text, member)
  end
  redis.call('HSET', entries, user_id, arrival .. ' ' .. version_text .. ' ' .. score_text .. ' ' .. (given_to or name))

  local rank = is_unseen and 0 or redis.call('ZREVRANK', board, member) + 1
  local is_final = (is_unseen or is_whole_view) and 1 or 0
  local answer = 'ok ' .. score_text .. ' ' .. version_text .. ' ' .. (is_arrival and '-' or arrival) .. ' ' .. rank
    .. ' ' .. is_final
  if answers then keep_answer(answers, field, digest .. ' ' .. answer) end
  return '0 ' .. answer .. (given_to and ' ' .. given_to or '')
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
return replies
