#!lua
-- Updates one half of a row: the booking or the admission, each guarded by its own version.
-- KEYS  1 page  2 purged exhibitions  and for a booking that is listed: 3 its visitor's bookings by time  4 visitors
-- ARGV  1 the half's version field  2 its version  3 booking id  4 when the booking was made, ms  5 visitor
--       then names and values of the half
-- Returns PURGED | STALE | APPLIED
if redis.call('SISMEMBER', KEYS[2], string.match(ARGV[3], '^[^-]+')) == 1 then return 'PURGED' end
local version = redis.call('HGET', KEYS[1], ARGV[1])
if version and tonumber(version) >= tonumber(ARGV[2]) then return 'STALE' end

redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], unpack(ARGV, 6))
if KEYS[3] then
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
  redis.call('ZADD', KEYS[4], 0, ARGV[5])
end
return 'APPLIED'
