-- What wrk asks, again and again, and how it tells what came of it. The body comes in a file named by the first argument.

function init(arguments)
  local name = arguments[1]
  if name then
    local file = assert(io.open(name, "rb"))
    wrk.method = "POST"
    wrk.body = file:read("*a")
    wrk.headers["content-type"] = "application/json"
    file:close()
  end
end

-- Requests, microseconds, the 99th percentile in microseconds, failures.
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("figures %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99), failed))
end
