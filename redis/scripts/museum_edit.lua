#!lua
-- Changes the fields of an exhibition that staff may edit. The seats held stay as they are.
-- KEYS  1 exhibition  2 index by date and time  3 Museum's events  4 recent moves in the index
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 exhibition id  5 the version it was read at  6 title or ''
--       7 hall  8 date  9 start time or ''  10 end time or ''  11 capacity  12 status
-- Returns NO_EXHIBITION | DELETED | STALE, the current version | BELOW_HELD, seats held
--       | UNCHANGED | CHANGED, the exhibition's fields
local now = redis.call('HMGET', KEYS[1], 'status', 'version', 'held')
if not now[1] then return { 'NO_EXHIBITION' } end
if now[1] == 'DELETED' then return { 'DELETED' } end
if now[2] ~= ARGV[5] then return { 'STALE', now[2] } end
local held = tonumber(now[3])
local capacity = tonumber(ARGV[11])
if capacity < held then return { 'BELOW_HELD', now[3] } end

local names = { 'title', 'hall', 'date', 'startTime', 'endTime', 'capacity', 'status' }
local before = redis.call('HMGET', KEYS[1], unpack(names))
local version = tostring(tonumber(now[2]) + 1)
local event = { 'eventType', 'MuseumChanged', 'timestamp', ARGV[1], 'museumId', ARGV[4], 'version', version }
local set = { 'version', version, 'available', string.format('%d', capacity - held) }
local cleared = {}
local changed = false
for i, name in ipairs(names) do
  local value = ARGV[5 + i]
  if value ~= (before[i] or '') then changed = true end
  if value == '' then
    cleared[#cleared + 1] = name
  else
    for _, list in ipairs({ event, set }) do
      list[#list + 1] = name
      list[#list + 1] = value
    end
  end
end
if not changed then return { 'UNCHANGED', redis.call('HGETALL', KEYS[1]) } end
if ARGV[2] ~= '' then event[#event + 1], event[#event + 2] = 'requestId', ARGV[2] end
if ARGV[3] ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', ARGV[3] end

local function slot(date, time)
  return (string.gsub((date or '') .. ((time or '') == '' and '00:00' or time), '%D', ''))
end
local old, new = slot(before[3], before[4]), slot(ARGV[8], ARGV[9])

local eventId = redis.call('XADD', KEYS[3], '*', unpack(event))
redis.call('HSET', KEYS[1], unpack(set))
if #cleared > 0 then redis.call('HDEL', KEYS[1], unpack(cleared)) end
redis.call('ZADD', KEYS[2], new, ARGV[4])
if old ~= new then
  -- A list that is being read page by page needs the earlier place of the exhibition. Moves are kept for an hour.
  local ms = tonumber(string.match(eventId, '^%d+'))
  redis.call('ZADD', KEYS[4], string.format('%d', ms), ARGV[4] .. ':' .. old .. ':' .. eventId)
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', '(' .. string.format('%d', ms - 3600000))
end
return { 'CHANGED', redis.call('HGETALL', KEYS[1]) }
