#!lua
-- Updates the booking's half of rows, up to 64, in order. It is guarded by a version of its own.
-- KEYS  1 purged exhibitions  2 visitors, then for each row: the row, its visitor's bookings by time
-- ARGV  for each row: version, booking id, exhibition id, visitor, seats, status, when it was booked in ms,
--       when it changed in ms
-- Returns for each row PURGED | STALE | APPLIED
-- An attempt that ended in 503 (ABORTED) has a row, but is on nobody's list.
local purged = {}
local function isPurged(exhibition)
  if purged[exhibition] == nil then purged[exhibition] = redis.call('SISMEMBER', KEYS[1], exhibition) == 1 end
  return purged[exhibition]
end

local answer, updates, versions, entries, lists = {}, {}, {}, {}, {}
for i = 1, (#KEYS - 2) / 2 do
  local key, list = KEYS[1 + 2 * i], KEYS[2 + 2 * i]
  local version, id, exhibition, visitor, seats, status, createdAt, updatedAt = unpack(ARGV, 8 * i - 7, 8 * i)
  local now = versions[key] or redis.call('HGET', key, 'bookVersion')
  if isPurged(exhibition) then answer[i] = 'PURGED'
  elseif now and tonumber(now) >= tonumber(version) then answer[i] = 'STALE'
  else
    answer[i] = 'APPLIED'
    versions[key] = version
    -- What never changes is written, and the row listed, with the first event that is applied.
    updates[#updates + 1] = now
      and { key, 'bookVersion', version, 'seats', seats, 'status', status, 'updatedAt', updatedAt }
      or { key, 'bookVersion', version, 'museumId', exhibition, 'visitor', visitor, 'seats', seats,
        'status', status, 'createdAt', createdAt, 'updatedAt', updatedAt }
    if not now and status ~= 'ABORTED' then
      if not entries[list] then
        entries[list] = {}
        lists[#lists + 1] = { key = list, visitor = visitor }
      end
      local bookings = entries[list]
      bookings[#bookings + 1], bookings[#bookings + 2] = createdAt, id
    end
  end
end

-- The rows last: their versions tell that an update is complete.
local visitors = {}
for _, list in ipairs(lists) do
  redis.call('ZADD', list.key, unpack(entries[list.key]))
  visitors[#visitors + 1], visitors[#visitors + 2] = 0, list.visitor
end
if #visitors > 0 then redis.call('ZADD', KEYS[2], unpack(visitors)) end
for _, update in ipairs(updates) do redis.call('HSET', unpack(update)) end
return answer
