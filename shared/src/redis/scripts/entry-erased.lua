--[[
is_entry_erased(record, erasure): whether a record, <arrival> <updated_at> <score> <name> or nothing,
is older than an erasure of its player, <version> <account> or nothing. An erasure takes the entries
away page by page. One that it has not come to is there for no write.
]]
local function is_entry_erased(record, erasure)
  if not record or not erasure then return false end
  return tonumber(string.match(record, '^%d+ (%d+) ') or '-1') < version_in(erasure)
end
