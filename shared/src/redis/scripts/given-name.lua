--[[
given_name(state): the name that an operator gave a player, out of a field of `visibility`,
<version> hidden|visible <name>; nil where there is none.
]]
local function given_name(state) return state and string.match(state, '^%d+ %l+ (.+)$') end
