#!lua flags=no-writes
--[[
Where a position stands on one shard, and who stands beside it. The position is a player's, or, on a shard that does
not hold the player, that of the score and member read where the player lives; the score +inf is above everybody.

KEYS 1 board          zset  score -> <arrival><user_id>
     2 arrivals       hash  user_id -> arrival
     3 split          string  how many partitions the region is split into; absent where nobody has written it down
ARGV 1 profile prefix key of a profile, but for the user_id; the profiles live on the same shard
     2 version field  profile field that holds the version on this board
     3 range          entries wanted on each side, 0 for none
     4 user_id        of the player to look up, or empty: then 5 and 6 say the position
     5 score
     6 member
     7 partitions     what the caller takes the split to be
Reply {total, before, {self}, {above}, {below}}: before = entries strictly ahead; each list is flat, in rank order:
      member, score, name, updated_at in microseconds. {total} alone when the player is not on this shard. {} when the
      entries are not where the caller takes them to be.

Cost: O(log N * log ties + range): entries with the same score are searched by index, never walked.
]]
local board, arrivals, split_key = KEYS[1], KEYS[2], KEYS[3]
local profile_prefix, version_field, range = ARGV[1], ARGV[2], tonumber(ARGV[3])
local user_id, score, member, partitions = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local ARRIVAL_DIGITS = 16

-- Bytewise, as Redis orders members. Lua's own '<' follows the locale that the server was started in.
local function is_greater(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

local function count_before()
  local first = redis.call('ZCOUNT', board, '(' .. score, '+inf')
  local last = first + redis.call('ZCOUNT', board, score, score)
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

local function with_profiles(ranked)
  local entries = {}
  for i = 1, #ranked, 2 do
    local id = string.sub(ranked[i], ARRIVAL_DIGITS + 1)
    local profile = redis.call('HMGET', profile_prefix .. id, 'name', version_field)
    entries[#entries + 1] = ranked[i]
    entries[#entries + 1] = ranked[i + 1]
    entries[#entries + 1] = profile[1]
    entries[#entries + 1] = profile[2]
  end
  return entries
end

local function slice(first, last)
  if last < first or last < 0 then return {} end
  return with_profiles(redis.call('ZREVRANGE', board, math.max(first, 0), last, 'WITHSCORES'))
end

local split = redis.call('GET', split_key)
-- While entries are only copied to other shards, these are whole.
if split and split ~= partitions and not string.find(split, '^' .. partitions .. '>%d+ copying$') then return {} end
local total = redis.call('ZCARD', board)
local before, self, after = nil, {}, nil
if user_id ~= '' then
  local arrival = redis.call('HGET', arrivals, user_id)
  before = arrival and redis.call('ZREVRANK', board, arrival .. user_id)
  if not before then return {total} end
  self = slice(before, before)
  after = before + 1
else
  before = count_before()
  after = before
end
return {total, before, self, slice(before - range, before - 1), slice(after, after + range - 1)}
