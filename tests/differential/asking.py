"""asking: makes the requests for an export, from a seed: every endpoint, kind of name, kind of path, kind of client.

A request is a dict: `on`, `port`, `tls` (the endpoint), `from` (client), `sni`, `host` (None: no such header), `target` (raw), `method`,
`version`, `absolute` (the whole URL in the request line). Strings are latin-1: one character is one byte. It does not know what the answer should be.
"""

import urllib.parse

import net

BELOW = ["", "/", "/x", "/x/Y.htm", "/x?q=1&r=%2F", "?q=/../x", "/x%2Fy%3Fz", "/x%25y", "/%C3%A9?z", "//x", "/x//y/", "/%7Ex", "/x=1&y+z:@!$'()*,", "/a", "/a/b/c.htm", "/x%20y"]
BESIDE = ["x", "x/", ".bak", "%20x", "-", "%78"]
SPELLINGS = ["/../admin", "/..%2fadmin", "/%2e%2e/admin", "//../admin", "/..;/admin", "\\..\\admin", "/..%5cadmin", "/%252e%252e/admin", "/;/../admin", ";x=1", "/x;y=1", ".",
             "/./x", "%20", "/x\\y", "/%2e", "/x%252fy", "/x/..", "/%c0%ae%c0%ae/x", "/x\xc3\xa9", "/x%u002e%u002e/x"]
OTHERS = ["/", "/?x", "/other", "/a", "/a/", "/b/x", "/owa", "/OWA/x", "/owax", "/a/page.htm", "/Default.htm", "/docs/file.htm/", "/favicon.ico", "//", "/robots.txt?x=%41"]


# What HTTP filters look at: extensions, lengths, bytes over 127, what is encoded twice, signatures.
FILTERED = ["/x.exe", "/x.EXE", "/x.e%78e?y", "/x.exe/y", "/x.exe.txt", "/x.ex", "/x.exe2/y.htm", "/a.b/c", "/x%2ehtm", "/x.HTM?a.exe", "/y.aspx?cmd.exe", "/y.c%3fz", "/z.dll", "/x_1.x_1/",
            "/x.htm%2Fy", "/x.htm/y.aspx", "/x.html", "/.htr", "/x.htr+", "/cmd%2Eexe", "?q=%e9", "/%e9", "?u=http%253a%252f", "?%2%35%34%31", "?%%34%31", "?%zz%4", "?q=CMD.E%58E", "?a%2bb%3dc",
            "?x=%2e%2E", "?100%25", "?100%", "/%41", "?%3Cscript", "/" + "a" * 40, "/" + "b/" * 125, "?" + "x" * 8, "?" + "y" * 9, "?" + "z" * 10, "?" + "q" * 320, "?", "?.exe", "/x?y?z.exe"]


def published(path):
    """An external path as a client would send it, without the star."""
    plain = path[:-2] if path.endswith("/*") else path
    return urllib.parse.quote(plain, safe="/$+.;")


def swapped(text):
    """The other case, escapes left alone."""
    return "".join(c if "%" in text[max(0, i - 2):i + 1] else c.swapcase() for i, c in enumerate(text))


def encoded(rng, text):
    """One letter of it percent-encoded."""
    places = [i for i, c in enumerate(text) if c.isalpha() and "%" not in text[max(0, i - 2):i + 1]]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + "%%%02x" % ord(text[place]) + text[place + 1:]


def path_of(rng, rule):
    """A raw target that has to do with the rule."""
    if not rule or not rule["paths"] or rng.random() < 0.12:
        return rng.choice(OTHERS)
    external, internal = rng.choice(rule["paths"])
    base = published(external)
    way = rng.random()
    if way < 0.08:
        base = swapped(base)
    elif way < 0.11:
        base = encoded(rng, base)
    elif way < 0.17:
        base = rng.choice(["/" + base, base.replace("/", "//"), "//" + base])
    elif way < 0.2:
        base = published(internal).replace("\\", "")
    way = rng.random()
    if way < 0.045:
        tail = rng.choice(SPELLINGS)
    elif way < 0.15:
        tail = rng.choice(BESIDE)
    elif way < (0.75 if rule["filter"] else 0.2):
        tail = rng.choice(FILTERED if external.endswith("*") else [t for t in FILTERED if t[0] == "?"])
    else:
        tail = rng.choice(BELOW if external.endswith("*") else ["", "", "", "?x=%2F", "/", "x", "/x"])
    target = base + tail
    return target if target.startswith("/") else "/" + target


