#!lua
-- Removes a consumer from its group if nothing is pending for it. Checks and removes in one step.
-- KEYS  1 stream
-- ARGV  1 group  2 consumer
-- Returns PENDING | LEFT
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 'PENDING' end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 'LEFT'
