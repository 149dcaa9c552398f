#!lua
-- Trims the entries of a stream that every subscriber has applied and that are past retention. Reads progress in the same step.
-- KEYS  1 stream, then for each subscriber its progress
-- ARGV  1 the lowest id within retention  2 most entries to remove
-- Returns how many were removed, and the id below which entries may go. Without progress a subscriber has applied nothing.
local pattern = '^(%d+)-(%d+)$'
-- Compared as text: a sequence may be above 2^53.
local function isLess(number, other)
  if #number ~= #other then return #number < #other end
  return number < other
end
local function precedes(id, other)
  local ms, sequence = string.match(id, pattern)
  local otherMs, otherSequence = string.match(other, pattern)
  if ms ~= otherMs then return isLess(ms, otherMs) end
  return isLess(sequence, otherSequence)
end

local bound = ARGV[1]
for i = 2, #KEYS do
  local applied = redis.call('GET', KEYS[i])
  if not applied or not string.match(applied, pattern) then return { 0, '0-0' } end
  if precedes(applied, bound) then bound = applied end
end
return { redis.call('XTRIM', KEYS[1], 'MINID', '~', bound, 'LIMIT', ARGV[2]), bound }
