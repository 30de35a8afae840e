#!lua flags=allow-oom
--[[
Takes a free lease, or renews one that the caller holds.

KEYS lease  string  the holder
ARGV holder
     ttl    of the lease, milliseconds
Reply 1 when the caller now holds the lease, else 0

Redis expires keys by its wall clock, so that a clock that is set back prolongs every lease. A lease
that lasts longer than its TTL counts as free; a holder that still lives renews it.
]]
local present = redis.call('GET', lease)
local is_overlong = redis.call('PTTL', lease) > ttl
if present and present ~= holder and not is_overlong then return 0 end
redis.call('SET', lease, holder, 'PX', ttl)
return 1
