#!lua
--[[
Writes a setting, and queues it for PostgreSQL, together or not at all.

KEYS queue     list    account events waiting for PostgreSQL
     clock     string  last version given out for accounts
     settings  hash    id -> <version> <JSON>
     ids       zset    ids of the settings that are there
     fence     string  the run of the server on which accounts may be written
ARGV run         of the server that this is sent to
     queue_max   events; at this length settings are refused
     id
     replaces    the version that the caller knows, empty where it knows of none
     value       JSON, or null to delete the setting
     event_tail  JSON members of the event that do not change here, with the closing brace
Reply {written, version in microseconds} | {changed} | {queue_full} | {closed}
      changed: the present version is another one. Nothing was done.
Uses  is_open, last_version, next_version, time_us, digits, version_in, keep_setting
]]
local before = last_version(clock)
local queued = redis.call('LLEN', queue)
local present = redis.call('HGET', settings, id)
redis.call('ZSCORE', ids, id)
if not is_open(fence, run) then return {'closed'} end
if string.match(present or '', '^%d*') ~= replaces then return {'changed'} end
if queued >= queue_max then return {'queue_full'} end

local version = digits(next_version(before, time_us()))
redis.call('LPUSH', queue, '{"updated_at":"' .. version .. '",' .. event_tail)
redis.call('SET', clock, version)
keep_setting(settings, ids, id, version, value)
return {'written', version}
