#!lua
-- Removes bookings of an exhibition that is being purged, about 200 at a time.
-- KEYS  1 exhibition  2 its bookings by time  3 exhibitions that have bookings, then each booking
-- ARGV  1 exhibition id  2 the version at which it was retired, then each booking's id
-- Returns CHANGED | REMOVED
-- It writes no event: no service has data left that the event could change.
local exhibition = redis.call('HMGET', KEYS[1], 'purging', 'version')
if exhibition[1] ~= '1' or exhibition[2] ~= ARGV[2] then return 'CHANGED' end
if #KEYS > 3 then
  redis.call('UNLINK', unpack(KEYS, 4))
  redis.call('ZREM', KEYS[2], unpack(ARGV, 3))
end
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('ZREM', KEYS[3], ARGV[1]) end
return 'REMOVED'
