#!/usr/bin/env python3
"""requests: play a list of requests through the real proxies with what `tmgport convert` made of an export.

    python3 tests/live/requests.py EXPORT.xml REQUESTS.json [convert option]...

prints {"nginx": [outcome, ...], "haproxy": [...]} as JSON; run_case() is the same for Python. A target that is not installed is left out.
A request is an object: `url` (raw: nothing is decoded or tidied), and if wanted `on` (address of the listener; default the first that
has the port), `host` (the header; null leaves it out), `sni` (null: none), `method`, `headers` {} or [[name, value], ...], `body`, `chunked` (bytes of a body in chunks, of a method other than POST), `from` (client address),
`version`. An outcome holds status (0: no answer), location, and of the server that saw the request, all null if none did: server
(address), port, tls, sni, host, path (raw, with the query), headers; `answer` holds the headers that came back. This file does not know what is right.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import client
import world as live

URL = re.compile(r"(https?)://(\[[^\]]*\]|[^/:?]*)(?::(\d+))?(.*)", re.S)


def place(proxy, url):
    """(listener address, port, host header, target) that a client would derive from the URL."""
    scheme, name, port, target = URL.fullmatch(url).groups()
    default = 443 if scheme == "https" else 80
    port = int(port or default)
    address = next((a for a, p in proxy.endpoints() if p == port), None)
    return address, port, name if port == default else "%s:%d" % (name, port), target or "/"


def outcome(answer):
    seen = answer.seen() or {}
    host = seen.get("host")
    return {"status": answer.status, "location": answer.header("location"), "server": seen.get("address"), "port": seen.get("port"),
            "tls": seen.get("tls"), "sni": seen.get("sni"), "host": host[0] if host and len(host) == 1 else host, "path": seen.get("target"),
            "headers": seen.get("headers"), "answer": dict(answer.headers), "why": answer.why}


def play(world, proxy, wanted):
    """One request on a connection of its own."""
    address, port, host, target = place(proxy, wanted["url"])
    tls = wanted["url"].startswith("https")
    sni = wanted.get("sni", host.rpartition(":")[0] if ":" in host else host) if tls else None
    method = wanted.get("method", "GET")
    headers = wanted.get("headers", {})
    if "chunked" in wanted:
        headers = dict(headers, **{"Transfer-Encoding": "chunked"})
    data = client.request(target, wanted.get("host", host), method, list(headers.items()) if isinstance(headers, dict) else [tuple(pair) for pair in headers],
                          wanted.get("body", "").encode(), wanted.get("version", "HTTP/1.1"))
    if "chunked" in wanted:
        data += b"%x\r\n%s\r\n0\r\n\r\n" % (wanted["chunked"], b"x" * wanted["chunked"])
    return outcome(client.ask(world, wanted.get("on", address), port, data, method, sni=sni, tls=tls, source=wanted.get("from")))


def convert(export, arguments, output, expected=(0,)):
    """The export's output directory, or Trouble with the command's own words."""
    status, said = live.convert(export, arguments, output)
    if status not in expected:
        raise live.Trouble("convert %s ended with %d: %s" % (os.path.basename(export), status, said or "nothing said"))
    return output


def targets():
    return [t for t in ("nginx", "haproxy") if live.try_config.program_version(t)]


def run_case(export, arguments, wanted, world=None):
    """{target: [outcome, ...]}. Outside the test's namespaces this runs the script in new ones."""
    if world is None:
        text = json.dumps(wanted)
        done = subprocess.run(live.enter("requests.py", [os.path.realpath(export), "-", *arguments]), input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise live.Trouble(done.stderr.strip())
        return json.loads(done.stdout)
    output = convert(export, arguments, live.World.DIRECTORY + "/out", (0, 1))
    found = {}
    for target in targets():
        with live.Proxy(world, target, os.path.join(output, target)) as proxy:
            found[target] = [play(world, proxy, one) for one in wanted]
            if proxy.trouble():
                raise live.Trouble("%s %s" % (target, proxy.trouble()))
    shutil.rmtree(output)
    return found


def main(arguments):
    if len(arguments) < 2:
        print("usage: requests.py EXPORT.xml REQUESTS.json [convert option]...", file=sys.stderr)
        return 2
    export, requests = arguments[:2]
    if os.environ.get(live.INSIDE) != "1":
        command = live.enter("requests.py", [os.path.realpath(export), requests if requests == "-" else os.path.realpath(requests), *arguments[2:]])
        os.execvp(command[0], command)
    with open(0 if requests == "-" else requests, encoding="utf-8") as file:
        wanted = json.load(file)
    print(json.dumps(run_case(export, arguments[2:], wanted, live.World()), indent=1))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except live.Trouble as trouble:
        print("requests.py: %s" % trouble, file=sys.stderr)
        sys.exit(1)
