#!lua
-- Updates MyPage's copy of an exhibition, which is joined to the rows when they are read.
-- KEYS  1 MyPage's copy of the exhibition  2 purged exhibitions
-- ARGV  1 version  2 exhibition id, then names and values of all it has
-- Returns PURGED | STALE | APPLIED
if redis.call('SISMEMBER', KEYS[2], ARGV[2]) == 1 then return 'PURGED' end
local version = redis.call('HGET', KEYS[1], 'version')
if version and tonumber(version) >= tonumber(ARGV[1]) then return 'STALE' end

redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[1], unpack(ARGV, 3))
return 'APPLIED'
