#!lua
--[[
Completes the answer kept for an idempotency key with the ranks and the total over all shards of the
view, which the ranker sums up after the write. The first ones to arrive are kept, so that all
repeats of the key read the same answer.

KEYS newer   hash    digest of account and key -> <fingerprint> <answer of submit.lua>
     older   hash    the same, of answers that are older
     legacy  string  the answer that release 0.1 kept for the key
ARGV field  digest of account and key
     ranks  over the view: '<rank> <rank before> <total>'
Reply the ranks that the answer now holds; the given ones when no answer is kept any more. One text;
      of an answer that an earlier release kept the rank alone.
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
if not kept then return ranks end
local head, kept_rank, sealed, rest = string.match(kept, '^(%S+ ok %S+ %S+ %S+) (%d+) ([012])(.*)$')
if not head then return ranks end
local change, rank_before, total, season = string.match(rest, '^( %S+ %S+) %S+ (%d+) (%d+)(.*)$')
if sealed == '1' then return kept_rank .. (change and ' ' .. rank_before .. ' ' .. total or '') end
local rank, others = string.match(ranks, '^(%d+)(.*)$')
local answer = head .. ' ' .. rank .. ' 1' .. (change and change .. ' -' .. others .. season or '')
if place == legacy then redis.call('SET', legacy, answer, 'KEEPTTL') else redis.call('HSET', place, field, answer) end
return ranks
