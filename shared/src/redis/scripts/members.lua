--[[
A member of a ranking is <arrival><user_id>, and a record begins with the same arrival.

member_of(record, user_id)  the member that a record names; without a record, one that no ranking
    holds
]]
local ARRIVAL_DIGITS = 16

local function member_of(record, user_id)
  return (record and string.sub(record, 1, ARRIVAL_DIGITS) or '') .. user_id
end
