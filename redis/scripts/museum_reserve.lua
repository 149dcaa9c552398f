#!lua
-- Reserves seats of one exhibition for up to 64 bookings, in order, each completely or not at all.
-- KEYS  1 exhibition  2 its seats by booking  3 Museum's events
-- ARGV  1 now, ms  2 exhibition id  3 the museum's date  4 the day before  5 its time of day
--       then for each booking: id, seats, visitor, request id or '', its traceparent or ''
-- Returns for each booking a word and the seats left after it:
--         NO_EXHIBITION | REPEATED | MISMATCH | VOID | DELETED | CLOSED | OVER | SOLD_OUT | RESERVED
-- Seats that a booking already holds are checked first: a repeated call gets the first result, whatever has changed since.
local answer = {}
local exhibition = redis.call('HMGET', KEYS[1], 'status', 'available', 'held', 'date', 'startTime', 'endTime')
local status = exhibition[1]
if not status then
  for _ = 6, #ARGV, 5 do
    answer[#answer + 1] = 'NO_EXHIBITION'
    answer[#answer + 1] = 0
  end
  return answer
end

-- An exhibition is over from its end time on, else from the end of its date on. An end at or before the start is on the next day.
local date, startTime, endTime = unpack(exhibition, 4, 6)
-- The date of an exhibition whose last day is today.
local lastDay = startTime and endTime and endTime <= startTime and ARGV[4] or ARGV[3]
local isOver = date < lastDay or (date == lastDay and endTime and endTime <= ARGV[5])

local ids = {}
for i = 6, #ARGV, 5 do ids[#ids + 1] = ARGV[i] end
local holding = {}
for i, seats in ipairs(redis.call('HMGET', KEYS[2], unpack(ids))) do
  if seats then holding[ids[i]] = tonumber(seats) end
end

local available, taken = tonumber(exhibition[2]), 0
local events, set = {}, {}
for i = 6, #ARGV, 5 do
  local id, wanted = ARGV[i], tonumber(ARGV[i + 1])
  local word
  if holding[id] == wanted then word = 'REPEATED'
  elseif holding[id] == 0 then word = 'VOID'
  elseif holding[id] then word = 'MISMATCH'
  elseif status == 'DELETED' then word = 'DELETED'
  elseif status == 'CLOSED' then word = 'CLOSED'
  elseif isOver then word = 'OVER'
  elseif wanted > available then word = 'SOLD_OUT'
  else
    word = 'RESERVED'
    available = available - wanted
    taken = taken + wanted
    holding[id] = wanted
    set[#set + 1] = id
    set[#set + 1] = ARGV[i + 1]
    local event = { 'eventType', 'SeatsReserved', 'timestamp', ARGV[1], 'museumId', ARGV[2], 'bookId', id,
      'visitor', ARGV[i + 2], 'seats', ARGV[i + 1], 'available', string.format('%d', available) }
    for j, name in ipairs({ 'requestId', 'traceparent' }) do
      local value = ARGV[i + 2 + j]
      if value ~= '' then event[#event + 1], event[#event + 2] = name, value end
    end
    events[#events + 1] = event
  end
  answer[#answer + 1] = word
  answer[#answer + 1] = available
end
if taken == 0 then return answer end

for _, event in ipairs(events) do redis.call('XADD', KEYS[3], '*', unpack(event)) end
redis.call('HSET', KEYS[2], unpack(set))
redis.call('HSET', KEYS[1], 'available', string.format('%d', available),
  'held', string.format('%d', tonumber(exhibition[3]) + taken))
return answer
