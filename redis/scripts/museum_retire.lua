#!lua
-- Takes an exhibition that ended before a day out of use for good, so that it can be purged. The script checks the date, because
-- staff may have moved the exhibition since the caller read it.
-- KEYS  1 exhibition  2 index by date and time  3 index of the deleted  4 Museum's events
-- ARGV  1 now, ms  2 exhibition id  3 the day, YYYY-MM-DD  4 the day before it
-- Returns NO_EXHIBITION | RETIRED, its version | NOT_OVER | REVOKING, seats held
-- RETIRED: deleted with `purging` = 1, for good; also returned if it was retired before, whatever the day.
-- Its bookings are not revoked: they are about to be removed. An exhibition that staff have deleted is retired after its seats
-- have been revoked.
local names = { 'title', 'hall', 'date', 'startTime', 'endTime', 'capacity' }
local now = redis.call('HMGET', KEYS[1], 'status', 'version', 'held', 'purging', unpack(names))
if not now[1] then return { 'NO_EXHIBITION' } end
if now[4] == '1' then return { 'RETIRED', now[2] } end
local date, starts, ends = now[7], now[8], now[9]
-- An end at or before the start is on the next day.
local bound = starts and ends and ends <= starts and ARGV[4] or ARGV[3]
if not date or date >= bound then return { 'NOT_OVER' } end
if now[1] == 'DELETED' then
  if now[3] ~= '0' then return { 'REVOKING', now[3] } end
  redis.call('HSET', KEYS[1], 'purging', '1')
  return { 'RETIRED', now[2] }
end

local version = tostring(tonumber(now[2]) + 1)
local slot = string.gsub(date .. (starts or '00:00'), '%D', '')
local event = { 'eventType', 'MuseumDeleted', 'timestamp', ARGV[1], 'museumId', ARGV[2],
  'status', 'DELETED', 'version', version }
for i, name in ipairs(names) do
  if now[4 + i] then
    event[#event + 1] = name
    event[#event + 1] = now[4 + i]
  end
end
redis.call('XADD', KEYS[4], '*', unpack(event))
redis.call('HSET', KEYS[1], 'status', 'DELETED', 'version', version, 'purging', '1')
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[3], slot, ARGV[2])
return { 'RETIRED', version }
