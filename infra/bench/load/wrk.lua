--[[
Requests that wrk sends: submits of random players, each with its own token; ranks of random players; or one path.

Arguments, after "--":
  submit <file of tokens, one a line> <delta>
  rank   <number of players> <region>       ids are numbers of 12 digits, from 0
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

function makers.submit(file, delta)
  local requests = {}
  local body = '{"delta":' .. delta .. '}'
  for token in io.lines(file) do
    local headers = {["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json"}
    requests[#requests + 1] = wrk.format("POST", "/score/add", headers, body)
  end
  return function() return requests[math.random(#requests)] end
end

function makers.rank(players, region)
  local pattern = wrk.format("GET", "/rank/000000000000?region=" .. region)
  local first, last = string.find(pattern, "000000000000", 1, true)
  local head, tail = string.sub(pattern, 1, first - 1), string.sub(pattern, last + 1)
  players = tonumber(players)
  return function() return head .. string.format("%012d", math.random(players) - 1) .. tail end
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
