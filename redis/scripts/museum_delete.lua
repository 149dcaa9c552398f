#!lua
-- Deletes an exhibition for good. The seats of its bookings are then revoked step by step (museum_revoke).
-- KEYS  1 exhibition  2 index by date and time  3 index of the deleted  4 exhibitions being revoked  5 Museum's events
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 exhibition id
-- Returns NO_EXHIBITION | ALREADY | DELETED, the last two with the exhibition's fields
local names = { 'title', 'hall', 'date', 'startTime', 'endTime', 'capacity' }
local now = redis.call('HMGET', KEYS[1], 'status', 'version', unpack(names))
if not now[1] then return { 'NO_EXHIBITION' } end
if now[1] == 'DELETED' then return { 'ALREADY', redis.call('HGETALL', KEYS[1]) } end

-- The score is computed from the current fields: the caller may have read the exhibition before it was moved.
local slot = string.gsub((now[5] or '') .. (now[6] or '00:00'), '%D', '')
local version = tostring(tonumber(now[2]) + 1)
local event = { 'eventType', 'MuseumDeleted', 'timestamp', ARGV[1], 'museumId', ARGV[4],
  'status', 'DELETED', 'version', version }
for i, name in ipairs(names) do
  if now[2 + i] then
    event[#event + 1] = name
    event[#event + 1] = now[2 + i]
  end
end
if ARGV[2] ~= '' then event[#event + 1], event[#event + 2] = 'requestId', ARGV[2] end
if ARGV[3] ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', ARGV[3] end

redis.call('XADD', KEYS[5], '*', unpack(event))
redis.call('HSET', KEYS[1], 'status', 'DELETED', 'version', version)
redis.call('ZREM', KEYS[2], ARGV[4])
redis.call('ZADD', KEYS[3], slot, ARGV[4])
redis.call('SADD', KEYS[4], ARGV[4])
return { 'DELETED', redis.call('HGETALL', KEYS[1]) }
