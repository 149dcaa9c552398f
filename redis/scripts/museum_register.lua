#!lua
-- Registers an exhibition under its assigned number; with an idempotency key only once.
-- KEYS  1 exhibition  2 index by date and time  3 Museum's events  and with an idempotency key: 4 keys of registrations
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 exhibition id  5 title or ''  6 hall  7 date
--       8 start time or ''  9 end time or ''  10 capacity  and with KEYS 4: 11 idempotency key  12 digest of the fields
-- Returns KNOWN, the id and the digest under the key | TAKEN | REGISTERED
if KEYS[4] then
  local known = redis.call('HGET', KEYS[4], ARGV[11])
  if known then return { 'KNOWN', known } end
end
if redis.call('EXISTS', KEYS[1]) == 1 then return 'TAKEN' end

local event = { 'eventType', 'MuseumRegistered', 'timestamp', ARGV[1], 'museumId', ARGV[4] }
local fields = { 'available', ARGV[10], 'held', '0' }
local function put(list, name, value)
  if value == '' then return end
  list[#list + 1] = name
  list[#list + 1] = value
end
for _, list in ipairs({ event, fields }) do
  put(list, 'title', ARGV[5])
  put(list, 'hall', ARGV[6])
  put(list, 'date', ARGV[7])
  put(list, 'startTime', ARGV[8])
  put(list, 'endTime', ARGV[9])
  put(list, 'capacity', ARGV[10])
  put(list, 'status', 'OPEN')
  put(list, 'version', '1')
  put(list, 'createdAt', ARGV[1])
end
put(event, 'requestId', ARGV[2])
put(event, 'traceparent', ARGV[3])
-- A purge of the exhibition reads the key here and removes its entry.
if KEYS[4] then put(fields, 'idempotencyKey', ARGV[11]) end

redis.call('XADD', KEYS[3], '*', unpack(event))
redis.call('HSET', KEYS[1], unpack(fields))
local slot = string.gsub(ARGV[7] .. (ARGV[8] == '' and '00:00' or ARGV[8]), '%D', '')
redis.call('ZADD', KEYS[2], slot, ARGV[4])
if KEYS[4] then redis.call('HSET', KEYS[4], ARGV[11], ARGV[4] .. ' ' .. ARGV[12]) end
return 'REGISTERED'
