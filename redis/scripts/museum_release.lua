#!lua
-- Releases a booking's seats, once. A booking without seats gets a tombstone; a late reserve then returns VOID.
-- KEYS  1 exhibition  2 its seats by booking  3 Museum's events
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 exhibition id  5 booking id
-- Returns NO_EXHIBITION | ALREADY | VOIDED | RELEASED
local exhibition = redis.call('HMGET', KEYS[1], 'available', 'held')
if not exhibition[1] then return 'NO_EXHIBITION' end
local seats = redis.call('HGET', KEYS[2], ARGV[5])
if seats == '0' then return 'ALREADY' end
if not seats then
  redis.call('HSET', KEYS[2], ARGV[5], '0')
  return 'VOIDED'
end

local available = string.format('%d', tonumber(exhibition[1]) + tonumber(seats))
local held = string.format('%d', tonumber(exhibition[2]) - tonumber(seats))
local event = { 'eventType', 'SeatsReleased', 'timestamp', ARGV[1], 'museumId', ARGV[4], 'bookId', ARGV[5],
  'seats', seats, 'available', available }
if ARGV[2] ~= '' then event[#event + 1], event[#event + 2] = 'requestId', ARGV[2] end
if ARGV[3] ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', ARGV[3] end
redis.call('XADD', KEYS[3], '*', unpack(event))
redis.call('HSET', KEYS[2], ARGV[5], '0')
redis.call('HSET', KEYS[1], 'available', available, 'held', held)
return 'RELEASED'
