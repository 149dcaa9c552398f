#!lua
-- Sets admissions to the states of their bookings, up to 64, in order: from any state, and also if there is no admission yet.
-- KEYS  1 exhibitions that have admissions  2 Confirm's events  3 purged exhibitions
--       then for each booking: its admission, its exhibition's admissions by time
-- ARGV  1 now, ms, then for each booking: request id or '', its traceparent or '', booking id, exhibition id, visitor, seats,
--       status, the booking's version, when the booking was made in ms
-- Returns for each booking PURGED | STALE | APPLIED
-- PURGED: the exhibition is purged; a consumer that was stopped for long may still have one of its events.
local purged = {}
local function isPurged(exhibition)
  if purged[exhibition] == nil then purged[exhibition] = redis.call('SISMEMBER', KEYS[3], exhibition) == 1 end
  return purged[exhibition]
end

local answer, updates, versions = {}, {}, {}
for i = 1, (#KEYS - 3) / 2 do
  local key = KEYS[2 + 2 * i]
  local requestId, traceparent, id, exhibition, visitor, seats, status, bookVersion, createdAt =
    unpack(ARGV, 9 * i - 7, 9 * i + 1)
  local now = versions[key] or redis.call('HMGET', key, 'bookVersion', 'version')
  if isPurged(exhibition) then answer[i] = 'PURGED'
  elseif now[1] and tonumber(now[1]) >= tonumber(bookVersion) then answer[i] = 'STALE'
  else
    answer[i] = 'APPLIED'
    local version = string.format('%d', tonumber(now[2] or '0') + 1)
    versions[key] = { bookVersion, version }
    local eventType = status == 'CONFIRMED' and not now[2] and 'ConfirmCompleted' or 'ConfirmChanged'
    local event = { 'eventType', eventType, 'timestamp', ARGV[1], 'bookId', id, 'museumId', exhibition,
      'visitor', visitor, 'seats', seats, 'status', status, 'version', version }
    if requestId ~= '' then event[#event + 1], event[#event + 2] = 'requestId', requestId end
    if traceparent ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', traceparent end
    updates[#updates + 1] = {
      key = key, list = KEYS[3 + 2 * i], event = event, id = id, exhibition = exhibition, createdAt = createdAt,
      fields = { 'visitor', visitor, 'museumId', exhibition, 'seats', seats, 'status', status, 'version', version,
        'bookVersion', bookVersion, 'updatedAt', ARGV[1] },
    }
  end
end

for _, update in ipairs(updates) do redis.call('XADD', KEYS[2], '*', unpack(update.event)) end
local listed, lists = {}, {}
for _, update in ipairs(updates) do
  redis.call('HSET', update.key, unpack(update.fields))
  if not listed[update.list] then
    listed[update.list] = {}
    lists[#lists + 1] = update
  end
  local entries = listed[update.list]
  entries[#entries + 1], entries[#entries + 2] = update.createdAt, update.id
end
for _, first in ipairs(lists) do
  redis.call('ZADD', first.list, unpack(listed[first.list]))
  redis.call('ZADD', KEYS[1], 0, first.exhibition)
end
return answer
