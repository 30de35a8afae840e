--[[
count_ahead(board, total, score, member, hint): the entries strictly ahead of a position on a board that may not hold it.
hint_at(board, total, record, rank): the hint that a player's own shard gives to the other shards.

Players spread over shards at random, so the entries of one score take much the same places on each shard. A hint is
'<count>/<of>': on a board of `of` entries, `count` entries of the score stand ahead of the position. Below zero it counts
from the other end: -1 where no entry of the score stands behind the position, -2 where one does. A wrong hint costs time
and changes no answer. Without one the position counts as behind its score, as a position that was just written is.

Cost: O(log N) where the hint is good, with arrivals spread evenly O(log N * log log ties), never more than
O(log N * log ties). No command reads more than a bounded number of entries.
]]
local call, sub = redis.call, string.sub
local floor, ceil, sqrt, min, max = math.floor, math.ceil, math.sqrt, math.min, math.max

local NO_HINT = '-'
local NEAR_MAX = 64  -- a read near the best or worst of a score begins at most so many entries from there
local NEAR_TRIES = 3
local FEW = 16       -- so many entries are read at once, and not searched
local SPREAD_MAX = 4

local function arrival_of(member) return tonumber(sub(member, 1, ARRIVAL_DIGITS)) or 0 end

-- Bytewise, as Redis orders members.
local function is_greater(a, b)
  for i = 1, min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

-- How many of these members, which are in order, come before the place of `member`. Lua's own '>' follows the locale of
-- the server, but every locale orders digits: it decides between different arrivals, and is much faster.
local function count_passed(found, member, is_descending)
  local passed, rest = 0, #found + 1
  while rest - passed > 1 do
    local middle = floor((passed + rest) / 2)
    if (found[middle] > member) == is_descending then passed = middle else rest = middle end
  end
  local arrival = sub(member, 1, ARRIVAL_DIGITS)
  if sub(found[passed] or '', 1, ARRIVAL_DIGITS) == arrival or sub(found[rest] or '', 1, ARRIVAL_DIGITS) == arrival then
    passed = 0
    while passed < #found and is_greater(found[passed + 1], member) == is_descending do passed = passed + 1 end
  end
  return passed
end

-- Reads around the place where `ties`, the count of a hint, puts the position, from the nearer end of its score. Returns
-- the entries ahead, or nil where the place is further away. The rank of an entry that was just read costs less than
-- ZCOUNT: the nodes on the way to it are still in the processor's cache.
local function count_near(board, score, member, ties)
  local is_from_best = ties >= 0
  local command = is_from_best and 'ZREVRANGEBYSCORE' or 'ZRANGEBYSCORE'
  local distance = is_from_best and ties or -1 - ties
  -- The places of entries that came at random differ by about the square root.
  local margin = 2 + floor(sqrt(distance) / 2)
  for _ = 1, NEAR_TRIES do
    if distance > NEAR_MAX then return nil end
    local offset = max(0, distance - margin)
    local count = distance + margin - offset
    local found = call(command, board, score, score, 'LIMIT', offset, count)
    local passed = count_passed(found, member, is_from_best)
    if (passed > 0 or offset == 0) and (passed < #found or #found < count) then
      if #found == 0 then return call('ZCOUNT', board, '(' .. score, '+inf') end
      local rank = call('ZREVRANK', board, found[1])
      return is_from_best and rank + passed or rank + 1 - passed
    end
    -- The place is not among these: their arrivals tell how far away it is.
    if #found < 2 then return nil end
    local from, to = arrival_of(found[1]), arrival_of(found[#found])
    if from == to then return nil end
    local beyond = (arrival_of(member) - to) / (to - from) * (#found - 1)
    distance = max(0, floor(offset + #found + beyond))
    -- Beyond a crowd of one moment the arrivals tell any distance: such a margin would read the whole crowd.
    margin = min(ceil(sqrt(math.abs(beyond))) + 1, NEAR_MAX)
  end
end

-- The entries ahead of a position, where the entry before `first` is ahead and the one at `last` is not. Guesses the
-- place by the arrivals, and every other time takes the middle, in case the arrivals are spread unevenly.
local function count_between(board, member, first, last)
  local wanted, high, low = arrival_of(member), 0, 0
  if last - first > FEW then
    high = arrival_of(call('ZREVRANGE', board, first, first)[1])
    low = arrival_of(call('ZREVRANGE', board, last - 1, last - 1)[1])
  end
  local is_guess = true
  while first < last do
    local size = last - first
    local share = is_guess and high > low and min(max((high - wanted) / (high - low), 0), 1) or 0.5
    local middle = min(first + floor(size * share), last - 1)
    -- With arrivals at random the place is about this far from the guess.
    local spread = ceil(sqrt(size * share * (1 - share)))
    local half = size <= FEW and size or spread <= SPREAD_MAX and spread or 0
    local from, to = max(middle - half, first), min(middle + half, last - 1)
    local found = call('ZREVRANGE', board, from, to)
    local passed = count_passed(found, member, true)
    if passed == 0 then
      last, low = from, arrival_of(found[1])
    elseif passed == #found then
      first, high = to + 1, arrival_of(found[passed])
    else
      return from + passed
    end
    is_guess = not is_guess
  end
  return first
end

-- The count of a hint, scaled to a board of `total` entries.
local function ties_by(hint, total)
  local count, of = string.match(hint, '^(-?%d+)/(%d+)$')
  if not count then return -1 end
  local ties = tonumber(count)
  local scaled = floor((ties >= 0 and ties or -1 - ties) * total / of + 0.5)
  return ties >= 0 and scaled or -1 - scaled
end

local function count_ahead(board, total, score, member, hint)
  local near = count_near(board, score, member, ties_by(hint, total))
  if near then return near end
  local first = call('ZCOUNT', board, '(' .. score, '+inf')
  return count_between(board, member, first, first + call('ZCOUNT', board, score, score))
end

local function hint_at(board, total, record, rank)
  local score = string.match(record, '^%d+ %d+ (%S+)') or '0'
  local ahead = rank - call('ZCOUNT', board, '(' .. score, '+inf')
  local behind = call('ZCOUNT', board, score, '+inf') - rank - 1
  return string.format('%d/%d', behind < ahead and -1 - behind or ahead, total)
end
