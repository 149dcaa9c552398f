#!lua
-- Aborts an attempt with an unknown outcome, if nothing has been recorded for it.
-- KEYS  1 booking  2 Book's events  3 purged exhibitions
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 booking id  5 exhibition id  6 visitor  7 seats
-- Returns ABORTED | EXISTS, the last with the booking's fields. It overwrites nothing, and is in no index.
-- For a purged exhibition it writes nothing.
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'ABORTED' then return { 'ABORTED' } end
if status then return { 'EXISTS', redis.call('HGETALL', KEYS[1]) } end
if redis.call('SISMEMBER', KEYS[3], ARGV[5]) == 1 then return { 'ABORTED' } end

local event = { 'eventType', 'Aborted', 'timestamp', ARGV[1], 'bookId', ARGV[4], 'museumId', ARGV[5],
  'visitor', ARGV[6], 'seats', ARGV[7], 'status', 'ABORTED', 'version', '1', 'createdAt', ARGV[1] }
if ARGV[2] ~= '' then event[#event + 1], event[#event + 2] = 'requestId', ARGV[2] end
if ARGV[3] ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', ARGV[3] end
redis.call('XADD', KEYS[2], '*', unpack(event))
redis.call('HSET', KEYS[1], 'visitor', ARGV[6], 'museumId', ARGV[5], 'seats', ARGV[7], 'status', 'ABORTED',
  'version', '1', 'createdAt', ARGV[1], 'updatedAt', ARGV[1])
return { 'ABORTED' }
