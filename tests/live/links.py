"""links: what servers call their own pages becomes what clients call them, in pages (nginx) and in headers (both), where the rule says so.

Nothing else may change: other types of content, other names, rules without link translation, bytes of any kind.
"""

import os

import client
import requests
import world as live

EXPORT = os.path.join(live.TOP, "fixtures", "link-translation-on.xml")
SITE = "web01.contoso.local"
BYTES = bytes(range(1, 256))
# What stands in the page of a rule, and what the client must read there; HERE is scheme, name and port that it used.
PAGES = {
    "www.contoso.com": [
        ('<a href="http://%s:8080/a?b">' % SITE, '<a href="HERE/a?b">'), ('<a href="HTTP://WEB01.contoso.LOCAL:8080/">', '<a href="HERE/">'),
        ('<a href="http://%s:8080">' % SITE, '<a href="HERE">'), ('<a href="https://%s/x">' % SITE, '<a href="HERE/x">'),
        ('http://%s/ http://%s:80800/ http://%s.example/' % (SITE, SITE, SITE), None), ('http://pub/x', 'https://pub/x'),
        ('it costs $5, "quoted".', "it is ${host} \\ 'free'."), ('http://intranet/hr', 'https://intranet.contoso.com/hr'), ('/relative', None)],
    "mapped.contoso.com": [
        ('"https://%s:4443/int/a"' % SITE, '"HERE/Ext/a"'), ('"https://%s:4443/other"' % SITE, '"HERE/docs/other"'),
        ('"https://%s:4443"' % SITE, '"HERE/docs"'), ('"http://%s/int/a"' % SITE, '"HERE/Ext/a"'),
        ('"http://%s/default.htm"' % SITE, '"HERE/start.htm"'), ('http://pub/x', None)],
    "off.contoso.com": [('"http://%s/a" http://pub/ http://intranet/' % SITE, None)],
    "mixed.contoso.com": [('"http://%s:8080/on/a"' % SITE, '"HERE/on/a"'), ('"http://%s:8080/a"' % SITE, None)],
}
PATHS = {"mapped.contoso.com": "/Ext/page", "mixed.contoso.com": "/on/page"}
HEADERS = [
    ("www.contoso.com", "Location: http://%s:8080/login?a=b" % SITE, "HERE/login?a=b"), ("www.contoso.com", "Location: https://WEB01.contoso.local/", "HERE/"),
    ("www.contoso.com", "Location: http://%s.example/" % SITE, None), ("www.contoso.com", "Location: /login", None),
    ("www.contoso.com", "Location: http://pub/x", "https://pub/x"), ("www.contoso.com", "Location: http://intranet/", "https://intranet.contoso.com/"),
    ("www.contoso.com", "Set-Cookie: a=b; domain=%s; path=/" % SITE, "a=b; domain=NAME; path=/"), ("www.contoso.com", "Set-Cookie: a=%s; path=/" % SITE, None),
    ("mapped.contoso.com", "Location: https://%s:4443/int/x" % SITE, "HERE/Ext/x"), ("mapped.contoso.com", "Location: https://%s:4443/x" % SITE, "HERE/docs/x"),
    ("mapped.contoso.com", "Location: http://%s/default.htm" % SITE, "HERE/start.htm"),
    ("off.contoso.com", "Location: http://%s/x" % SITE, None), ("off.contoso.com", "Set-Cookie: a=b; domain=%s" % SITE, None),
    ("www.contoso.com", "Content-Location: http://%s:8080/a" % SITE, "HERE/a"), ("mixed.contoso.com", "Location: http://%s:8080/on/x" % SITE, "HERE/on/x")]


class Links:
    def __init__(self, world, proxy, report):
        self.world, self.proxy, self.report = world, proxy, report

    def check(self, name, right, why):
        self.report.check("%s: link translation: %s" % (self.proxy.target, name), right, why)

    def ask(self, host, path, tls, kind="text/html", page=b"", extra=()):
        self.world.settings.page, self.world.settings.extra = (kind, page), list(extra)
        data = client.request(path, host, headers=[("Accept-Encoding", "gzip")])
        return client.ask(self.world, "203.0.113.10", 443 if tls else 80, data, sni=host, tls=tls)

    def pages(self, host, tls):
        here, path = ("https://" if tls else "http://") + host, PATHS.get(host, "/page")
        changes = self.proxy.target == "nginx"
        sent = "\n".join(text for text, _ in PAGES[host])
        want = "\n".join((after.replace("HERE", here) if after is not None and changes else text) for text, after in PAGES[host])
        self.world.log.clear()
        answer = self.ask(host, path, tls, page=sent.encode())
        self.check("a page of %s" % here, answer.status == 200 and answer.body.decode() == want, lambda: "%s: %r" % (answer.status, answer.body.decode()))
        asked = dict(map(tuple, self.world.log.requests[-1]["headers"])).get("accept-encoding") if self.world.log.requests else "nothing"
        packed = None if changes and host != "off.contoso.com" else "gzip"
        self.check("%s: the server may pack what is not changed, and nothing else" % here, asked == packed, asked)
        answer = self.ask(host, path, tls, "image/png", sent.encode() + BYTES)
        self.check("%s: other content stays as it is" % here, answer.body == sent.encode() + BYTES, answer.body)

    def headers(self, tls):
        for host, sent, want in HEADERS:
            here = ("https://" if tls else "http://") + host
            name, _, value = sent.partition(": ")
            want = value if want is None else want.replace("HERE", here).replace("NAME", host)
            if name == "Content-Location" and self.proxy.target == "nginx":
                want = value
            answer = self.ask(host, PATHS.get(host, "/page"), tls, extra=[sent])
            self.check("%s from %s" % (sent, here), answer.header(name) == want, lambda: "%s: %s" % (answer.status, answer.header(name)))

    def run(self):
        for tls in False, True:
            for host in PAGES:
                self.pages(host, tls)
            self.headers(tls)
        css = b"@import 'http://%s:8080/x.css';" % SITE.encode()
        want = css.replace(b"http://%s:8080" % SITE.encode(), b"https://www.contoso.com") if self.proxy.target == "nginx" else css
        answer = self.ask("www.contoso.com", "/x.css", True, "text/css", css)
        self.check("a type that the rule lists", answer.body == want, answer.body)
        answer = self.ask("mixed.contoso.com", "/off", True, page=css)
        self.check("the rule beside it on the same name has none", answer.body == css, answer.body)
        self.world.reset()
        self.world.settings.sign_in = True
        self.check("a stream keeps Windows sign-in", self.signs_in(), "it fails")
        self.world.reset()
        self.check("still running", not self.proxy.trouble(), self.proxy.trouble)

    def signs_in(self):
        import signin
        with client.Connection(self.world, "203.0.113.10", 443, sni="direct.contoso.com") as connection:
            return signin.who(signin.sign_in(connection, "direct.contoso.com", "alice")) == "alice"


def run_one(world, report, target, output):
    with live.Proxy(world, target, os.path.join(output, target)) as proxy:
        Links(world, proxy, report).run()


def run(world, report, attempt):
    if not requests.targets():
        return
    output = requests.convert(EXPORT, [], live.World.DIRECTORY + "/links")
    for target in requests.targets():
        attempt(report, "%s: link translation" % target, run_one, world, report, target, output)
        world.reset()
