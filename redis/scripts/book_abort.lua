#!lua
-- Aborts an attempt with an unknown outcome, if nothing has been recorded for it.
-- KEYS  1 booking  2 Book's events  3 purged exhibitions
-- ARGV  1 now, ms  2 request id or ''  3 booking id  4 exhibition id  5 visitor  6 seats
-- Returns ABORTED | EXISTS, the last with the booking's fields. It overwrites nothing, and is in no index.
-- For a purged exhibition it writes nothing.
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'ABORTED' then return { 'ABORTED' } end
if status then return { 'EXISTS', redis.call('HGETALL', KEYS[1]) } end
if redis.call('SISMEMBER', KEYS[3], ARGV[4]) == 1 then return { 'ABORTED' } end

local event = { 'eventType', 'Aborted', 'timestamp', ARGV[1], 'bookId', ARGV[3], 'museumId', ARGV[4],
  'visitor', ARGV[5], 'seats', ARGV[6], 'status', 'ABORTED', 'version', '1', 'createdAt', ARGV[1] }
if ARGV[2] ~= '' then
  event[#event + 1] = 'requestId'
  event[#event + 1] = ARGV[2]
end
redis.call('XADD', KEYS[2], '*', unpack(event))
redis.call('HSET', KEYS[1], 'visitor', ARGV[5], 'museumId', ARGV[4], 'seats', ARGV[6], 'status', 'ABORTED',
  'version', '1', 'createdAt', ARGV[1], 'updatedAt', ARGV[1])
return { 'ABORTED' }
