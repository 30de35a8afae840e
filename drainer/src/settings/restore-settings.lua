#!lua
--[[
Puts settings of one kind back. A setting with a later version stays.

KEYS clock     string  last version given out for accounts
     settings  hash    id -> <version> <JSON>
     ids       zset    ids of the settings that are there
ARGV for each setting
       id
       version  microseconds
       value    JSON, or null
Reply the number of settings written

Raises the clock, so that every later write is newer than what was restored.
Uses  last_version, version_in, digits, keep_setting
]]
local clock_before = last_version(clock)
redis.call('ZCARD', ids)
local newest = clock_before
local written = 0
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  if version_in(redis.call('HGET', settings, id)) <= tonumber(version) then
    keep_setting(settings, ids, id, version, value)
    newest = math.max(newest, tonumber(version))
    written = written + 1
  end
end
if newest > clock_before then redis.call('SET', clock, digits(newest)) end
return written
