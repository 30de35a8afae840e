--[[
A member of a ranking is <place><user_id>, and a record begins with the same place: <arrival>, or
<key of the sub-score><arrival> on a board that has sub-scores. Both have 16 digits.

place_of(record)            the place that a record names, empty without a record
member_of(record, user_id)  the member that a record names; without a record, one that no ranking
    holds
reached_at_of(place)        microseconds, as text
SUB_DIGITS, ARRIVAL_DIGITS  widths of the two
KEYS_OF_BOARD               ranking zset, hidden zset, entries hash, details hash
]]
local KEYS_OF_BOARD = 4
local SUB_DIGITS, ARRIVAL_DIGITS = 16, 16
local ARRIVAL_ZERO = 9007199254740991 -- an arrival counts down from here

local function place_of(record) return record and string.match(record, '^%d+') or '' end
local function member_of(record, user_id) return place_of(record) .. user_id end
local function reached_at_of(place)
  return string.format('%.0f', ARRIVAL_ZERO - tonumber(string.sub(place, -ARRIVAL_DIGITS)))
end
