-- POST /books, each for a visitor of its own. EXHIBITION names the exhibition, or several in turn, separated by commas.
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set('number', threads)
end

local count = 0
local headers = { ['Content-Type'] = 'application/json' }
local run = os.time() % 65536
local exhibitions = {}
for id in string.gmatch(os.getenv('EXHIBITION') or 'a1', '[^,]+') do table.insert(exhibitions, id) end
function request()
  count = count + 1
  local body = string.format(
    '{"museumId":"%s","visitor":"v%04x-%d-%07d","seats":1}', exhibitions[count % #exhibitions + 1], run, number, count)
  return wrk.format('POST', '/books', headers, body)
end
