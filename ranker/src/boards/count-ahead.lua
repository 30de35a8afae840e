--[[
Part of the scripts that read ranks: where a position stands on a board that may not hold it. Nothing of it reads more
than a bounded number of entries, and nothing walks past the others; what it costs is commands that walk down from the
top of the sorted set, and entries that come into Lua, so that there are few of both.
]]
local ARRIVAL_DIGITS = 16
local call, sub = redis.call, string.sub
local floor, ceil, sqrt, min, max = math.floor, math.ceil, math.sqrt, math.min, math.max

-- A read near the best or the worst of those with the same score begins so many entries from there at the most, give or
-- take as many.
local NEAR_MAX = 64
local NEAR_TRIES = 3
local FEW = 16        -- entries that are read at once rather than searched
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

-- How many of the members, which are in order, come before the place of this one. Lua's own '>' follows the locale that
-- the server was started in, but any orders digits: it decides where arrivals differ, and is much the fastest.
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

-- Reads around the place where `ties` says that the position is, from the nearer end of those with the same score.
-- Replies the entries ahead, or nil where the place is further away. To ask for the rank of an entry that was read
-- costs less than to count who has more: the way to it was gone a moment ago.
local function count_near(board, score, member, ties)
  local is_from_best = ties >= 0
  local command = is_from_best and 'ZREVRANGEBYSCORE' or 'ZRANGEBYSCORE'
  local distance = is_from_best and ties or -1 - ties
  -- Places among entries that came at random differ by about the square root.
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
    -- Not here: the arrivals say how far away.
    if #found < 2 then return nil end
    local from, to = arrival_of(found[1]), arrival_of(found[#found])
    if from == to then return nil end
    local beyond = (arrival_of(member) - to) / (to - from) * (#found - 1)
    distance = max(0, floor(offset + #found + beyond))
    -- Beyond a crowd of one moment the arrivals say any distance: with all of that as a margin it would be read whole.
    margin = min(ceil(sqrt(math.abs(beyond))) + 1, NEAR_MAX)
  end
end

-- Entries ahead of a position of which it is known that the one before `first` is ahead and the one at `last` is not.
-- Guesses by the arrivals, every other time in the middle, in case those are spread unevenly.
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
    -- With arrivals at random the place is about this far from the guess: read that much, or one to guess better by.
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

--[[
Entries strictly ahead of a position.

board, score, member
ties   a guess that costs only time where it is wrong: how many entries with the same score stand ahead of the position;
       or, below zero, -1 where none of them stands behind it, -2 where one does, and so on

Cost: O(log N) where the guess is good; O(log N * log log ties) with arrivals spread evenly, never worse than
O(log N * log ties).
]]
local function count_ahead(board, score, member, ties)
  local near = count_near(board, score, member, ties)
  if near then return near end
  local first = call('ZCOUNT', board, '(' .. score, '+inf')
  return count_between(board, member, first, first + call('ZCOUNT', board, score, score))
end

-- The guess that was made on one board, for another of `share` times its size.
local function scale_ties(ties, share)
  local count = ties >= 0 and ties or -1 - ties
  local scaled = floor(count * share + 0.5)
  return ties >= 0 and scaled or -1 - scaled
end
