#!lua
-- Records a booking whose seats are reserved.
-- KEYS  1 booking  2 its exhibition's bookings by time  3 exhibitions that have bookings  4 Book's events
--       5 purged exhibitions
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 booking id  5 exhibition id  6 visitor  7 seats
-- Returns RECORDED | ABORTED | MISMATCH | EXISTS, the last with the booking's fields
-- For a purged exhibition it also returns ABORTED, and writes nothing, however late the request arrives.
local now = redis.call('HMGET', KEYS[1], 'status', 'visitor', 'seats')
if now[1] then
  -- Checked first: an attempt that ended in 503 never counts, whatever its fields were.
  if now[1] == 'ABORTED' then return { 'ABORTED' } end
  if now[2] ~= ARGV[6] or now[3] ~= ARGV[7] then return { 'MISMATCH' } end
  return { 'EXISTS', redis.call('HGETALL', KEYS[1]) }
end
if redis.call('SISMEMBER', KEYS[5], ARGV[5]) == 1 then return { 'ABORTED' } end

local event = { 'eventType', 'Requested', 'timestamp', ARGV[1], 'bookId', ARGV[4], 'museumId', ARGV[5],
  'visitor', ARGV[6], 'seats', ARGV[7], 'status', 'REQUESTED', 'version', '1', 'createdAt', ARGV[1] }
if ARGV[2] ~= '' then event[#event + 1], event[#event + 2] = 'requestId', ARGV[2] end
if ARGV[3] ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', ARGV[3] end
redis.call('XADD', KEYS[4], '*', unpack(event))
redis.call('HSET', KEYS[1], 'visitor', ARGV[6], 'museumId', ARGV[5], 'seats', ARGV[7], 'status', 'REQUESTED',
  'version', '1', 'createdAt', ARGV[1], 'updatedAt', ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[4])
redis.call('ZADD', KEYS[3], 0, ARGV[5])
return { 'RECORDED' }
