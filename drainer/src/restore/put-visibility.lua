#!lua
--[[
Writes which players of one shard are hidden. A newer value stays, and an erased player is left out.

KEYS visibility  hash    user_id -> <version> hidden|visible <name>
     clock       string  last version given out on the shard
     then for each player
       erased    string  version and account of an erasure
ARGV for each player
       user_id
       version  of the change, microseconds
       state    hidden | visible
       name     that an operator gave the player, or empty
       wrong    a wrong present value to overwrite, even if it is newer; empty where there is none
Reply the number of values written

Raises the clock, so that every later change is newer. Entries that are written later go by the
value; place-hidden.lua moves those that are there.
Uses  last_version, version_in, digits
]]
local newest = last_version(clock)
local written = {}
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  local erased = KEYS[FIRST_KEY + (place - FIRST_ARG) / ITEM_ARGS]
  local present = redis.call('HGET', visibility, user_id) or ''
  local is_newer = present ~= wrong and version_in(present) > tonumber(version)
  if not is_newer and tonumber(version) > version_in(redis.call('GET', erased)) then
    written[#written + 1] = user_id
    written[#written + 1] = version .. ' ' .. state .. (name ~= '' and ' ' .. name or '')
    newest = math.max(newest, tonumber(version))
  end
end
if #written == 0 then return 0 end
redis.call('HSET', visibility, unpack(written))
redis.call('SET', clock, digits(newest))
return #written / 2
