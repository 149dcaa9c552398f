#!lua
-- Releases the seats of bookings, up to 64, each once. A booking without seats gets a tombstone: a late reserve returns VOID.
-- KEYS  1 Museum's events, then for each booking: its exhibition, the exhibition's seats by booking
-- ARGV  1 now, ms, then for each booking: request id or '', its traceparent or '', exhibition id, booking id
-- Returns for each booking NO_EXHIBITION | ALREADY | VOIDED | RELEASED
local answer, exhibitions, events, tombstones = {}, {}, {}, {}
for i = 1, (#KEYS - 1) / 2 do
  local key, list = KEYS[2 * i], KEYS[2 * i + 1]
  local requestId, traceparent, exhibitionId, id = unpack(ARGV, 4 * i - 2, 4 * i + 1)
  local exhibition = exhibitions[key]
  if not exhibition then
    local available, held = unpack(redis.call('HMGET', key, 'available', 'held'))
    exhibition = { available = tonumber(available or ''), held = tonumber(held or ''), released = {} }
    exhibitions[key] = exhibition
  end
  local seats = exhibition.available and (exhibition.released[id] or redis.call('HGET', list, id))
  if not exhibition.available then answer[i] = 'NO_EXHIBITION'
  elseif seats == '0' then answer[i] = 'ALREADY'
  else
    exhibition.released[id] = '0'
    tombstones[#tombstones + 1] = { list, id }
    answer[i] = 'VOIDED'
    if seats then
      answer[i] = 'RELEASED'
      exhibition.isChanged = true
      exhibition.available = exhibition.available + tonumber(seats)
      exhibition.held = exhibition.held - tonumber(seats)
      local event = { 'eventType', 'SeatsReleased', 'timestamp', ARGV[1], 'museumId', exhibitionId, 'bookId', id,
        'seats', seats, 'available', string.format('%d', exhibition.available) }
      if requestId ~= '' then event[#event + 1], event[#event + 2] = 'requestId', requestId end
      if traceparent ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', traceparent end
      events[#events + 1] = event
    end
  end
end

for _, event in ipairs(events) do redis.call('XADD', KEYS[1], '*', unpack(event)) end
for _, booking in ipairs(tombstones) do redis.call('HSET', booking[1], booking[2], '0') end
for i = 2, #KEYS, 2 do
  local exhibition = exhibitions[KEYS[i]]
  if exhibition.isChanged then
    redis.call('HSET', KEYS[i], 'available', string.format('%d', exhibition.available),
      'held', string.format('%d', exhibition.held))
    exhibition.isChanged = false
  end
end
return answer
