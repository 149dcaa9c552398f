#!lua
-- Replaces a live row, or MyPage's copy of an exhibition, with the rebuilt one, but keeps a half that is newer than the rebuilt.
-- KEYS  1 live  2 rebuilt
-- ARGV  1 the first half's version field: bookVersion or version
--       2 a live version of it that no event has told of, or ''  3 likewise of the admission, the second half
--       then names and values of the live one as the caller has judged it
-- Returns CHANGED | SAME | REPAIRED
-- CHANGED: the live one is not that any more. Somebody has renamed, removed or updated it, and the judgement is void.
local function halves(key)
  local found = { {}, {} }
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    found[string.sub(fields[i], 1, 9) == 'admission' and 2 or 1][fields[i]] = fields[i + 1]
  end
  return found
end
local function differ(one, other)
  for name, value in pairs(one) do
    if other[name] ~= value then return true end
  end
  return false
end

local judged = {}
for i = 4, #ARGV, 2 do judged[ARGV[i]] = ARGV[i + 1] end
local live, rebuilt = halves(KEYS[1]), halves(KEYS[2])
local count = 0
for half = 1, 2 do
  for name, value in pairs(live[half]) do
    count = count + 1
    if judged[name] ~= value then return 'CHANGED' end
  end
end
if count ~= (#ARGV - 3) / 2 then return 'CHANGED' end

local fields = {}
local isSame = true
for half, name in ipairs({ ARGV[1], 'admissionVersion' }) do
  local chosen = rebuilt[half]
  local version = live[half][name]
  local isNewer = (tonumber(version or '0') or 0) > (tonumber(chosen[name] or '0') or 0)
  -- At equal versions the rebuilt half is used: a corrupted row has the right version and the wrong content.
  if isNewer and version ~= ARGV[half + 1] then chosen = live[half] end
  if differ(chosen, live[half]) or differ(live[half], chosen) then isSame = false end
  for field, value in pairs(chosen) do
    fields[#fields + 1] = field
    fields[#fields + 1] = value
  end
end
if isSame then return 'SAME' end

redis.call('DEL', KEYS[1])
if #fields > 0 then redis.call('HSET', KEYS[1], unpack(fields)) end
return 'REPAIRED'
