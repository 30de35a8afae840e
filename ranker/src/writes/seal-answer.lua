#!lua
--[[
Completes the answer kept for an idempotency key with the rank over all shards of the view, which only the ranker can
sum up after the write. The first rank to arrive is kept, so that all who repeat the key read the same answer.

KEYS 1 newer  hash  digest of account and key -> <fingerprint> ok <score> <updated_at> <arrival> <rank> <sealed>
     2 older  hash  the same, of answers that are older
     3 legacy string the answer that release 0.1 kept for the key
ARGV 1 field  digest of account and key
     2 rank   over the view
Reply the rank that the answer now holds; the given one when nothing is kept any more.
]]
local newer, older, legacy = KEYS[1], KEYS[2], KEYS[3]
local field, rank = ARGV[1], ARGV[2]

local place = newer
local kept = redis.call('HGET', newer, field)
if not kept then
  place = older
  kept = redis.call('HGET', older, field)
end
if not kept then
  place = legacy
  kept = redis.call('GET', legacy)
end
if not kept then return rank end
local head, kept_rank, sealed = string.match(kept, '^(.*) (%d+) ([01])$')
if not head then return rank end
if sealed == '1' then return kept_rank end
local answer = head .. ' ' .. rank .. ' 1'
if place == legacy then redis.call('SET', legacy, answer, 'KEEPTTL') else redis.call('HSET', place, field, answer) end
return rank
