#!lua
--[[
Writes scores on one board of one shard, one after another: sets one, adds to it, or creates the entry. For each of them
ranking, record and queue change together or not at all, whatever becomes of the others.

KEYS 1 queue    list   score events waiting for PostgreSQL
     2 clock    string last version given out on the shard
     3 board    zset   score -> <arrival><user_id>
     4 hidden   zset   the same for players who are hidden
     5 entries  hash   user_id -> <arrival> <updated_at> <score> <name>
     6 split    string how many partitions the region is split into; absent where nobody has written it down
     7 visibility hash  user_id -> <version> hidden|visible, of those who were ever hidden
     8 fence    string the run of the server on which the shard may be written
     9... for each write
       erased   string version and account of an erasure of the player
       and, where the write names an idempotency key
       newer    hash   digest of account and key -> <fingerprint> <answer>
       older    hash   the same, of the day before or of the answers before the last KEPT_MAX
       legacy   string the answer that release 0.1 kept for the key
ARGV 1 run         of the server that this is sent to
     2 queue bound events; at this length writes are refused
     3 sealed      1 when the rank on this shard is the rank over the view, else 0
     4 partitions  what the caller takes the split to be
     5 kept TTL    seconds that an answer is kept at least
     6... for each write
       operation   set | add | create
       user_id
       value       integer, the score or the delta
       event tail  JSON members of the event that do not change here, with the closing brace
       name
       account     that the player writes with, empty where there is none
       fingerprint of the request that owns the idempotency key, empty where there is none
       field       digest of account and idempotency key, empty where there is none
Reply for each write '<replayed 0|1> <outcome>', and after ok ' <score> <updated_at in microseconds> <arrival> <rank>
      <is it final 0|1>': one text, as each element of a list costs either side more than all that is in it.
      arrival: '-' where it follows from updated_at.
      A rank that is not final is the one on this shard. That of a hidden player is 0, and final.
      outcome: ok | entry_exists | score_out_of_range | idempotency_conflict | queue_full | moved | closed | erased
      '! <error>' where Redis refused a command: of that write nothing was done.

Guarantee: every key that a write will change is read first, and the queue is written first, so that a wrong type or a
refusal for memory comes before anything has changed. Versions are unique on the shard and only grow.
Uses  is_open
]]
local queue, clock, board, hidden, entries = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local split_key, visibility, fence = KEYS[6], KEYS[7], KEYS[8]
local run, queue_max, sealed, partitions, kept_ttl = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])

local FIRST_KEY, FIRST_ARGUMENT, ARGUMENTS, KEYS_OF_ANSWER = 9, 6, 8, 3
local ARRIVAL_DIGITS, FINGERPRINT_DIGITS = 16, 10
local SCORE_MAX = 9007199254740991 -- 2^53-1: the integers that a double, and so a sorted set, holds exactly
-- Answers of one player in the newer hash: 1,000 are some 80 KB. The older one holds as many at the most.
local KEPT_MAX = 1000

local split = redis.call('GET', split_key)
local queued = redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local is_closed = not is_open(fence, run)

-- The answer that is kept for a key, and the hash that holds it. One of release 0.1 names no account, so that it does not
-- outlive an erasure.
local function find_answer(newer, older, legacy, field, erasure)
  local kept = redis.call('HGET', newer, field)
  if kept then return kept, newer end
  kept = redis.call('HGET', older, field)
  if kept then return kept, older end
  kept = redis.call('GET', legacy)
  if kept and not erasure then return kept, legacy end
end

local function keep_answer(newer, older, field, text)
  local held = redis.call('HLEN', newer)
  if held >= KEPT_MAX or held > 0 and redis.call('TTL', newer) < kept_ttl then
    redis.call('RENAME', newer, older)
    held = 0
  end
  redis.call('HSET', newer, field, text)
  if held == 0 then redis.call('EXPIRE', newer, 2 * kept_ttl) end
end

