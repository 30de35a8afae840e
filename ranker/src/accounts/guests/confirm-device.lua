#!lua
--[[
Writes again which guest a device tells, and changes nothing: a replica confirms writes of the
connection that waits for it alone, and another connection may have made the guest.

KEYS device   string  user_id of the guest
ARGV user_id  of the guest
Reply 1; 0 where the device tells another player by now
]]
if redis.call('GET', device) ~= user_id then return 0 end
redis.call('SET', device, user_id)
return 1
