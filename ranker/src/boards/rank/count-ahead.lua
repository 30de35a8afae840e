--[[
count_ahead(board, score, member): the entries strictly ahead of a position on a board that may not
hold it.
count_better(board, score, member, sub_digits): the entries with a better score, or on a board with
sub-scores, of sub_digits in a member, with a better (score, sub): those ahead of all ties.
comes_first(member, other): the order of two members of one score.

Cost: O(log N) with few entries of the score, O(log N * log log ties) with arrivals spread evenly,
never more than O(log N * log ties). No command reads more than a bounded number of entries.
]]
local call, sub = redis.call, string.sub
local floor, ceil, sqrt, min, max = math.floor, math.ceil, math.sqrt, math.min, math.max

local FEW = 16       -- so many entries are read at once, and not searched
local SPREAD_MAX = 4 -- up to this distance, the entries on both sides of a guess are read with it

local function arrival_of(member) return tonumber(sub(member, 1, ARRIVAL_DIGITS)) or 0 end

-- Bytewise, as Redis orders members.
local function is_greater(a, b)
  for i = 1, min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

local function comes_first(member, other)
  if sub(member, 1, ARRIVAL_DIGITS) ~= sub(other, 1, ARRIVAL_DIGITS) then return member > other end
  return is_greater(member, other)
end

-- How many of `found`, members in order, come before the place of `member`. Lua's own '>' follows
-- the locale of the server, but every locale orders digits: it decides between different arrivals,
-- and is much faster.
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

-- The number of entries ahead of `member` on the board. The place is from `first` to `last`, among
-- entries of one score. Guesses it by the arrivals, and bisects at every second step, so that
-- uneven arrivals cannot make the search linear.
local function count_between(board, member, first, last)
  local wanted, high, low = arrival_of(member), 0, 0
  if last - first > FEW then
    high = arrival_of(call('ZREVRANGE', board, first, first)[1])
    low = arrival_of(call('ZREVRANGE', board, last - 1, last - 1)[1])
    if wanted < low then return last end -- as a position is that was just written
    if wanted > high then return first end
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

local function count_ahead(board, score, member)
  local first = call('ZCOUNT', board, '(' .. score, '+inf')
  return count_between(board, member, first, first + call('ZCOUNT', board, score, score))
end

local FIRST_OF_TIES = '~' -- comes before all digits in the order of members

local function count_better(board, score, member, sub_digits)
  if sub_digits == 0 then return call('ZCOUNT', board, '(' .. score, '+inf') end
  return count_ahead(board, score, sub(member, 1, sub_digits) .. FIRST_OF_TIES)
end
