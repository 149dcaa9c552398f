#!lua
-- Sets an admission to the state of its booking, from any state, and also if there is no admission yet.
-- KEYS  1 admission  2 its exhibition's admissions by time  3 exhibitions that have admissions  4 Confirm's events
--       5 purged exhibitions
-- ARGV  1 now, ms  2 request id or ''  3 its traceparent or ''  4 booking id  5 exhibition id  6 visitor  7 seats  8 status
--       9 the booking's version  10 when the booking was made, ms
-- Returns PURGED | STALE | APPLIED
-- PURGED: the exhibition is purged; a consumer that was stopped for long may still have one of its events.
if redis.call('SISMEMBER', KEYS[5], ARGV[5]) == 1 then return 'PURGED' end
local now = redis.call('HMGET', KEYS[1], 'bookVersion', 'version')
if now[1] and tonumber(now[1]) >= tonumber(ARGV[9]) then return 'STALE' end

local version = string.format('%d', tonumber(now[2] or '0') + 1)
local event = { 'eventType', ARGV[8] == 'CONFIRMED' and 'ConfirmCompleted' or 'ConfirmChanged', 'timestamp', ARGV[1],
  'bookId', ARGV[4], 'museumId', ARGV[5], 'visitor', ARGV[6], 'seats', ARGV[7], 'status', ARGV[8], 'version', version }
if ARGV[2] ~= '' then event[#event + 1], event[#event + 2] = 'requestId', ARGV[2] end
if ARGV[3] ~= '' then event[#event + 1], event[#event + 2] = 'traceparent', ARGV[3] end
redis.call('XADD', KEYS[4], '*', unpack(event))
redis.call('HSET', KEYS[1], 'visitor', ARGV[6], 'museumId', ARGV[5], 'seats', ARGV[7], 'status', ARGV[8],
  'version', version, 'bookVersion', ARGV[9], 'updatedAt', ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[10], ARGV[4])
redis.call('ZADD', KEYS[3], 0, ARGV[5])
return 'APPLIED'
