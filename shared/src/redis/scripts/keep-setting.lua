--[[
keep_setting(settings, ids, id, version, value): writes a setting, and its id into the list of those
that are there.

settings  key of a hash, id -> <version> <JSON>; a setting that was deleted stays as null
ids       key of a zset of the ids that are there, all with score 0: in their bytes' order
value     JSON, or null
]]
local function keep_setting(settings, ids, id, version, value)
  redis.call('HSET', settings, id, version .. ' ' .. value)
  if value == 'null' then redis.call('ZREM', ids, id) else redis.call('ZADD', ids, 0, id) end
end
