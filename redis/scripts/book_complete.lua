#!lua
-- Completes a booking whose seats are taken.
-- KEYS  1 booking  2 Book's events
-- ARGV  1 now, ms  2 request id or ''  3 booking id
-- Returns ABSENT | SKIPPED | COMPLETED, the last two with the booking's fields
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then return { 'ABSENT' } end
local booking = {}
for i = 1, #fields, 2 do booking[fields[i]] = fields[i + 1] end
if booking.status ~= 'REQUESTED' then return { 'SKIPPED', fields } end

local version = string.format('%d', tonumber(booking.version) + 1)
local event = { 'eventType', 'RequestCompleted', 'timestamp', ARGV[1], 'bookId', ARGV[3], 'museumId', booking.museumId,
  'visitor', booking.visitor, 'seats', booking.seats, 'status', 'REQUEST_COMPLETED', 'version', version,
  'createdAt', booking.createdAt }
if ARGV[2] ~= '' then
  event[#event + 1] = 'requestId'
  event[#event + 1] = ARGV[2]
end
redis.call('XADD', KEYS[2], '*', unpack(event))
redis.call('HSET', KEYS[1], 'status', 'REQUEST_COMPLETED', 'version', version, 'updatedAt', ARGV[1])
return { 'COMPLETED', redis.call('HGETALL', KEYS[1]) }