local function write(operation, user_id, value, event_tail, name, account, fingerprint, field, erased, newer, older, legacy)
  -- The entries are elsewhere by now, or on their way: what is written here would be lost.
  if split and split ~= partitions then return '0 moved' end
  if is_closed then return '0 closed' end

  -- The account may be gone while a ranker that asked a moment ago still lets its token in.
  local erasure = redis.call('GET', erased)
  if erasure and account ~= '' and string.match(erasure, ' (.*)$') == account then return '0 erased' end

  local digest
  if newer then
    digest = string.sub(redis.sha1hex(fingerprint), 1, FINGERPRINT_DIGITS)
    local kept, place = find_answer(newer, older, legacy, field, erasure)
    if kept then
      local owner, answer = string.match(kept, '^(%S+) (.*)$')
      if owner ~= digest and owner ~= fingerprint then return '0 idempotency_conflict' end
      -- Changes nothing, but for WAIT: it speaks of a connection's own writes, and another's may have kept the answer.
      if place == legacy then redis.call('SET', legacy, kept, 'KEEPTTL') else redis.call('HSET', place, field, kept) end
      return '1 ' .. answer
    end
  end

  local record = redis.call('HGET', entries, user_id)
  -- A hidden player's scores are kept in the same way, only where no read looks.
  local seen = redis.call('HGET', visibility, user_id)
  local is_hidden = seen and string.sub(seen, -6) == 'hidden'
  local ranking = is_hidden and hidden or board
  local old_arrival = record and string.sub(record, 1, ARRIVAL_DIGITS)
  local old_score = redis.call('ZSCORE', ranking, (old_arrival or '') .. user_id)
  if queued >= queue_max then return '0 queue_full' end

  -- Keeps a refusal under the idempotency key too: the first answer is the answer.
  local function refuse(outcome)
    if newer then keep_answer(newer, older, field, digest .. ' ' .. outcome) end
    return '0 ' .. outcome
  end

  if operation == 'create' and old_score then return refuse('entry_exists') end
  local score = value
  if operation == 'add' then score = value + tonumber(old_score or '0') end
  if score > SCORE_MAX or score < -SCORE_MAX then return refuse('score_out_of_range') end

  local version = math.max(last_version + 1, now)
  -- A repeated equal score keeps its place in line; a score left and reached again is a new arrival.
  local is_arrival = not old_score or tonumber(old_score) ~= score
  local arrival = is_arrival and string.format('%016.0f', SCORE_MAX - version) or old_arrival

  local score_text = string.format('%.0f', score)
  local version_text = string.format('%.0f', version)
  local reached_at = string.format('%.0f', SCORE_MAX - tonumber(arrival))

  redis.call('LPUSH', queue, '{"score":"' .. score_text .. '","reached_at":"' .. reached_at
    .. '","updated_at":"' .. version_text .. '",' .. event_tail)
  queued, last_version = queued + 1, version
  redis.call('SET', clock, version_text)
  local member = arrival .. user_id
  if is_arrival then
    if old_arrival then redis.call('ZREM', ranking, old_arrival .. user_id) end
    redis.call('ZADD', ranking, score_text, member)
  end
  redis.call('HSET', entries, user_id, arrival .. ' ' .. version_text .. ' ' .. score_text .. ' ' .. name)

  local rank = is_hidden and 0 or redis.call('ZREVRANK', board, member) + 1
  local is_final = is_hidden and 1 or sealed
  local answer = 'ok ' .. score_text .. ' ' .. version_text .. ' ' .. (is_arrival and '-' or arrival) .. ' ' .. rank
    .. ' ' .. is_final
  if newer then keep_answer(newer, older, field, digest .. ' ' .. answer) end
  return '0 ' .. answer
end

local replies, key = {}, FIRST_KEY
for at = FIRST_ARGUMENT, #ARGV, ARGUMENTS do
  local operation, user_id, value, event_tail, name, account, fingerprint, field = unpack(ARGV, at, at + ARGUMENTS - 1)
  local erased, newer, older, legacy = KEYS[key], nil, nil, nil
  key = key + 1
  if fingerprint ~= '' then
    newer, older, legacy = KEYS[key], KEYS[key + 1], KEYS[key + 2]
    key = key + KEYS_OF_ANSWER
  end
  local is_done, reply = pcall(write, operation, user_id, tonumber(value), event_tail, name, account, fingerprint, field,
    erased, newer, older, legacy)
  replies[#replies + 1] = is_done and reply or '! ' .. (type(reply) == 'table' and reply.err or tostring(reply))
end
return replies
