-- For wrk: GET requests spread evenly over published names.
--   wrk -s requests.lua https://NAME/ -- COUNT TEXTS PATH
-- COUNT names; TEXTS different requests, a multiple of COUNT; PATH has a %04d for the number of the text. Prints "RESULT
-- REQUESTS SECONDS ERRORS" at the end. The texts are made before the first request and are as many and as long whatever
-- COUNT is, so that a request costs the load generator the same.
local texts, last, count_of_texts = {}, 0, 1

function init(args)
	local count, path = tonumber(args[1]), args[3]
	count_of_texts = tonumber(args[2])
	for i = 0, count_of_texts - 1 do
		texts[i] = wrk.format("GET", string.format(path, i), { Host = string.format("shop%07d.contoso.com", i % count) })
	end
end

-- neighbours in the list do not follow each other
function request()
	last = (last + 7) % count_of_texts
	return texts[last]
end

function done(summary, latency, requests)
	local e = summary.errors
	print(string.format("RESULT %d %.6f %d", summary.requests, summary.duration / 1e6,
		e.connect + e.read + e.write + e.status + e.timeout))
end
