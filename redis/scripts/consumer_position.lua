#!lua
-- Reads the position of a group in a stream and its lowest pending entry, both at one moment. Writes nothing.
-- KEYS  1 stream
-- ARGV  1 group
-- Returns NO_GROUP | FOUND, the last id delivered, the lowest id pending or ''
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if groups.err then
  if string.find(groups.err, 'no such key', 1, true) then return { 'NO_GROUP' } end
  return groups
end

for _, group in ipairs(groups) do
  local fields = {}
  for i = 1, #group, 2 do fields[group[i]] = group[i + 1] end
  if fields.name == ARGV[1] then
    local pending = redis.call('XPENDING', KEYS[1], ARGV[1])
    return { 'FOUND', fields['last-delivered-id'], pending[2] or '' }
  end
end
return { 'NO_GROUP' }
