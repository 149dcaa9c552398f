#!lua
-- Registers exhibitions under their assigned numbers, up to 1,000, all of them or none; with an idempotency key only once.
-- KEYS  1 index by date and time  2 Museum's events  3 keys of registrations, then the exhibitions
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 idempotency key or ''  5 digest of all fields or '', then
--       for each exhibition: id, title or '', hall, date, start time or '', end time or '', capacity
-- Returns KNOWN, the ids and the digest under the key | TAKEN | REGISTERED
local key = ARGV[4]
if key ~= '' then
  local known = redis.call('HGET', KEYS[3], key)
  if known then return { 'KNOWN', known } end
end
for i = 4, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 1 then return 'TAKEN' end
end

local function put(list, name, value)
  if value == '' then return end
  list[#list + 1] = name
  list[#list + 1] = value
end
local ids, events, hashes, slots = {}, {}, {}, {}
for i = 1, #KEYS - 3 do
  local id, title, hall, date, startTime, endTime, capacity = unpack(ARGV, 7 * i - 1, 7 * i + 5)
  local event = { 'eventType', 'MuseumRegistered', 'timestamp', ARGV[1], 'museumId', id }
  local fields = { 'available', capacity, 'held', '0' }
  for _, list in ipairs({ event, fields }) do
    put(list, 'title', title)
    put(list, 'hall', hall)
    put(list, 'date', date)
    put(list, 'startTime', startTime)
    put(list, 'endTime', endTime)
    put(list, 'capacity', capacity)
    put(list, 'status', 'OPEN')
    put(list, 'version', '1')
    put(list, 'createdAt', ARGV[1])
  end
  put(event, 'requestId', ARGV[2])
  put(event, 'traceparent', ARGV[3])
  -- A purge of the exhibition reads the key here and removes its entry.
  put(fields, 'idempotencyKey', key)
  ids[i], events[i], hashes[i] = id, event, fields
  slots[i] = string.gsub(date .. (startTime == '' and '00:00' or startTime), '%D', '')
end

for _, event in ipairs(events) do redis.call('XADD', KEYS[2], '*', unpack(event)) end
for i, fields in ipairs(hashes) do
  redis.call('HSET', KEYS[i + 3], unpack(fields))
  redis.call('ZADD', KEYS[1], slots[i], ids[i])
end
if key ~= '' then redis.call('HSET', KEYS[3], key, table.concat(ids, ',') .. ' ' .. ARGV[5]) end
return 'REGISTERED'
