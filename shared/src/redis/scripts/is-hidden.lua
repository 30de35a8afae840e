--[[
is_hidden(state): whether a field of `visibility`, <version> hidden|visible <name> or nothing, says
that its player is hidden.
]]
local function is_hidden(state) return state and string.find(state, '^%d+ hidden') ~= nil end
