#!lua
-- Revokes the seats of about 64 bookings of a deleted exhibition, and stores the cursor for the next step.
-- KEYS  1 exhibition  2 its seats by booking  3 exhibitions being revoked  4 Museum's events
-- ARGV  1 now, ms  2 exhibition id
-- Returns NOT_DELETED | DONE | MORE, the last with the number of bookings revoked in this step
local exhibition = redis.call('HMGET', KEYS[1], 'status', 'available', 'held', 'revokeCursor')
if exhibition[1] ~= 'DELETED' then return { 'NOT_DELETED' } end
local available, held = tonumber(exhibition[2]), tonumber(exhibition[3])
if held == 0 then
  redis.call('SREM', KEYS[3], ARGV[2])
  redis.call('HDEL', KEYS[1], 'revokeCursor')
  return { 'DONE' }
end

local step = redis.call('HSCAN', KEYS[2], exhibition[4] or '0', 'COUNT', 64)
local found = step[2]
local zeroes = {}
local events = {}
for i = 1, #found, 2 do
  local seats = tonumber(found[i + 1])
  if seats > 0 then
    available = available + seats
    held = held - seats
    zeroes[#zeroes + 1] = found[i]
    zeroes[#zeroes + 1] = '0'
    events[#events + 1] = { 'eventType', 'SeatsRevoked', 'timestamp', ARGV[1], 'museumId', ARGV[2],
      'bookId', found[i], 'seats', found[i + 1], 'available', string.format('%d', available) }
  end
end

for _, event in ipairs(events) do redis.call('XADD', KEYS[4], '*', unpack(event)) end
if #zeroes > 0 then redis.call('HSET', KEYS[2], unpack(zeroes)) end
redis.call('HSET', KEYS[1], 'available', string.format('%d', available), 'held', string.format('%d', held),
  'revokeCursor', step[1])
return { 'MORE', #events }
