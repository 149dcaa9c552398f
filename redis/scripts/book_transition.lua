#!lua
-- Changes the status of bookings, up to 64, in order: one transition each, one version, one event.
-- KEYS  1 Book's events, then for each booking: the booking
-- ARGV  1 now, ms  2 event type  3 the new status  4 the statuses that it may start from, each in spaces  5 '1' to return fields
--       then for each booking: request id or '', its traceparent or '', booking id
-- Returns for each booking ABSENT | SKIPPED | APPLIED, the last two in a list with the booking's fields if they are asked for
-- SKIPPED: the booking has none of the statuses that the transition starts from.
local answer, changes, changed = {}, {}, {}
for i = 1, #KEYS - 1 do
  local key = KEYS[1 + i]
  local requestId, traceparent, id = unpack(ARGV, 3 * i + 3, 3 * i + 5)
  local status, version, museumId, visitor, seats, createdAt =
    unpack(redis.call('HMGET', key, 'status', 'version', 'museumId', 'visitor', 'seats', 'createdAt'))
  if changed[key] then status = ARGV[3] end
  if not status then answer[i] = 'ABSENT'
  elseif not string.find(ARGV[4], ' ' .. status .. ' ', 1, true) then answer[i] = 'SKIPPED'
  else
    answer[i] = 'APPLIED'
    changed[key] = true
    version = string.format('%d', tonumber(version) + 1)
    local event = { 'eventType', ARGV[2], 'timestamp', ARGV[1], 'bookId', id, 'museumId', museumId, 'visitor', visitor,
      'seats', seats, 'status', ARGV[3], 'version', version, 'createdAt', createdAt }
    if requestId ~= '' then event[#event + 1], event[#event + 2] = 'requestId', requestId end
    if traceparent ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', traceparent end
    changes[#changes + 1] = { key = key, version = version, event = event }
  end
end

for _, change in ipairs(changes) do redis.call('XADD', KEYS[1], '*', unpack(change.event)) end
for _, change in ipairs(changes) do
  redis.call('HSET', change.key, 'status', ARGV[3], 'version', change.version, 'updatedAt', ARGV[1])
end
if ARGV[5] == '1' then
  for i, code in ipairs(answer) do
    if code ~= 'ABSENT' then answer[i] = { code, redis.call('HGETALL', KEYS[1 + i]) } end
  end
end
return answer
