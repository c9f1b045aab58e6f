"""lync: the article's deployment through the real proxies: every name to its server, nothing else anywhere.

Listener one, 203.0.113.10: meet, dialin, lyncdiscover and dirweb to the Director; listener two, 203.0.113.11: feweb to the Front End;
443 to 4443, 80 to 8080, the client's Host. nginx carries TLS connections whose SNI it knows as a stream: what a request inside says
cannot be seen there (the named difference `sni-decides`), so tests of Host and headers ask it without SNI, too.
"""

import hashlib
import time

import client
import servers

DIRECTOR, FRONT_END = "10.1.1.22", "10.1.1.21"
SITE = {DIRECTOR: "lyncdir.contoso.local", FRONT_END: "lyncfe.contoso.local"}
ONE, TWO = "203.0.113.10", "203.0.113.11"
NAMES = {"meet": (ONE, DIRECTOR), "dialin": (ONE, DIRECTOR), "lyncdiscover": (ONE, DIRECTOR), "dirweb": (ONE, DIRECTOR), "feweb": (TWO, FRONT_END)}
PATH = "/meet/J7K2%20x/%2Fy;a?b=%26"
UNTIDY = ["/public/../admin", "/public/%2e%2e/admin", "/public//../admin", "/public/..;/admin", "/public\\..\\admin", "/public/..%5cadmin",
          "/public/%252e%252e/admin", "/PUBLIC/..%2fadmin", "/public/;/../admin", "//admin", "/..", "/%00", "/%", "/%zz", "/\x80\xff", "/a?%0d%0aX: y",
          "/" + "a" * 9000, "*", "a", ""]


