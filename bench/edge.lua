-- 512 prepared GETs of 512 clients with browser-like headers; with an argument above 0 each connection pauses for an
-- exponentially distributed time with that mean (milliseconds) before its next request.
local requests, place, pause = {}, 0, 0

function init(args)
  pause = tonumber(args[1] or "0")
  math.randomseed(7)
  local agents = {}
  for version = 138, 147 do
    agents[#agents + 1] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" .. version
      .. ".0.0.0 Safari/537.36"
  end
  for n = 1, 512 do
    local path = n % 2 == 0 and ("/api/search?q=tent&page=" .. n % 9) or ("/api/products/" .. (n * 7919) % 5000)
    requests[n] = wrk.format("GET", path, {
      ["Host"] = "shop.example",
      ["X-Forwarded-For"] = string.format("%d.%d.%d.%d", 20 + n % 60, n % 250, (n * 7) % 250, 1 + (n * 13) % 250),
      ["sec-ch-ua-platform"] = '"Linux"',
      ["User-Agent"] = agents[1 + n % #agents],
      ["sec-ch-ua"] = '"Chromium";v="146", "Google Chrome";v="146"',
      ["sec-ch-ua-mobile"] = "?0",
      ["Accept"] = "application/json, text/plain, */*",
      ["Sec-Fetch-Site"] = "same-origin",
      ["Sec-Fetch-Mode"] = "cors",
      ["Sec-Fetch-Dest"] = "empty",
      ["Accept-Encoding"] = "gzip, deflate, br",
      ["Accept-Language"] = "en-GB,en;q=0.9",
      ["Cookie"] = "theme=dark; sid=bench" .. n,
    })
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function delay()
  if pause <= 0 then return 0 end
  return math.floor(-math.log(1 - math.random()) * pause + 0.5)
end

function done(summary, latency, _)
  local failed = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "seconds": %.6f, "errors": %d, "p50_us": %.1f, "p99_us": %.1f}\n',
    summary.requests, summary.duration / 1e6,
    failed.status + failed.connect + failed.read + failed.write + failed.timeout,
    latency:percentile(50), latency:percentile(99)))
end
