-- POST /books: reads the JSON, reserves with the museum's script over a pooled connection, writes the booking's JSON.
local cjson = require 'cjson.safe'
local redis = require 'nginx.redis'

local function fail(status, title)
  ngx.status = status
  ngx.header.content_type = 'application/problem+json'
  ngx.say(cjson.encode({ title = title, status = status }))
  return ngx.exit(status)
end

ngx.req.read_body()
local order = cjson.decode(ngx.req.get_body_data() or '')
if type(order) ~= 'table' or type(order.museumId) ~= 'string' or type(order.visitor) ~= 'string' then
  return fail(422, 'Invalid field')
end
local seats = order.seats or 1
if type(seats) ~= 'number' or seats < 1 or seats > 100 or seats % 1 ~= 0 or #order.visitor > 64 or #order.visitor == 0 then
  return fail(422, 'Invalid field')
end

local connection = redis:new()
connection:set_timeout(1000)
local connected = connection:connect('127.0.0.1', redis_port)
if not connected then return fail(503, 'Storage unavailable') end

local id = string.format('%s-%06x%06x', order.museumId, math.random(0, 0xffffff), math.random(0, 0xffffff))
local requestId = string.format('%08x%08x', math.random(0, 0x7fffffff), math.random(0, 0x7fffffff))
local now = ngx.now()
local exhibition = 'museum:{a}:' .. order.museumId
local reply = connection:evalsha(reserve_sha, 3, exhibition, exhibition .. ':seats', 'museum:{a}:events',
  string.format('%d', now * 1000), order.museumId, os.date('!%Y-%m-%d', now), os.date('!%Y-%m-%d', now - 86400),
  os.date('!%H:%M', now), id, string.format('%d', seats), order.visitor, requestId, '')
if type(reply) ~= 'table' then return fail(503, 'Storage unavailable') end
connection:set_keepalive(60000, 64)
if reply[1] == 'SOLD_OUT' then return fail(409, 'Sold out') end
if reply[1] ~= 'RESERVED' then return fail(404, 'Unknown museum') end

local time = os.date('!%Y-%m-%dT%H:%M:%S', now) .. string.format('.%03dZ', now * 1000 % 1000)
ngx.status = 201
ngx.header.content_type = 'application/json'
ngx.header.location = '/books/' .. id
ngx.header.x_request_id = requestId
ngx.header.cache_control = 'no-store'
ngx.print(cjson.encode({
  id = id, museumId = order.museumId, visitor = order.visitor, seats = seats, status = 'REQUESTED', version = 1,
  createdAt = time, updatedAt = time,
  _links = {
    self = { href = '/books/' .. id }, museum = { href = '/museums/' .. order.museumId },
    confirm = { href = '/confirms/' .. id }, myPage = { href = '/myPages/' .. id },
  },
}))
