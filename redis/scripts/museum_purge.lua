#!lua
-- Removes about 200 seats fields of a retired exhibition (museum_retire), and the exhibition itself when no field is left.
-- KEYS  1 exhibition  2 its seats by booking  3 index by date and time  4 index of the deleted  5 exhibitions being revoked
--       6 keys of registrations
-- ARGV  1 exhibition id  2 the version at which it was retired  3 cursor, '0' at first
-- Returns GONE | CHANGED | PURGED | MORE, the last with the next cursor
-- It writes no event: no service has data left that the event could change. After each step available + held = capacity.
local exhibition = redis.call('HMGET', KEYS[1], 'purging', 'version', 'available', 'held', 'idempotencyKey')
if not exhibition[2] then return { 'GONE' } end
if exhibition[1] ~= '1' or exhibition[2] ~= ARGV[2] then return { 'CHANGED' } end

if redis.call('HLEN', KEYS[2]) == 0 then
  redis.call('ZREM', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[1])
  redis.call('SREM', KEYS[5], ARGV[1])
  if exhibition[5] then
    -- Of exhibitions that were registered together, the last takes the entry with it. Until then the key registers none again.
    local ids, digest = string.match(redis.call('HGET', KEYS[6], exhibition[5]) or '', '^(%S+) (%S+)$')
    local left = {}
    for id in string.gmatch(ids or '', '[^,]+') do
      if id ~= ARGV[1] then left[#left + 1] = id end
    end
    if #left == 0 then redis.call('HDEL', KEYS[6], exhibition[5])
    else redis.call('HSET', KEYS[6], exhibition[5], table.concat(left, ',') .. ' ' .. digest) end
  end
  redis.call('DEL', KEYS[1])
  return { 'PURGED' }
end

local step = redis.call('HSCAN', KEYS[2], ARGV[3], 'COUNT', 200)
local found = step[2]
local ids, freed = {}, 0
for i = 1, #found, 2 do
  ids[#ids + 1] = found[i]
  freed = freed + (tonumber(found[i + 1]) or 0)
end
if #ids > 0 then
  redis.call('HDEL', KEYS[2], unpack(ids))
  redis.call('HSET', KEYS[1], 'available', string.format('%d', tonumber(exhibition[3]) + freed),
    'held', string.format('%d', tonumber(exhibition[4]) - freed))
end
return { 'MORE', step[1] }
