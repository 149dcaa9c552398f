-- One EVALSHA a request. TARGET is the path with the words BOOKING and VISITOR, each replaced by a distinct name.
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set('number', threads)
end

local count = 0
local run = os.time() % 65536
local target = os.getenv('TARGET')
function request()
  count = count + 1
  local name = string.format('%d%04x%07d', number, run, count)
  local path = target:gsub('BOOKING', 'a1-' .. name):gsub('VISITOR', 'v' .. name)
  return wrk.format('GET', path)
end
