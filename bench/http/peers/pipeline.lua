-- Sixteen requests at a time: wrk counts the answers.
init = function(args)
  local requests = {}
  for i = 1, 16 do requests[i] = wrk.format("GET", "/") end
  batch = table.concat(requests)
end
request = function() return batch end
