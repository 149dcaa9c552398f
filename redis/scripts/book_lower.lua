#!lua
-- Lowers the seats of a booking: one version, one event. `bookedSeats` are the seats that were booked at first, with which a
-- repeated request is compared.
-- KEYS  1 booking  2 Book's events
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 booking id  5 seats
-- Returns ABSENT | SKIPPED | APPLIED, the last two with the booking's fields
-- SKIPPED: the booking holds no seats any more, or no more than that.
local status, version, museumId, visitor, seats, createdAt, bookedSeats =
  unpack(redis.call('HMGET', KEYS[1], 'status', 'version', 'museumId', 'visitor', 'seats', 'createdAt', 'bookedSeats'))
if not status then return { 'ABSENT' } end
local isOpen = status == 'REQUESTED' or status == 'REQUEST_COMPLETED'
if not isOpen or tonumber(seats) <= tonumber(ARGV[5]) then return { 'SKIPPED', redis.call('HGETALL', KEYS[1]) } end

version = string.format('%d', tonumber(version) + 1)
local event = { 'eventType', 'BookingChanged', 'timestamp', ARGV[1], 'bookId', ARGV[4], 'museumId', museumId, 'visitor', visitor,
  'seats', ARGV[5], 'status', status, 'version', version, 'createdAt', createdAt }
if ARGV[2] ~= '' then event[#event + 1], event[#event + 2] = 'requestId', ARGV[2] end
if ARGV[3] ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', ARGV[3] end
redis.call('XADD', KEYS[2], '*', unpack(event))
redis.call('HSET', KEYS[1], 'seats', ARGV[5], 'bookedSeats', bookedSeats or seats, 'version', version, 'updatedAt', ARGV[1])
return { 'APPLIED', redis.call('HGETALL', KEYS[1]) }
