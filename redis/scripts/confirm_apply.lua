#!lua
-- Sets an admission to the state of its booking, from any state, and also if there is no admission yet.
-- KEYS  1 admission  2 its exhibition's admissions by time  3 exhibitions that have admissions  4 Confirm's events
--       5 purged exhibitions
-- ARGV  1 now, ms  2 request id or ''  3 booking id  4 exhibition id  5 visitor  6 seats  7 status  8 the booking's version
--       9 when the booking was made, ms
-- Returns PURGED | STALE | APPLIED
-- PURGED: the exhibition is purged; a consumer that was stopped for long may still have one of its events.
if redis.call('SISMEMBER', KEYS[5], ARGV[4]) == 1 then return 'PURGED' end
local now = redis.call('HMGET', KEYS[1], 'bookVersion', 'version')
if now[1] and tonumber(now[1]) >= tonumber(ARGV[8]) then return 'STALE' end

local version = string.format('%d', tonumber(now[2] or '0') + 1)
local event = { 'eventType', ARGV[7] == 'CONFIRMED' and 'ConfirmCompleted' or 'ConfirmChanged', 'timestamp', ARGV[1],
  'bookId', ARGV[3], 'museumId', ARGV[4], 'visitor', ARGV[5], 'seats', ARGV[6], 'status', ARGV[7], 'version', version }
if ARGV[2] ~= '' then
  event[#event + 1] = 'requestId'
  event[#event + 1] = ARGV[2]
end
redis.call('XADD', KEYS[4], '*', unpack(event))
redis.call('HSET', KEYS[1], 'visitor', ARGV[5], 'museumId', ARGV[4], 'seats', ARGV[6], 'status', ARGV[7],
  'version', version, 'bookVersion', ARGV[8], 'updatedAt', ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[9], ARGV[3])
redis.call('ZADD', KEYS[3], 0, ARGV[4])
return 'APPLIED'
