#!lua
-- Releases seats of bookings, up to 64, each seat once: of what a booking holds and what it keeps, it then holds the smaller. A
-- booking without seats that keeps none gets a tombstone: a late reserve returns VOID.
-- KEYS  1 Museum's events, then for each booking: its exhibition, the exhibition's seats by booking
-- ARGV  1 now, ms, then for each booking: request id or '', its traceparent or '', exhibition id, booking id, seats that it keeps
-- Returns for each booking NO_EXHIBITION | ABSENT | ALREADY | VOIDED | RELEASED
-- ABSENT: it keeps seats and has none. They were reserved before it was recorded, so they are purged, and nothing is written.
local answer, exhibitions, events, holds = {}, {}, {}, {}
for i = 1, (#KEYS - 1) / 2 do
  local key, list = KEYS[2 * i], KEYS[2 * i + 1]
  local requestId, traceparent, exhibitionId, id, kept = unpack(ARGV, 5 * i - 3, 5 * i + 1)
  local exhibition = exhibitions[key]
  if not exhibition then
    local available, held = unpack(redis.call('HMGET', key, 'available', 'held'))
    exhibition = { available = tonumber(available or ''), held = tonumber(held or ''), holds = {} }
    exhibitions[key] = exhibition
  end
  local seats = exhibition.available and (exhibition.holds[id] or redis.call('HGET', list, id))
  if not exhibition.available then answer[i] = 'NO_EXHIBITION'
  elseif seats and tonumber(seats) <= tonumber(kept) then answer[i] = 'ALREADY'
  elseif not seats and kept ~= '0' then answer[i] = 'ABSENT'
  else
    exhibition.holds[id] = kept
    holds[#holds + 1] = { list, id, kept }
    answer[i] = 'VOIDED'
    if seats then
      answer[i] = 'RELEASED'
      local released = tonumber(seats) - tonumber(kept)
      exhibition.isChanged = true
      exhibition.available = exhibition.available + released
      exhibition.held = exhibition.held - released
      local event = { 'eventType', 'SeatsReleased', 'timestamp', ARGV[1], 'museumId', exhibitionId, 'bookId', id,
        'seats', string.format('%d', released), 'available', string.format('%d', exhibition.available) }
      if kept ~= '0' then event[#event + 1], event[#event + 2] = 'remaining', kept end
      if requestId ~= '' then event[#event + 1], event[#event + 2] = 'requestId', requestId end
      if traceparent ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', traceparent end
      events[#events + 1] = event
    end
  end
end

for _, event in ipairs(events) do redis.call('XADD', KEYS[1], '*', unpack(event)) end
for _, hold in ipairs(holds) do redis.call('HSET', unpack(hold)) end
for i = 2, #KEYS, 2 do
  local exhibition = exhibitions[KEYS[i]]
  if exhibition.isChanged then
    redis.call('HSET', KEYS[i], 'available', string.format('%d', exhibition.available),
      'held', string.format('%d', exhibition.held))
    exhibition.isChanged = false
  end
end
return answer
