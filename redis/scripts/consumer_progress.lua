#!lua
-- Records how far a group has applied a stream; never lowers the value.
-- KEYS  1 progress
-- ARGV  1 the last stream id up to which all is applied
-- Returns BEHIND | WRITTEN
local function parts(id)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(sequence)
end
local ms, sequence = parts(ARGV[1])
local now = redis.call('GET', KEYS[1])
if now then
  local nowMs, nowSequence = parts(now)
  if nowMs > ms or (nowMs == ms and nowSequence >= sequence) then return 'BEHIND' end
end
redis.call('SET', KEYS[1], ARGV[1])
return 'WRITTEN'
