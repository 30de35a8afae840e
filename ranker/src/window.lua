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

Cost: O(log N * log ties + range): entries with the same score are searched by index, never walked.
]]
local board, entries, split_key = KEYS[1], KEYS[2], KEYS[3]
local range, user_id, score, member, partitions = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local ARRIVAL_DIGITS = 16

-- Bytewise, as Redis orders members. Lua's own '<' follows the locale that the server was started in.
local function is_greater(a, b)
  local x, y = tonumber(string.sub(a, 1, ARRIVAL_DIGITS)), tonumber(string.sub(b, 1, ARRIVAL_DIGITS))
  if x and y and x ~= y then return x > y end
  for i = 1, math.min(#a, #b) do
    x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

local function count_before()
  if score == '+inf' then return 0 end
  local first = redis.call('ZCOUNT', board, '(' .. score, '+inf')
  -- Mostly nobody has the same score: a look at who comes first costs half of counting them.
  local best = redis.call('ZREVRANGE', board, first, first, 'WITHSCORES')
  if not best[1] or tonumber(best[2]) ~= tonumber(score) or not is_greater(best[1], member) then return first end
  local last = first + redis.call('ZCOUNT', board, score, score)
  first = first + 1
  while first < last do
    local middle = math.floor((first + last) / 2)
    if is_greater(redis.call('ZREVRANGE', board, middle, middle)[1], member) then
      first = middle + 1
    else
      last = middle
    end
  end
  return first
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
