#!lua
-- Changes a booking's status: one transition, one version, one event.
-- KEYS  1 booking  2 Book's events
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 booking id  5 event type  6 the new status,
--       then each status that it may start from
-- Returns ABSENT | SKIPPED | APPLIED, the last two with the booking's fields
-- SKIPPED: the booking has none of the statuses that the transition starts from.
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then return { 'ABSENT' } end
local booking = {}
for i = 1, #fields, 2 do booking[fields[i]] = fields[i + 1] end
local isAllowed = false
for i = 7, #ARGV do isAllowed = isAllowed or booking.status == ARGV[i] end
if not isAllowed then return { 'SKIPPED', fields } end

local version = string.format('%d', tonumber(booking.version) + 1)
local event = { 'eventType', ARGV[5], 'timestamp', ARGV[1], 'bookId', ARGV[4], 'museumId', booking.museumId,
  'visitor', booking.visitor, 'seats', booking.seats, 'status', ARGV[6], 'version', version,
  'createdAt', booking.createdAt }
if ARGV[2] ~= '' then event[#event + 1], event[#event + 2] = 'requestId', ARGV[2] end
if ARGV[3] ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', ARGV[3] end
redis.call('XADD', KEYS[2], '*', unpack(event))
redis.call('HSET', KEYS[1], 'status', ARGV[6], 'version', version, 'updatedAt', ARGV[1])
return { 'APPLIED', redis.call('HGETALL', KEYS[1]) }
