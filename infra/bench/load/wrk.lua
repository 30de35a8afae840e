--[[
Requests that wrk sends: submits of random players, each with its own token; scores of them on one board; writes and
reads of many boards; places of random players; tops of random limits; pages by random ranks; writes among reads; or one path.

Arguments, after "--":
  submit <file of tokens, one a line> <delta>
  score  <file of tokens> <path> <board> <least> <most>
                                            each score is a random whole number from least to most
  boards <file of tokens> <boards> <writers> <delta> <percent> <region>
                                            so many of a hundred requests are submits, the others tops of 10. Boards
                                            have the ids b00000, b00001, ...; each has so many writers, in even steps
                                            among the tokens, the first one in the place of its own number
  items  <token> <number of players> <region> <items>
                                            scores of random players, so many in one request; 1 is POST /score
  rank   <number of players> <region>       ids are numbers of 12 digits, from 0
  around <number of players> <region> <range>
  ranks  <number of players> <region> <ids>
                                            each request asks about so many random players
  tops   <region> <most>                    each limit is random, from 1 to the most
  pages  <region> <least> <most>            each page of 100 begins with a random rank from least to most
  mix    <file of tokens> <delta> <percent> <number of players> <region>
                                            so many of a hundred requests are submits, the others in equal parts ranks,
                                            neighbours (10 a side) and tops (of up to 100)
  get    <path>
  The last argument is the arrival rate of each thread in requests a second, over all its connections. A request is due
  whether or not earlier ones have been answered, and leaves as soon as a connection is free. 0 sends without pauses.
Writes one line of JSON at its end: requests, duration and latencies in microseconds, and counts of errors.
]]
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } timespec;
  int clock_gettime(int clock, timespec *time);
]]
local CLOCK_MONOTONIC = ffi.os == "OSX" and 6 or 1
local time = ffi.new("timespec")
local function now_ms()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, time)
  return tonumber(time.seconds) * 1000 + tonumber(time.nanoseconds) / 1e6
end

local makers = {}

local function to_post(token, path, body)
  local headers = {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"}
  return wrk.format("POST", path, headers, body)
end

function makers.submit(file, delta)
  local requests = {}
  local body = '{"delta":' .. delta .. '}'
  for token in io.lines(file) do requests[#requests + 1] = to_post(token, "/score/add", body) end
  return function() return requests[math.random(#requests)] end
end

-- What differs between requests has as many characters in each of them, so that each is put
-- together from two parts.
local SCORE_DIGITS, BOARD_DIGITS = 9, 5

local function split_at(text, mark)
  local first, last = string.find(text, mark, 1, true)
  return string.sub(text, 1, first - 1), string.sub(text, last + 1)
end

function makers.score(file, path, board, least, most)
  local heads, tail = {}, nil
  local mark = string.rep("9", SCORE_DIGITS)
  for token in io.lines(file) do
    heads[#heads + 1], tail = split_at(to_post(token, path, '{"score":' .. mark .. ',"board":"' .. board .. '"}'), mark)
  end
  local width = "%" .. SCORE_DIGITS .. "d" -- JSON lets spaces stand before a number
  return function()
    return heads[math.random(#heads)] .. string.format(width, math.random(tonumber(least), tonumber(most))) .. tail
  end
end

function makers.boards(file, boards, writers, delta, percent, region)
  local mark = "b" .. string.rep("9", BOARD_DIGITS)
  local heads, tail = {}, nil
  for token in io.lines(file) do
    local body = '{"delta":' .. delta .. ',"board":"' .. mark .. '"}'
    heads[#heads + 1], tail = split_at(to_post(token, "/score/add", body), mark)
  end
  local top_head, top_tail = split_at(wrk.format("GET", "/top?limit=10&region=" .. region .. "&board=" .. mark), mark)
  boards, writers, percent = tonumber(boards), tonumber(writers), tonumber(percent)
  local step = #heads / writers
  return function()
    local board = math.random(boards) - 1
    local id = string.format("b%0" .. BOARD_DIGITS .. "d", board)
    if math.random(100) > percent then return top_head .. id .. top_tail end
    local writer = (board + step * (math.random(writers) - 1)) % #heads
    return heads[writer + 1] .. id .. tail
  end
end

-- Made beforehand: a request of 200 items takes longer to put together than to answer.
local MADE_WRITES = 100000

function makers.items(token, players, region, count)
  players, count = tonumber(players), tonumber(count)
  local requests = {}
  for i = 1, MADE_WRITES / count do
    local items = {}
    for j = 1, count do
      items[j] = string.format('{"user_id":"%012d","region":"%s","name":"Ada Archer","score":%d}',
        math.random(players) - 1, region, math.random(100000))
    end
    requests[i] = count == 1 and to_post(token, "/score", items[1])
      or to_post(token, "/scores", '{"items":[' .. table.concat(items, ",") .. "]}")
  end
  return function() return requests[math.random(#requests)] end
end

local function of_players(players, path, query)
  local pattern = wrk.format("GET", path .. "000000000000" .. query)
  local head, tail = split_at(pattern, "000000000000")
  players = tonumber(players)
  return function() return head .. string.format("%012d", math.random(players) - 1) .. tail end
end

function makers.rank(players, region) return of_players(players, "/rank/", "?region=" .. region) end

function makers.around(players, region, range)
  return of_players(players, "/around/", "?region=" .. region .. "&range=" .. range)
end

-- A request takes longer to make than to send.
local RANKS_REQUESTS = 256

function makers.ranks(players, region, count)
  local requests, headers = {}, {["Content-Type"] = "application/json"}
  for i = 1, RANKS_REQUESTS do
    local ids = {}
    for j = 1, tonumber(count) do ids[j] = string.format('"%012d"', math.random(tonumber(players)) - 1) end
    local body = '{"region":"' .. region .. '","ids":[' .. table.concat(ids, ",") .. "]}"
    requests[i] = wrk.format("POST", "/ranks", headers, body)
  end
  return function() return requests[math.random(#requests)] end
end

function makers.tops(region, most)
  local requests = {}
  for limit = 1, tonumber(most) do
    requests[limit] = wrk.format("GET", "/top?region=" .. region .. "&limit=" .. limit)
  end
  return function() return requests[math.random(#requests)] end
end

function makers.pages(region, least, most)
  local pattern = wrk.format("GET", "/top?region=" .. region .. "&limit=100&from=000000000000")
  local head, tail = split_at(pattern, "000000000000")
  least, most = tonumber(least), tonumber(most)
  return function() return head .. math.random(least, most) .. tail end
end

function makers.mix(file, delta, percent, players, region)
  local write, percent = makers.submit(file, delta), tonumber(percent)
  local reads = {makers.rank(players, region), makers.around(players, region, 10), makers.tops(region, 100)}
  return function()
    if math.random(100) <= percent then return write() end
    return reads[math.random(#reads)]()
  end
end

function makers.get(path)
  local whole = wrk.format("GET", path)
  return function() return whole end
end

function init(args)
  math.randomseed(number * 7919 + os.time())
  local kind = table.remove(args, 1)
  local per_second = tonumber(table.remove(args))
  request = makers[kind](unpack(args))
  if per_second == 0 then return end
  local interval_ms = 1000 / per_second
  local due_ms = now_ms() + math.random() * interval_ms
  function delay()
    local wait_ms = math.max(0, due_ms - now_ms())
    due_ms = due_ms + interval_ms
    return math.floor(wait_ms + 0.5)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
