#!lua
-- Updates the admission's half of rows, up to 64, in order. It is guarded by a version of its own.
-- KEYS  1 purged exhibitions, then for each row: the row
-- ARGV  for each row: version, exhibition id, the admission's status, when it changed in ms
-- Returns for each row PURGED | STALE | APPLIED
local purged = {}
local function isPurged(exhibition)
  if purged[exhibition] == nil then purged[exhibition] = redis.call('SISMEMBER', KEYS[1], exhibition) == 1 end
  return purged[exhibition]
end

local answer, updates, versions = {}, {}, {}
for i = 1, #KEYS - 1 do
  local key = KEYS[1 + i]
  local version, exhibition, admission, updatedAt = unpack(ARGV, 4 * i - 3, 4 * i)
  local now = versions[key] or redis.call('HGET', key, 'admissionVersion')
  if isPurged(exhibition) then answer[i] = 'PURGED'
  elseif now and tonumber(now) >= tonumber(version) then answer[i] = 'STALE'
  else
    answer[i] = 'APPLIED'
    versions[key] = version
    updates[#updates + 1] = { key, 'admissionVersion', version, 'admission', admission, 'admissionUpdatedAt', updatedAt }
  end
end
for _, update in ipairs(updates) do redis.call('HSET', unpack(update)) end
return answer
