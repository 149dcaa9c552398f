#!lua
-- Replaces the value of the lock for maintenance commands, if it is still the value that the caller read.
-- KEYS  1 the lock
-- ARGV  1 the value that the caller saw, '' for none  2 the value it shall have, '' for none
-- Returns CHANGED, the present value or '' | REPLACED
local value = redis.call('GET', KEYS[1]) or ''
if value ~= ARGV[1] then return { 'CHANGED', value } end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2]) end
return { 'REPLACED' }
