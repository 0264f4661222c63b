-- Refuses a request for which no decision could be had. Runs only on endpoints with "on_failure: block".
-- The engine replaces Vedette-Decision; where it still is the one that the edge itself had set, nobody has decided.
local BODY = '{"type":"about:blank","title":"Service Unavailable","status":503,' ..
  '"detail":"The request could not be checked. Please try again.","instance":"%s"}'

function envoy_on_request(handle)
  local decision = handle:headers():get("vedette-decision") or ""
  if decision:sub(-10) == ", degraded" then
    handle:respond({
      [":status"] = "503",
      ["content-type"] = "application/problem+json",
      ["cache-control"] = "no-store",
      ["retry-after"] = "5",
    }, BODY:format(decision:match('^id="([%w-]+)"') or ""))
  end
end
