#!lua
-- Sets a consumer group back so that it replays a stream from an id on; never moves it forward.
-- KEYS  1 stream
-- ARGV  1 group  2 the first id to replay  3 the id right below it  4 '1' to set it back, '0' to look only
-- Returns NO_GROUP | AHEAD | NOTHING | SET_BACK, the last three with the last delivered id and the lowest pending one or ''
--         AHEAD: the id is past what the group has applied, and there are entries that it has not applied
--         NOTHING: the id is past what the group has applied, and it has applied all there is
local function isBelow(left, right)
  local leftMs, leftSequence = string.match(left, '^(%d+)-(%d+)$')
  local rightMs, rightSequence = string.match(right, '^(%d+)-(%d+)$')
  -- Compared as text: the numbers may be larger than Lua represents exactly.
  local function compare(one, other)
    if #one ~= #other then return #one < #other and -1 or 1 end
    if one == other then return 0 end
    return one < other and -1 or 1
  end
  local order = compare(leftMs, rightMs)
  if order == 0 then order = compare(leftSequence, rightSequence) end
  return order < 0
end

if redis.call('EXISTS', KEYS[1]) == 0 then return { 'NO_GROUP' } end
local delivered
for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #fields, 2 do group[fields[i]] = fields[i + 1] end
  if group.name == ARGV[1] then delivered = group['last-delivered-id'] end
end
if not delivered then return { 'NO_GROUP' } end
local lowest = redis.call('XPENDING', KEYS[1], ARGV[1])[2] or ''

if isBelow(delivered, ARGV[3]) or (lowest ~= '' and isBelow(lowest, ARGV[2])) then
  local isWhole = lowest == '' and #redis.call('XRANGE', KEYS[1], '(' .. delivered, '+', 'COUNT', 1) == 0
  return { isWhole and 'NOTHING' or 'AHEAD', delivered, lowest }
end
if ARGV[4] == '1' then redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[3]) end
return { 'SET_BACK', delivered, lowest }
