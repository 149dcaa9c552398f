#!lua
-- Gives a booking or an admission another visitor. Its version stays: nothing has happened to it.
-- KEYS  1 booking or admission
-- ARGV  1 visitor  2 the other name
-- Returns SKIPPED | RENAMED
if redis.call('HGET', KEYS[1], 'visitor') ~= ARGV[1] then return 'SKIPPED' end
redis.call('HSET', KEYS[1], 'visitor', ARGV[2])
return 'RENAMED'
