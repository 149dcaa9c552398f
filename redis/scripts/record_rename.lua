#!lua
-- Replaces the visitor of a booking or an admission, and removes the details of a booking: name, contact, note. The version stays
-- the same, because its state has not changed.
-- KEYS  1 booking or admission
-- ARGV  1 visitor  2 the other name
-- Returns SKIPPED | RENAMED
if redis.call('HGET', KEYS[1], 'visitor') ~= ARGV[1] then return 'SKIPPED' end
redis.call('HSET', KEYS[1], 'visitor', ARGV[2])
redis.call('HDEL', KEYS[1], 'name', 'contact', 'note')
return 'RENAMED'
