#!lua flags=no-writes
--[[
Where a position stands on one shard, and who stands beside it. The position is a player's, or, on a shard that does
not hold the player, that of the score and member read where the player lives; the score +inf is above everybody.

KEYS 1 board    zset  score -> <arrival><user_id>
     2 entries  hash  user_id -> <arrival> <updated_at> <score> <name>
     3 split    string  how many partitions the region is split into; absent where nobody has written it down
ARGV 1 range       entries wanted on each side, 0 for none
     2 user_id     of the player to look up, or empty: then 3 and 4 say the position
     3 score
     4 member
     5 partitions  what the caller takes the split to be
Reply {total, before, record, {above}, {below}}: before = entries strictly ahead; record = the player's, false where a
      position was asked for; each list is {{member, score, member, score...}, {record, record...}}, in rank order, or
      empty. {total} alone when the player is not on this shard. {} when the entries are not where the caller takes them
      to be.

Cost: O(log N * log ties + range), with arrivals spread evenly O(log N * log log ties + range): entries with the same
score are searched by index, never walked.
]]
local board, entries, split_key = KEYS[1], KEYS[2], KEYS[3]
local range, user_id, score, member, partitions = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local ARRIVAL_DIGITS = 16

local function arrival_of(member) return tonumber(string.sub(member, 1, ARRIVAL_DIGITS)) or 0 end

-- Bytewise, as Redis orders members. Lua's own '<' follows the locale that the server was started in.
local function is_greater(a, b)
  local x, y = arrival_of(a), arrival_of(b)
  if x ~= y then return x > y end
  for i = 1, math.min(#a, #b) do
    x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

-- Each command walks down from the top of the sorted set, which is what all this costs: as few walks as possible.
local function count_before()
  if score == '+inf' then return 0 end
  local best = redis.call('ZREVRANGEBYSCORE', board, score, '-inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not best[1] then return redis.call('ZCARD', board) end
  local first = redis.call('ZREVRANK', board, best[1])
  if tonumber(best[2]) ~= tonumber(score) or not is_greater(best[1], member) then return first end
  local worst = redis.call('ZRANGEBYSCORE', board, score, score, 'LIMIT', 0, 1)[1]
  local last = redis.call('ZREVRANK', board, worst)
  if is_greater(worst, member) then return last + 1 end
  -- The one at first is ahead, the one at last is not. Where between them: by the arrivals, every other time in the
  -- middle, in case those are spread unevenly.
  local high, low, wanted = arrival_of(best[1]), arrival_of(worst), arrival_of(member)
  local is_guess = true
  while last - first > 1 do
    local share = is_guess and high > low and (high - wanted) / (high - low) or 0.5
    local middle = math.min(math.max(first + math.floor((last - first) * share), first + 1), last - 1)
    local found = redis.call('ZREVRANGE', board, middle, middle)[1]
    if is_greater(found, member) then
      first, high = middle, arrival_of(found)
    else
      last, low = middle, arrival_of(found)
    end
    is_guess = not is_guess
  end
  return last
end

local function slice(first, last)
  if last < first or last < 0 then return {} end
  local ranked = redis.call('ZREVRANGE', board, math.max(first, 0), last, 'WITHSCORES')
  if #ranked == 0 then return {} end
  local ids = {}
  for i = 1, #ranked, 2 do ids[#ids + 1] = string.sub(ranked[i], ARRIVAL_DIGITS + 1) end
  return {ranked, redis.call('HMGET', entries, unpack(ids))}
end

local split = redis.call('GET', split_key)
-- While entries are only copied to other shards, these are whole.
if split and split ~= partitions and not string.find(split, '^' .. partitions .. '>%d+ copying$') then return {} end
local total = redis.call('ZCARD', board)
local before, record, after = nil, false, nil
if user_id ~= '' then
  record = redis.call('HGET', entries, user_id)
  before = record and redis.call('ZREVRANK', board, string.sub(record, 1, ARRIVAL_DIGITS) .. user_id)
  if not before then return {total} end
  after = before + 1
else
  before = count_before()
  after = before
end
return {total, before, record, slice(before - range, before - 1), slice(after, after + range - 1)}
