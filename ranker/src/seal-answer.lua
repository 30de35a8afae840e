#!lua
--[[
Completes the answer kept for an idempotency key with the rank over all shards of the view, which only the ranker can
sum up after the write. The first rank to arrive is kept, so that all who repeat the key read the same answer.

KEYS 1 once  string, the kept answer: <fingerprint> ok <score> <updated_at> <member> <rank> <sealed>
ARGV 1 rank  over the view
Reply the rank that the answer now holds; the given one when nothing is kept any more.
]]
local once, rank = KEYS[1], ARGV[1]

local kept = redis.call('GET', once)
if not kept then return rank end
local head, kept_rank, sealed = string.match(kept, '^(.*) (%d+) ([01])$')
if not head then return rank end
if sealed == '1' then return kept_rank end
redis.call('SET', once, head .. ' ' .. rank .. ' 1', 'KEEPTTL')
return rank
