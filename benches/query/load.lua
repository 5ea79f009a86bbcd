-- The request that wrk repeats, and the output of its results. The first argument is the path of a file with the body.

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

-- Prints the number of requests, the duration and the 99th percentile in microseconds, and the number of failures.
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("figures %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99), failed))
end
