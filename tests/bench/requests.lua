-- For wrk: GET requests spread evenly over published names.
--   wrk -s requests.lua https://NAME/ -- COUNT PATH
-- Prints "REQUESTS SECONDS ERRORS" at the end. The texts are made before the first request, so that a request costs the
-- load generator the same whatever COUNT is.
local texts, last, step = {}, 0, 1

function init(args)
	local count = tonumber(args[1])
	for i = 0, count - 1 do
		texts[i] = wrk.format("GET", args[2], { Host = string.format("shop%07d.contoso.com", i) })
	end
	-- neighbours in the list do not follow each other
	step = count > 7 and 7 or 1
	count_of_names = count
end

function request()
	last = (last + step) % count_of_names
	return texts[last]
end

function done(summary, latency, requests)
	local e = summary.errors
	print(string.format("RESULT %d %.6f %d", summary.requests, summary.duration / 1e6,
		e.connect + e.read + e.write + e.status + e.timeout))
end
