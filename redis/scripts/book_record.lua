#!lua
-- Records bookings whose seats are reserved, up to 64, in order.
-- KEYS  1 exhibitions that have bookings  2 Book's events  3 purged exhibitions
--       then for each booking: the booking, its exhibition's bookings by time
-- ARGV  for each booking: now in ms, request id or '', its traceparent or '', booking id, exhibition id, visitor, seats
--       then for each detail: the number of its booking, name of the field, value
-- Returns for each booking RECORDED | ABORTED | MISMATCH | EXISTS, the last in a list with the booking's fields
-- Details are what a visitor may add: name, contact, note. They are in the booking's hash and in no event.
-- For a purged exhibition it also returns ABORTED, and writes nothing, however late the request arrives.
local purged = {}
local function isPurged(exhibition)
  if purged[exhibition] == nil then purged[exhibition] = redis.call('SISMEMBER', KEYS[3], exhibition) == 1 end
  return purged[exhibition]
end

local answer, recorded, isRecorded, listed, lists, details = {}, {}, {}, {}, {}, {}
local count = (#KEYS - 3) / 2
for i = 7 * count + 1, #ARGV, 3 do
  local booking = tonumber(ARGV[i])
  details[booking] = details[booking] or {}
  table.insert(details[booking], ARGV[i + 1])
  table.insert(details[booking], ARGV[i + 2])
end
for i = 1, count do
  local key, list = KEYS[2 + 2 * i], KEYS[3 + 2 * i]
  local now, requestId, traceparent, id, exhibition, visitor, seats = unpack(ARGV, 7 * i - 6, 7 * i)
  local status, bookedBy, seatsNow, seatsAtFirst =
    unpack(redis.call('HMGET', key, 'status', 'visitor', 'seats', 'bookedSeats'))
  local booked = seatsAtFirst or seatsNow
  local earlier = isRecorded[key]
  if earlier then status, bookedBy, booked = 'REQUESTED', earlier[2], earlier[6] end
  -- Checked first: an attempt that ended in 503 never counts, whatever its fields were.
  if status == 'ABORTED' then answer[i] = 'ABORTED'
  elseif status and (bookedBy ~= visitor or booked ~= seats) then answer[i] = 'MISMATCH'
  elseif status then answer[i] = { 'EXISTS', earlier or redis.call('HGETALL', key) }
  elseif isPurged(exhibition) then answer[i] = 'ABORTED'
  else
    answer[i] = 'RECORDED'
    local event = { 'eventType', 'Requested', 'timestamp', now, 'bookId', id, 'museumId', exhibition,
      'visitor', visitor, 'seats', seats, 'status', 'REQUESTED', 'version', '1', 'createdAt', now }
    if requestId ~= '' then event[#event + 1], event[#event + 2] = 'requestId', requestId end
    if traceparent ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', traceparent end
    local fields = { 'visitor', visitor, 'museumId', exhibition, 'seats', seats, 'status', 'REQUESTED',
      'version', '1', 'createdAt', now, 'updatedAt', now, unpack(details[i] or {}) }
    recorded[#recorded + 1] = { key = key, event = event, fields = fields }
    isRecorded[key] = fields
    if not listed[list] then
      listed[list] = {}
      lists[#lists + 1] = { key = list, exhibition = exhibition }
    end
    local entries = listed[list]
    entries[#entries + 1], entries[#entries + 2] = now, id
  end
end

for _, booking in ipairs(recorded) do redis.call('XADD', KEYS[2], '*', unpack(booking.event)) end
for _, booking in ipairs(recorded) do redis.call('HSET', booking.key, unpack(booking.fields)) end
for _, list in ipairs(lists) do
  redis.call('ZADD', list.key, unpack(listed[list.key]))
  redis.call('ZADD', KEYS[1], 0, list.exhibition)
end
return answer
