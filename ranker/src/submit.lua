#!lua
--[[
Writes one score: sets it, adds to it, or creates the entry. Ranking, record and queue change together or not at all.

KEYS 1 queue    list   score events waiting for PostgreSQL
     2 clock    string last version given out on the shard
     3 board    zset   score -> <arrival><user_id>
     4 hidden   zset   the same for players who are hidden
     5 entries  hash   user_id -> <arrival> <updated_at> <score> <name>
     6 split    string how many partitions the region is split into; absent where nobody has written it down
     7 erased   string version and account of an erasure of the player
     8 visibility hash  user_id -> <version> hidden|visible, of those who were ever hidden
     9 once     string the answer kept for an idempotency key; absent when the request names none
ARGV 1 operation   set | add | create
     2 user_id
     3 value       integer, the score or the delta
     4 queue bound events; at this length writes are refused
     5 event tail  JSON members of the event that do not change here, with the closing brace
     6 name
     7 sealed      1 when the rank on this shard is the rank over the view, else 0
     8 partitions  what the caller takes the split to be
     9 account     that the player writes with, empty where there is none
    10 fingerprint digest of the request that owns the idempotency key
    11 once TTL    seconds
Reply '<replayed 0|1> <outcome>', and after ok ' <score> <updated_at in microseconds> <member> <rank> <is it final 0|1>':
      one text, as each element of a list costs either side more than all that is in it.
      A rank that is not final is the one on this shard. That of a hidden player is 0, and final.
      outcome: ok | entry_exists | score_out_of_range | idempotency_conflict | queue_full | moved | erased

Guarantee: every key that will be written is read first, and the queue is written first, so that a wrong type or a
refusal for memory comes before anything has changed. Versions are unique on the shard and only grow.
]]
local queue, clock, board, hidden, entries = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local split_key, erased, visibility, once = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local operation, user_id, value, queue_max = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local event_tail, name, sealed, partitions, account = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local fingerprint, once_ttl = ARGV[10], ARGV[11]

local ARRIVAL_DIGITS = 16
local SCORE_MAX = 9007199254740991 -- 2^53-1: the integers that a double, and so a sorted set, holds exactly

-- The entries are elsewhere by now, or on their way: what is written here would be lost.
local split = redis.call('GET', split_key)
if split and split ~= partitions then return '0 moved' end

-- The account may be gone while somebody who asked a moment ago still lets its token in.
local erasure = redis.call('GET', erased)
if erasure and account ~= '' and string.match(erasure, ' (.*)$') == account then return '0 erased' end

if once then
  local kept = redis.call('GET', once)
  if kept then
    local owner, answer = string.match(kept, '^(%S+) (.*)$')
    if owner ~= fingerprint then return '0 idempotency_conflict' end
    -- Changes nothing, but for WAIT: it speaks of a connection's own writes, and another's may have kept the answer.
    redis.call('SET', once, kept, 'KEEPTTL')
    return '1 ' .. answer
  end
end

local queued = redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
local record = redis.call('HGET', entries, user_id)
-- A hidden player's scores are kept in the same way, only where no read looks.
local seen = redis.call('HGET', visibility, user_id)
local is_hidden = seen and string.sub(seen, -6) == 'hidden'
if is_hidden then board = hidden end
local arrival = record and string.sub(record, 1, ARRIVAL_DIGITS)
local old_score = redis.call('ZSCORE', board, (arrival or '') .. user_id)
if queued >= queue_max then return '0 queue_full' end

-- Keeps a refusal under the idempotency key too: the first answer is the answer.
local function refuse(outcome)
  if once then redis.call('SET', once, fingerprint .. ' ' .. outcome, 'EX', once_ttl) end
  return '0 ' .. outcome
end

if operation == 'create' and old_score then return refuse('entry_exists') end
local score = value
if operation == 'add' then score = value + tonumber(old_score or '0') end
if score > SCORE_MAX or score < -SCORE_MAX then return refuse('score_out_of_range') end

local time = redis.call('TIME')
local version = math.max(last_version + 1, time[1] * 1000000 + time[2])
-- A repeated equal score keeps its place in line; a score left and reached again is a new arrival.
local is_arrival = not old_score or tonumber(old_score) ~= score
local old_arrival = arrival
if is_arrival then arrival = string.format('%016.0f', SCORE_MAX - version) end

local score_text = string.format('%.0f', score)
local version_text = string.format('%.0f', version)
local reached_at = string.format('%.0f', SCORE_MAX - tonumber(arrival))

redis.call('LPUSH', queue, '{"score":"' .. score_text .. '","reached_at":"' .. reached_at
  .. '","updated_at":"' .. version_text .. '",' .. event_tail)
redis.call('SET', clock, version_text)
local member = arrival .. user_id
if is_arrival then
  if old_arrival then redis.call('ZREM', board, old_arrival .. user_id) end
  redis.call('ZADD', board, score_text, member)
end
redis.call('HSET', entries, user_id, arrival .. ' ' .. version_text .. ' ' .. score_text .. ' ' .. name)

local rank = 0
if is_hidden then sealed = 1 else rank = redis.call('ZREVRANK', board, member) + 1 end
local answer = 'ok ' .. score_text .. ' ' .. version_text .. ' ' .. member .. ' ' .. rank .. ' ' .. sealed
if once then redis.call('SET', once, fingerprint .. ' ' .. answer, 'EX', once_ttl) end
return '0 ' .. answer
