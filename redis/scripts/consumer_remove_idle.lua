#!lua
-- Removes the consumers of a group that have been idle for long and have nothing pending. Finds and removes them in one step.
-- KEYS  1 stream
-- ARGV  1 group  2 the consumer that asks: it stays  3 how long idle, ms  4 most to remove
-- Returns the names of those that were removed
local limit = tonumber(ARGV[4])
local names = {}
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local fields = {}
  for i = 1, #consumer, 2 do fields[consumer[i]] = consumer[i + 1] end
  local isGone = fields.pending == 0 and fields.idle >= tonumber(ARGV[3]) and fields.name ~= ARGV[2]
  if isGone and #names < limit then names[#names + 1] = fields.name end
end

for _, name in ipairs(names) do redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name) end
return names
