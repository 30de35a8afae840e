#!lua flags=no-writes
--[[
Reads some settings while the accounts' fence names this run of Redis. A restarted or emptied store
answers false until a service has compared it with PostgreSQL.

KEYS settings  hash    id -> <version> <JSON>
     ids       zset    ids of the settings that are there
     fence     string  the run of the server on which accounts may be written
ARGV run    of the server that this is sent to
     after  the first id is behind this one
     limit  settings, 0 for none of the list
     then for each setting that is wanted by its id
       id
Reply {id, <version> <JSON>, ...}: those of the list in their order, then those by id, with false for
      one that never was; false while the fence does not name this run
Uses  is_open
]]
if not is_open(fence, run) then return false end
local wanted = {}
if limit > 0 then
  wanted = redis.call('ZRANGEBYLEX', ids, after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, limit)
end
for place = FIRST_ARG, #ARGV, ITEM_ARGS do
  take_item(place)
  wanted[#wanted + 1] = id
end
if #wanted == 0 then return {} end
local kept = redis.call('HMGET', settings, unpack(wanted))
local reply = {}
for n = 1, #wanted do
  reply[2 * n - 1], reply[2 * n] = wanted[n], kept[n]
end
return reply