def hosts_of(rule):
    """Hosts that the rule covers, and near misses."""
    found, missed = [], []
    for name in rule["names"]:
        plain = name.rstrip(".").lower()
        if plain.startswith("*."):
            found += ["x" + plain[1:], "deep.er" + plain[1:], "mail" + plain[1:]]
            missed += [plain[2:], "x" + plain[2:]]
        else:
            found.append(plain)
            missed += [plain] if plain[-1].isdigit() else ["x." + plain, plain.partition(".")[2]]
    if rule["all_names"]:
        found += ["anything.example.net", "www.contoso.com"]
    return found, missed


def respell(rng, host, place):
    """(Host header, HTTP version) for a host."""
    way = rng.random()
    if way < 0.72:
        return host, "HTTP/1.1"
    if way < 0.80:
        return host.upper() if rng.random() < 0.5 else host.title(), "HTTP/1.1"
    if way < 0.86:
        return host + ("" if host[-1].isdigit() else "."), "HTTP/1.1"
    if way < 0.96:
        return "%s:%d" % (host, rng.choice([place["port"], place["port"], 80, 443, 8123])), "HTTP/1.1"
    if way < 0.985:
        return None, "HTTP/1.0"
    return host, "HTTP/1.0"


def endpoints(spec):
    for listener in spec["listeners"]:
        for address in listener["addresses"]:
            for port, tls in ((listener["http"], False), (listener["https"], True)):
                if port:
                    yield {"on": address, "port": port, "tls": tls}, listener


def clients(rng, place, count):
    six = ":" in place["on"]
    fitting = [c for c in net.CLIENTS if (":" in c) == six]
    return rng.sample(fitting, min(count, len(fitting)))


def conversations(rng, spec):
    """(endpoint, rule or None, host): what one connection is about."""
    places = list(endpoints(spec))
    for place, listener in places:
        rules = [r for r in spec["rules"] if r["listener"] == listener["guid"]]
        for rule in rules:
            found, missed = hosts_of(rule)
            yield place, rule, rng.choice(found)
            if rng.random() < 0.4:
                yield place, rule, rng.choice(found + missed)
        yield place, None, rng.choice(["unknown.example.net", place["on"] if ":" not in place["on"] else "www.contoso.com"])
    while True:
        place, listener = rng.choice(places)
        rule = rng.choice(spec["rules"])
        found, missed = hosts_of(rule)
        yield place, rule, rng.choice(found * 4 + missed)


def make(rng, spec, wanted):
    made, known = [], set()
    source = conversations(rng, spec)
    misses = 0
    while len(made) < wanted and misses < 500:
        place, rule, host = next(source)
        for client in clients(rng, place, rng.choice([1, 2, 2, 3])):
            sni = None
            if place["tls"] and rng.random() < 0.93:
                other = hosts_of(rng.choice(spec["rules"]))[0] + ["unknown.example.net"]
                sni = host if rng.random() < 0.88 else rng.choice(other)
                sni = None if sni[-1].isdigit() else sni
            for _ in range(rng.choice([4, 6, 8])):
                header, version = respell(rng, host, place)
                if sni == host and rng.random() < 0.4:
                    # The commonest client by far: one name, everywhere.
                    header, version = host, "HTTP/1.1"
                request = dict(place, **{"from": client, "sni": sni, "host": header, "target": path_of(rng, rule), "version": version,
                                         "absolute": header is not None and rng.random() < 0.01,
                                         "method": rng.choice(["GET"] * 8 + ["POST", "OPTIONS", "PROPFIND", "PUT", "DELETE", "BPROPPATCH"])})
                identity = tuple(sorted((k, str(v)) for k, v in request.items()))
                if identity in known:
                    misses += 1
                    continue
                known.add(identity)
                made.append(request)
    return made