class Lync:
    def __init__(self, world, proxy, report):
        self.world, self.proxy, self.report, self.target = world, proxy, report, proxy.target
        self.streams = proxy.target == "nginx"

    def ask(self, address, port, data, method="GET", **how):
        self.world.log.clear()
        return client.ask(self.world, address, port, data, method, **how)

    def ways(self, name, streams=True):
        """(text, port, sni) of each way to come in; with streams False only those in which the proxy sees the request."""
        yield "80", 80, None
        yield "443 without SNI", 443, None
        if streams or not self.streams:
            yield "443", 443, name

    def check(self, name, right, answer):
        self.report.check("%s: %s" % (self.target, name), right, "got %s" % answer)

    def arrived(self, name, answer, server, port, target=None, host=None):
        """The request reached this server over the port's scheme, unchanged."""
        seen = answer.seen() or {}
        wanted = {"address": server, "port": 4443 if port == 443 else 8080, "tls": port == 443, "sni": SITE[server] if port == 443 else None}
        if target is not None:
            wanted["target"] = target
        if host is not None:
            wanted["host"] = [host]
        wrong = ["%s %r instead of %r" % (k, seen.get(k), v) for k, v in wanted.items() if seen.get(k) != v]
        self.report.check("%s: %s" % (self.target, name), answer.status == 200 and not wrong,
                          "got %s" % answer if answer.status != 200 or not seen else "; ".join(wrong))

    def refused(self, name, answer, statuses=(403,)):
        """The proxy itself refuses, and no server is contacted."""
        time.sleep(0.01)
        self.report.check("%s: %s" % (self.target, name), answer.status in statuses and not self.world.log.contacts,
                          lambda: "expected %s of the proxy, got %s%s" % (
                              " or ".join(map(str, statuses)), answer, "; contacted %s:%s" % self.world.log.contacts[0] if self.world.log.contacts else ""))

    # ---- what must work

    def published_names(self):
        for short, (address, server) in NAMES.items():
            name = short + ".contoso.com"
            for text, port, sni in self.ways(name):
                data = client.request(PATH, name)
                self.arrived("%s on %s" % (name, text), self.ask(address, port, data, sni=sni), server, port, PATH, name)

    def contents(self):
        name, path = "meet.contoso.com", "/meet/%C3%A9t%C3%A9/%E4%BC%9A?q=%F0%9F%93%9E"
        body, big, cookie = b"body=1", bytes(range(256)) * 20480, "c=" + "x" * 20000
        for text, port, sni in self.ways(name):
            self.arrived("UTF-8 path, %s" % text, self.ask(ONE, port, client.request(path, name), sni=sni), DIRECTOR, port, path)
            for what, sent in ("POST", body), ("5 MB POST", big):
                answer = self.ask(ONE, port, client.request("/p", name, "POST", body=sent), "POST", sni=sni)
                seen = answer.seen() or {}
                self.check("%s, %s" % (what, text), seen.get("body") == hashlib.sha256(sent).hexdigest() and seen["method"] == "POST", answer)
            answer = self.ask(ONE, port, client.request("/h", name, headers=[("Cookie", cookie)]), sni=sni)
            self.check("20 KB header, %s" % text, ["cookie", cookie] in (answer.seen() or {}).get("headers", []), answer)
            answer = self.ask(ONE, port, client.request("/h", name, "HEAD"), "HEAD", sni=sni)
            self.check("HEAD, %s" % text, answer.status == 200 and answer.header(servers.MARK) == DIRECTOR, answer)

    def keep_alive(self):
        """Several requests of one client connection, to different names of the listener."""
        for text, port, sni in self.ways("meet.contoso.com", streams=False):
            with client.Connection(self.world, ONE, port, sni) as connection:
                for name in "meet.contoso.com", "dialin.contoso.com", "dirweb.contoso.com":
                    answer = connection.ask(client.request("/k", name))
                    self.arrived("%s as one of several requests, %s" % (name, text), answer, DIRECTOR, port, "/k", name)
                answer = connection.ask(client.request("/k", "feweb.contoso.com"))
                self.check("a foreign name as one of several requests, %s" % text, answer.status == 403, answer)

    def certificates(self):
        for address, names in (ONE, ["meet.contoso.com", "dirweb.contoso.com"]), (TWO, ["feweb.contoso.com"]):
            for sni in [None, "unknown.contoso.com", *names]:
                try:
                    with client.Connection(self.world, address, 443, sni) as connection:
                        right, why = connection.certificate == self.proxy.certificate(address), "another certificate"
                except OSError as error:
                    right, why = False, error
                self.check("certificate of %s for SNI %s" % (address, sni), right, why)

    def forwarded_for(self):
        for text, port, sni in self.ways("meet.contoso.com"):
            data = client.request("/x", "meet.contoso.com", headers=[("X-Forwarded-For", "192.0.2.66")])
            answer = self.ask(ONE, port, data, sni=sni, source="198.51.100.9")
            got = [v for n, v in (answer.seen() or {}).get("headers", []) if n == "x-forwarded-for"]
            wanted = "192.0.2.66" if self.streams and sni else "198.51.100.9"
            self.check("X-Forwarded-For %s, %s" % ("as sent" if wanted == "192.0.2.66" else "replaced", text), got == [wanted], "%s, X-Forwarded-For %s" % (answer, got))

    def host_spellings(self):
        for text, port, sni in self.ways("meet.contoso.com"):
            for host, kept in (("meet.contoso.com.", ""), ("MEET.Contoso.COM", ""), ("meet.contoso.com:%d" % port, ""), ("meet.contoso.com:4711", ":4711"),
                               ("meet.contoso.com.:4711", ":4711")):
                answer = self.ask(ONE, port, client.request("/h", host), sni=sni)
                self.arrived("Host %s, %s" % (host, text), answer, DIRECTOR, port, "/h")
                got = (answer.seen() or {}).get("host", ["nothing"])
                name, _, sent_port = got[0].lower().partition(":")
                right = len(got) == 1 and name.rstrip(".") == "meet.contoso.com" and (sent_port == kept[1:] or not kept and sent_port == str(port))
                self.check("Host %s is still that name and port at the server, %s" % (host, text), right, "Host %s" % got)

    # ---- what must be refused

    def unknown_names(self):
        for host in "unknown.contoso.com", "contoso.com", "meet.contoso.com.example.com", "xmeet.contoso.com", "10.1.1.22", "203.0.113.10", "", "meet.contoso.com meet.contoso.com":
            for text, port, sni in self.ways(host or "unknown.contoso.com"):
                usable = None if " " in host or host[:1].isdigit() else sni
                self.refused("Host '%s', %s" % (host, text), self.ask(ONE, port, client.request("/", host), sni=usable), (400, 403))
        for text, port, sni in self.ways("unknown.contoso.com"):
            self.refused("unknown name gets 403, %s" % text, self.ask(ONE, port, client.request("/", "unknown.contoso.com"), sni=sni))
        for name, address in ("feweb.contoso.com", ONE), ("meet.contoso.com", TWO):
            for text, port, sni in self.ways(name):
                self.refused("%s on the other listener, %s" % (name, text), self.ask(address, port, client.request("/", name), sni=sni))
        answer = self.ask(ONE, 443, client.request("/x", "meet.contoso.com"), sni="unknown.contoso.com")
        self.arrived("unknown SNI, known Host: the rules answer", answer, DIRECTOR, 443, "/x", "meet.contoso.com")
        if not self.streams:
            self.refused("known SNI, unknown Host", self.ask(ONE, 443, client.request("/", "unknown.contoso.com"), sni="meet.contoso.com"))

    def malformed(self):
        name = "meet.contoso.com"
        for text, port, sni in self.ways(name, streams=False):
            def refused(what, data, way=(port, sni, text)):
                self.refused("%s, %s" % (what, way[2]), self.ask(ONE, way[0], data, sni=way[1]), (400, 403))
            refused("two Host headers", b"GET / HTTP/1.1\r\nHost: meet.contoso.com\r\nHost: feweb.contoso.com\r\n\r\n")
            refused("two Host headers, the good one last", b"GET / HTTP/1.1\r\nHost: feweb.contoso.com\r\nHost: meet.contoso.com\r\n\r\n")
            refused("HTTP/1.0 without Host", b"GET / HTTP/1.0\r\n\r\n")
            refused("HTTP/1.1 without Host", b"GET / HTTP/1.1\r\n\r\n")
            refused("absolute form with a foreign name", client.request("http://feweb.contoso.com/", name))
            answer = self.ask(ONE, port, client.request("http://meet.contoso.com/abs?q", name), sni=sni)
            self.arrived("absolute form, %s" % text, answer, DIRECTOR, port)
            path = (answer.seen() or {}).get("target")
            self.check("absolute form keeps the path, %s" % text, path in ("/abs?q", "http://meet.contoso.com/abs?q"), answer)
            answer = self.ask(ONE, port, client.request("http://meet.contoso.com/abs", "feweb.contoso.com"), sni=sni)
            seen = answer.seen()
            self.check("absolute form beside a foreign Host: refused, or the name that was decided on is sent, %s" % text,
                       answer.status in (400, 403) if seen is None else seen["host"] == [name], answer)

    def smuggling(self):
        """A second request hidden in a body must not come out at the server."""
        inner = b"GET /smuggled HTTP/1.1\r\nHost: hidden.contoso.com\r\n\r\n"
        start = b"POST /outer HTTP/1.1\r\nHost: meet.contoso.com\r\n"
        chunked, wrapped = b"0\r\n\r\n" + inner, b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n"
        tricks = {
            "both, body by length": (b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(chunked), chunked),
            "both, body by chunks": (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", wrapped),
            "space before the colon": (b"Content-Length: %d\r\nTransfer-Encoding : chunked\r\n\r\n" % len(chunked), chunked),
            "folded encoding": (b"Content-Length: %d\r\nTransfer-Encoding:\r\n chunked\r\n\r\n" % len(chunked), chunked),
            "unknown encoding": (b"Content-Length: %d\r\nTransfer-Encoding: xchunked\r\n\r\n" % len(chunked), chunked),
            "two encodings": (b"Content-Length: %d\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n" % len(chunked), chunked),
            "two lengths": (b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(inner), inner),
            "signed length": (b"Content-Length: +%d\r\n\r\n" % len(inner), inner),
            "bare line feeds": (b"Content-Length: %d\nTransfer-Encoding: chunked\n\n" % len(chunked), chunked),
        }
        for text, port, sni in self.ways("meet.contoso.com", streams=False):
            for framing in "encoding", "length":
                self.world.settings.framing = framing
                for what, (headers, body) in tricks.items():
                    answer = self.ask(ONE, port, start + headers + body, "POST", sni=sni)
                    self.ask_again(port, sni)
                    hidden = [r for r in self.world.log.requests if "smuggled" in r["target"] or r["host"] == ["hidden.contoso.com"]]
                    self.check("smuggling: %s, server reads %s first, %s" % (what, framing, text), not hidden, "the server saw %d hidden request; %s" % (len(hidden), answer))
            self.world.settings.reset()

    def ask_again(self, port, sni):
        """A harmless request behind it, which would push out what a shared server connection still holds."""
        client.ask(self.world, ONE, port, client.request("/after", "meet.contoso.com"), sni=sni)

    def wrong_servers(self):
        """A server that cannot prove its name gets no request, however often one tries; a good one works again afterwards."""
        world = self.world
        wrong = {"another name": world.issue("other.contoso.local", "wrong-name.pem"), "the other server's name": world.issue(SITE[FRONT_END], "swapped.pem"),
                 "an unknown CA": world.save("unknown-ca.pem", world.workshop.self_signed([SITE[DIRECTOR]]))}
        for text, port, sni in self.ways("meet.contoso.com"):
            if port != 443:
                continue
            for what, path in wrong.items():
                world.present(DIRECTOR, servers.tls_context(path))
                for attempt in 1, 2:
                    answer = self.ask(ONE, port, client.request("/secret", "meet.contoso.com"), sni=sni)
                    self.check("server with %s, %s, try %d" % (what, text, attempt), not world.log.requests and (answer.status == 0 or answer.status >= 500), answer)
            world.reset()
            for attempt in 1, 2:
                answer = self.ask(ONE, port, client.request("/good", "meet.contoso.com"), sni=sni)
                self.arrived("good server again, %s, try %d" % (text, attempt), answer, DIRECTOR, 443)

    def untidy_paths(self):
        for text, port, sni in self.ways("meet.contoso.com"):
            for path in UNTIDY:
                self.ask(ONE, port, client.request(path, "meet.contoso.com"), sni=sni)
            answer = self.ask(ONE, port, client.request("/after", "meet.contoso.com"), sni=sni)
            self.arrived("serves after %d untidy paths, %s" % (len(UNTIDY), text), answer, DIRECTOR, port)

    def run(self):
        for test in (self.published_names, self.contents, self.keep_alive, self.certificates, self.forwarded_for, self.host_spellings, self.unknown_names,
                     self.malformed, self.smuggling, self.wrong_servers, self.untidy_paths):
            self.world.reset()
            test()
            trouble = self.proxy.trouble()
            if trouble:
                self.report.no("%s: still running after %s" % (self.target, test.__name__), trouble)
                return
        self.report.ok("%s: still running after all of it" % self.target)
