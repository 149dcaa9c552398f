#!lua
-- Replaces the visitor of a row, and moves its booking to the other name's list with the same time.
-- KEYS  1 page  2 the bookings of the visitor by time  3 those of the other name  4 visitors
-- ARGV  1 booking id  2 visitor  3 the other name
-- Returns SKIPPED | RENAMED
local isNamed = redis.call('HGET', KEYS[1], 'visitor') == ARGV[2]
local score = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not isNamed and not score then return 'SKIPPED' end

if isNamed then redis.call('HSET', KEYS[1], 'visitor', ARGV[3]) end
if score then
  redis.call('ZADD', KEYS[3], score, ARGV[1])
  redis.call('ZADD', KEYS[4], 0, ARGV[3])
  redis.call('ZREM', KEYS[2], ARGV[1])
  if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('ZREM', KEYS[4], ARGV[2]) end
end
return 'RENAMED'
