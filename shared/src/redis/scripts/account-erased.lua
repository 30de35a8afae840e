--[[
is_account_erased(erasure, account): whether an erasure, <version> <account> or nothing, took this
account away. A later account of the same user_id is another one.
]]
local function is_account_erased(erasure, account)
  return erasure and account ~= '' and string.match(erasure, ' (.*)$') == account
end
