#!lua
-- Removes a row, and its booking from its visitor's list, if the row still belongs to that visitor.
-- KEYS  1 row  and where its visitor is known: 2 the visitor's bookings by time  3 visitors
-- ARGV  1 booking id  2 the row's visitor, or ''
-- Returns CHANGED | ABSENT | REMOVED
if (redis.call('HGET', KEYS[1], 'visitor') or '') ~= ARGV[2] then return 'CHANGED' end
local removed = redis.call('DEL', KEYS[1])
if KEYS[2] then
  removed = removed + redis.call('ZREM', KEYS[2], ARGV[1])
  if redis.call('EXISTS', KEYS[2]) == 0 then removed = removed + redis.call('ZREM', KEYS[3], ARGV[2]) end
end
return removed == 0 and 'ABSENT' or 'REMOVED'
