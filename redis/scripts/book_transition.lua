#!lua
-- Changes a booking's status: one transition, one version, one event.
-- KEYS  1 booking  2 Book's events
-- ARGV  1 now, ms  2 request id or ''  3 booking id  4 event type  5 the new status, then each status that it may start from
-- Returns ABSENT | SKIPPED | APPLIED, the last two with the booking's fields
-- SKIPPED: the booking has none of the statuses that the transition starts from.
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then return { 'ABSENT' } end
local booking = {}
for i = 1, #fields, 2 do booking[fields[i]] = fields[i + 1] end
local isAllowed = false
for i = 6, #ARGV do isAllowed = isAllowed or booking.status == ARGV[i] end
if not isAllowed then return { 'SKIPPED', fields } end

local version = string.format('%d', tonumber(booking.version) + 1)
local event = { 'eventType', ARGV[4], 'timestamp', ARGV[1], 'bookId', ARGV[3], 'museumId', booking.museumId,
  'visitor', booking.visitor, 'seats', booking.seats, 'status', ARGV[5], 'version', version,
  'createdAt', booking.createdAt }
if ARGV[2] ~= '' then
  event[#event + 1] = 'requestId'
  event[#event + 1] = ARGV[2]
end
redis.call('XADD', KEYS[2], '*', unpack(event))
redis.call('HSET', KEYS[1], 'status', ARGV[5], 'version', version, 'updatedAt', ARGV[1])
return { 'APPLIED', redis.call('HGETALL', KEYS[1]) }
