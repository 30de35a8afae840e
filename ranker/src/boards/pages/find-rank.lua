--[[
find_rank(shards, total, rank): a place near the one that has `rank` entries of all shards ahead of it,
from 0 to total, as how many entries of each shard are ahead of it; and how many entries lie between
the place and the rank, NEAR at most and negative where the place is behind.

Takes entries as pivots, counts the entries ahead of each on all shards, and so narrows the range of
each shard. A guess takes the pivot in the widest range, by the share of the rank in all of them:
players spread over shards at random, so that each leaves about the square root of the distance. A
guess that does not halve the least distance so far is followed by a bisecting step, the median of the
middles of the ranges, which drops a quarter of the entries.

Cost: for each pivot O(log N) and the cost of count_ahead, for each shard whose range is open. Two or
three pivots where players spread at random; never more than log2(N) guesses that halve the distance
and 2 * log4/3(N) other steps, however scores are distributed over shards.
]]
local NEAR = 100 -- so many entries are passed at less cost than one more pivot takes

local find_rank
do
  local call, floor, min, max, huge = redis.call, math.floor, math.min, math.max, math.huge

  -- ratio: how far into the ranges the rank is, below 1.
  local function guess_in(low, high, ratio)
    local widest = 1
    for i = 2, #low do
      if high[i] - low[i] > high[widest] - low[widest] then widest = i end
    end
    return widest, low[widest] + floor((high[widest] - low[widest]) * ratio)
  end

  local function middle_of(shards, low, high, width)
    local middles = {}
    for i, shard in ipairs(shards) do
      local own = high[i] - low[i]
      if own > 0 then
        local at = low[i] + floor(own / 2)
        local found = call('ZREVRANGE', shard.board, at, at, 'WITHSCORES')
        middles[#middles + 1] = {shard = i, at = at, width = own, member = found[1], score = tonumber(found[2])}
      end
    end
    table.sort(middles, function(a, b)
      if a.score ~= b.score then return a.score > b.score end
      return comes_first(a.member, b.member)
    end)
    local passed, number = middles[1].width, 1
    while passed < width / 2 do
      number = number + 1
      passed = passed + middles[number].width
    end
    return middles[number].shard, middles[number].at
  end

  find_rank = function(shards, total, rank)
    local low, high, low_sum, high_sum = {}, {}, 0, total
    for i, shard in ipairs(shards) do low[i], high[i] = 0, shard.total end
    local closest, is_guess = huge, true
    while rank - low_sum > NEAR and high_sum - rank > NEAR do
      local width, pivot, at = high_sum - low_sum, nil, nil
      if is_guess then
        pivot, at = guess_in(low, high, (rank - low_sum) / width)
      else
        pivot, at = middle_of(shards, low, high, width)
      end
      local found = call('ZREVRANGE', shards[pivot].board, at, at, 'WITHSCORES')
      local ahead, sum = {}, 0
      for i, shard in ipairs(shards) do
        if i == pivot then
          ahead[i] = at
        elseif low[i] == high[i] then
          ahead[i] = low[i]
        else
          ahead[i] = min(max(count_ahead(shard.board, found[2], found[1]), low[i]), high[i])
        end
        sum = sum + ahead[i]
      end
      local distance = math.abs(rank - sum)
      if sum < rank then
        ahead[pivot] = at + 1
        low, low_sum = ahead, sum + 1
      elseif sum > rank then
        high, high_sum = ahead, sum
      else
        low, low_sum = ahead, sum
      end
      is_guess = not is_guess or 2 * distance <= closest
      closest = min(closest, distance)
    end
    if rank - low_sum <= NEAR then return low, rank - low_sum end
    return high, rank - high_sum
  end
end
