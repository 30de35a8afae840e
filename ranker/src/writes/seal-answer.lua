#!lua
--[[
Completes the answer kept for an idempotency key with the rank over all shards of the view, which
the ranker sums up after the write. The first rank to arrive is kept, so that all repeats of the key
read the same answer.

KEYS newer   hash    digest of account and key ->
                     <fingerprint> ok <score> <updated_at> <arrival> <rank> <sealed>
     older   hash    the same, of answers that are older
     legacy  string  the answer that release 0.1 kept for the key
ARGV field  digest of account and key
     rank   over the view
Reply the rank that the answer now holds; the given one when no answer is kept any more
]]
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
