--[[
Versions are microseconds, unique on their shard and only growing, also after the clock was set back
or a replica with a slower clock took over.

last_version(clock)      the last version given out, by the key of the shard's clock
next_version(last, now)  the version after it
time_us()                Redis TIME
version_in(text)         the version that a text begins with; -1 where there is none
digits(number)           a whole number as text: Lua's own tostring() keeps 14 digits
digits16(number)         the same of one that is not negative, in 16 digits

`%d` takes a tenth of the time of `%.0f`, and is as exact where the server has integers of 64 bits.
]]
local INTEGERS_ARE_WIDE = string.format('%d', 9007199254740991) == '9007199254740991'
local DIGITS, DIGITS_16 = INTEGERS_ARE_WIDE and '%d' or '%.0f', INTEGERS_ARE_WIDE and '%016d' or '%016.0f'
local function last_version(clock) return tonumber(redis.call('GET', clock) or '0') end
local function next_version(last, now) return math.max(last + 1, now) end
local function time_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
local function version_in(text) return tonumber(string.match(text or '', '^%d+') or '-1') end
local function digits(number) return string.format(DIGITS, number) end
local function digits16(number) return string.format(DIGITS_16, number) end
