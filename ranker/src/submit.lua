#!lua
--[[
Writes one score: sets it, adds to it, or creates the entry. Ranking, profile and queue change together or not at all.

KEYS 1 queue     list   score events waiting for PostgreSQL
     2 clock     string last version given out on the shard
     3 board     zset   score -> <arrival><user_id>
     4 arrivals  hash   user_id -> arrival
     5 profile   hash   the player's profile
     6 erased    string version and account of an erasure of the player
     7 once      string the answer kept for an idempotency key; absent when the request names none
ARGV 1 operation     set | add | create
     2 user_id
     3 value         integer, the score or the delta
     4 queue bound   events; at this length writes are refused
     5 event tail    JSON members of the event that do not change here, with the closing brace
     6 version field profile field that takes the version on this board
     7 score field   profile field that takes the score, empty when the profile does not keep this board's
     8 name
     9 region
    10 fingerprint   digest of the request that owns the idempotency key
    11 once TTL      seconds
    12 sealed        1 when the rank on this shard is the final one
    13 account       that the player writes with, empty where there is none
Reply {outcome, replayed 0|1, score, updated_at in microseconds, member, rank, is the rank final 0|1}
      A rank that is not final is the one on this shard.
      outcome: ok | entry_exists | score_out_of_range | idempotency_conflict | queue_full | erased (then only the outcome)

Guarantee: every key that will be written is read first, and the queue is written first, so that a wrong type or a
refusal for memory comes before anything has changed. Versions are unique on the shard and only grow.
]]
local queue, clock, board, arrivals, profile, erased, once = unpack(KEYS)
local operation, user_id, value, queue_max = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local event_tail, version_field, score_field, name, region = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local fingerprint, once_ttl, sealed, account = ARGV[10], ARGV[11], ARGV[12], ARGV[13]

local SCORE_MAX = 9007199254740991 -- 2^53-1: the integers that a double, and so a sorted set, holds exactly

-- The account may be gone while somebody who asked a moment ago still lets its token in.
local erasure = redis.call('GET', erased)
if erasure and account ~= '' and string.match(erasure, ' (.*)$') == account then return {'erased'} end

if once then
  local kept = redis.call('GET', once)
  if kept then
    local reply = {}
    for part in string.gmatch(kept, '%S+') do reply[#reply + 1] = part end
    if table.remove(reply, 1) ~= fingerprint then return {'idempotency_conflict'} end
    table.insert(reply, 2, 1)
    return reply
  end
end

local queued = redis.call('LLEN', queue)
local last_version = tonumber(redis.call('GET', clock) or '0')
local arrival = redis.call('HGET', arrivals, user_id)
local old_score = redis.call('ZSCORE', board, (arrival or '') .. user_id)
redis.call('HEXISTS', profile, version_field)
if queued >= queue_max then return {'queue_full'} end

-- Keeps a refusal under the idempotency key too: the first answer is the answer.
local function refuse(outcome)
  if once then redis.call('SET', once, fingerprint .. ' ' .. outcome, 'EX', once_ttl) end
  return {outcome, 0}
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
if is_arrival then
  if old_arrival then redis.call('ZREM', board, old_arrival .. user_id) end
  redis.call('ZADD', board, score_text, arrival .. user_id)
  redis.call('HSET', arrivals, user_id, arrival)
end
redis.call('HSET', profile, 'name', name, 'region', region, version_field, version_text)
if score_field ~= '' then redis.call('HSET', profile, score_field, score_text) end

local member = arrival .. user_id
local rank = redis.call('ZREVRANK', board, member) + 1
if once then
  local answer = {fingerprint, 'ok', score_text, version_text, member, rank, sealed}
  redis.call('SET', once, table.concat(answer, ' '), 'EX', once_ttl)
end
return {'ok', 0, score_text, version_text, member, rank, sealed}
