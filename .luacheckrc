std = "lua51"
globals = {}
read_globals = { "redis", "KEYS", "ARGV" }
max_line_length = 130
-- wrk calls these functions, and passes `number` to each thread.
files["Benchmarks/wrk/*.lua"] = { globals = { "setup", "request" }, read_globals = { "wrk", "number" } }
-- nginx.conf sets the last two.
files["Benchmarks/peers/nginx/*.lua"] = { std = "ngx_lua", read_globals = { "redis_port", "reserve_sha" } }
