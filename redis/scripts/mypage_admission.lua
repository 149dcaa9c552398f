#!lua
-- Updates the admission's half of rows, up to 64, in order. It is guarded by a version of its own.
-- KEYS  1 purged exhibitions, then for each row: the row
-- ARGV  for each row: version, exhibition id, the admission's status, when it changed in ms
-- Returns for each row PURGED | STALE | APPLIED
local exhibitions = {}
for i = 2, #ARGV, 4 do exhibitions[#exhibitions + 1] = ARGV[i] end
local purged = redis.call('SMISMEMBER', KEYS[1], unpack(exhibitions))

local answer, updates, versions = {}, {}, {}
for i = 1, #purged do
  local key = KEYS[1 + i]
  local version, _, admission, updatedAt = unpack(ARGV, 4 * i - 3, 4 * i)
  local now = versions[key] or redis.call('HGET', key, 'admissionVersion')
  if purged[i] == 1 then answer[i] = 'PURGED'
  elseif now and tonumber(now) >= tonumber(version) then answer[i] = 'STALE'
  else
    answer[i] = 'APPLIED'
    versions[key] = version
    updates[#updates + 1] = { key, 'admissionVersion', version, 'admission', admission, 'admissionUpdatedAt', updatedAt }
  end
end
for _, update in ipairs(updates) do redis.call('HSET', unpack(update)) end
return answer
