--[[
is_hidden(state): whether a field of `visibility`, <version> hidden|visible or nothing, says that
its player is hidden.
]]
local function is_hidden(state) return state and string.sub(state, -6) == 'hidden' end
