-- Carries the client's header order to the engine: Envoy's HTTP ext_authz sends headers in the order of a hash table.
-- Runs first. Header names arrive in client order; x-vedette-id is the first one that the edge itself has added.
local byte, concat, sub = string.byte, table.concat, string.sub
local COLON, LIMIT = 58, 4096

function envoy_on_request(handle)
  local headers = handle:headers()
  local names, count, by_client = {}, 0, true
  for name in pairs(headers) do
    if by_client then
      if name == "x-vedette-id" then
        by_client = false
      elseif byte(name) ~= COLON then
        count = count + 1
        names[count] = name
      end
    end
  end
  headers:replace("x-vedette-order", sub(concat(names, ",", 1, count), 1, LIMIT))
end
