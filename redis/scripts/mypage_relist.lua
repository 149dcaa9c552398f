#!lua
-- Corrects one entry of a visitor's list of bookings, if the live row still requires it. Then corrects the visitor's entry in
-- the set of visitors who have bookings.
-- KEYS  1 the visitor's bookings by time  2 visitors  and to correct an entry: 3 the booking's row
-- ARGV  1 visitor  and to correct an entry: 2 booking id  3 the score it has  4 the score it should have, each '' for none
-- Returns CHANGED | SAME | REPAIRED
-- CHANGED: the entry is no longer what the caller saw, or the row does not belong there (any more).
local isRepaired = false
if KEYS[3] then
  if (redis.call('ZSCORE', KEYS[1], ARGV[2]) or '') ~= ARGV[3] then return 'CHANGED' end
  local row = {}
  if redis.call('TYPE', KEYS[3]).ok == 'hash' then row = redis.call('HMGET', KEYS[3], 'visitor', 'status', 'createdAt') end
  local due = row[1] == ARGV[1] and row[2] ~= 'ABORTED' and row[3] or ''
  if due ~= ARGV[4] then return 'CHANGED' end
  if due ~= ARGV[3] then
    if due == '' then redis.call('ZREM', KEYS[1], ARGV[2]) else redis.call('ZADD', KEYS[1], due, ARGV[2]) end
    isRepaired = true
  end
end
local score = redis.call('ZSCORE', KEYS[2], ARGV[1])
local hasBookings = redis.call('EXISTS', KEYS[1]) == 1
if hasBookings and score ~= '0' then
  redis.call('ZADD', KEYS[2], 0, ARGV[1])
  isRepaired = true
elseif score and not hasBookings then
  redis.call('ZREM', KEYS[2], ARGV[1])
  isRepaired = true
end
return isRepaired and 'REPAIRED' or 'SAME'
