-- POST /books, each for a visitor of its own. EXHIBITION names the exhibition.
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set('number', threads)
end

local count = 0
local headers = { ['Content-Type'] = 'application/json' }
local run = os.time() % 65536
local exhibition = os.getenv('EXHIBITION') or 'a1'
function request()
  count = count + 1
  local body = string.format(
    '{"museumId":"%s","visitor":"v%04x-%d-%07d","seats":1}', exhibition, run, number, count)
  return wrk.format('POST', '/books', headers, body)
end
