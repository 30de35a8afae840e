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
     8... for each write
       erased   string version and account of an erasure of the player
       once     string the answer kept for an idempotency key; left out where the write names none
ARGV 1 queue bound events; at this length writes are refused
     2 sealed      1 when the rank on this shard is the rank over the view, else 0
     3 partitions  what the caller takes the split to be
     4 once TTL    seconds
     5... for each write
       operation   set | add | create
       user_id
       value       integer, the score or the delta
       event tail  JSON members of the event that do not change here, with the closing brace
       name
       account     that the player writes with, empty where there is none
       fingerprint digest of the request that owns the idempotency key, empty where there is none
Reply for each write '<replayed 0|1> <outcome>', and after ok ' <score> <updated_at in microseconds> <member> <rank>
      <is it final 0|1>': one text, as each element of a list costs either side more than all that is in it.
      A rank that is not final is the one on this shard. That of a hidden player is 0, and final.
      outcome: ok | entry_exists | score_out_of_range | idempotency_conflict | queue_full | moved | erased
      '! <error>' where Redis refused a command: of that write nothing was done.

Guarantee: every key that a write will change is read first, and the queue is written first, so that a wrong type or a
refusal for memory comes before anything has changed. Versions are unique on the shard and only grow.
]]
local queue, clock, board, hidden, entries = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local split_key, visibility = KEYS[6], KEYS[7]
local queue_max, sealed, partitions, once_ttl = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

local FIRST_KEY, FIRST_ARGUMENT, ARGUMENTS = 8, 5, 7
local ARRIVAL_DIGITS = 16
local SCORE_MAX = 9007199254740991 -- 2^53-1: the integers that a double, and so a sorted set, holds exactly

local split = redis.call('GET', split_key)
local queued = redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function write(operation, user_id, value, event_tail, name, account, fingerprint, erased, once)
  -- The entries are elsewhere by now, or on their way: what is written here would be lost.
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
    if once then redis.call('SET', once, fingerprint .. ' ' .. outcome, 'EX', once_ttl) end
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
  local answer = 'ok ' .. score_text .. ' ' .. version_text .. ' ' .. member .. ' ' .. rank .. ' ' .. is_final
  if once then redis.call('SET', once, fingerprint .. ' ' .. answer, 'EX', once_ttl) end
  return '0 ' .. answer
end

local replies, key = {}, FIRST_KEY
for at = FIRST_ARGUMENT, #ARGV, ARGUMENTS do
  local operation, user_id, value, event_tail, name, account, fingerprint = unpack(ARGV, at, at + ARGUMENTS - 1)
  local erased, once = KEYS[key], fingerprint ~= '' and KEYS[key + 1] or nil
  key = key + (once and 2 or 1)
  local is_done, reply =
    pcall(write, operation, user_id, tonumber(value), event_tail, name, account, fingerprint, erased, once)
  replies[#replies + 1] = is_done and reply or '! ' .. (type(reply) == 'table' and reply.err or tostring(reply))
end
return replies
