"""clients: who shows a certificate and who does not.

A rule that demands a client certificate must be reached with one of the listener's own authorities and with no other, also over a TLS
session that is resumed, under another name of the handshake, on the plain port and on a connection that asked for something else before.
"""

import os
import ssl

import acceptance
import client
import requests
import world as live

EXPORT = os.path.join(live.TOP, "fixtures", "client-certificate-list.xml")
STAFF, PARTNERS = "203.0.113.10", "203.0.113.11"
FIRST, SECOND, OTHER = "first", "second", "other"  # authorities: two of the staff's listener, one of the partners'


class Authority:
    """A CA of clients with a key of its own."""

    def __init__(self, world, name):
        self.world, self.name = world, name
        path = self.path
        live.try_config.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path("key")])
        config = world.save("client-ca.cnf", "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ext\n[dn]\nCN = clients of %s\n[ext]\n"
                            "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\nsubjectKeyIdentifier = hash\n" % name)
        live.try_config.run(["openssl", "req", "-x509", "-new", "-key", path("key"), "-days", "30", "-config", config, "-out", path("ca")])

    def path(self, kind):
        return self.world.workshop.path("client-%s-%s.pem" % (self.name, kind))

    def text(self):
        return self.world.workshop.read("client-%s-ca.pem" % self.name)

    def issue(self):
        """A client's certificate and key, in one file; returns its path."""
        path, key = self.path, self.world.workshop.path("key.pem")
        live.try_config.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=somebody", "-out", path("request")])
        live.try_config.run(["openssl", "x509", "-req", "-in", path("request"), "-CA", path("ca"), "-CAkey", path("key"), "-CAcreateserial",
                             "-days", "30", "-out", path("certificate")])
        with open(path("certificate"), encoding="ascii") as file:
            return self.world.save("client-%s.pem" % self.name, file.read() + self.world.workshop.read("key.pem"))


def context(certificate=None, version=None, tickets=True):
    made = client.context()
    if certificate:
        made.load_cert_chain(certificate)
    if version:
        made.minimum_version = made.maximum_version = version
    if not tickets:
        made.options |= ssl.OP_NO_TICKET
    return made


class Clients:
    def __init__(self, world, proxy, report, certificates):
        self.world, self.proxy, self.report, self.certificates = world, proxy, report, certificates

    def check(self, name, right, why):
        self.report.check("%s: client certificates: %s" % (self.proxy.target, name), right, why)

    def ask(self, host, path="/", who=None, sni=None, address=STAFF, port=443):
        made = context(self.certificates[who] if who else None)
        return client.ask(self.world, address, port, client.request(path, host), sni=sni or host, tls=port == 443, made=made)

    def expect(self, name, answer, *right):
        """right: statuses; 200 must be a server's, all others must not have reached one."""
        good = answer.status in right and (answer.status == 200) == (answer.seen() is not None) and len(self.world.log.requests) == (answer.status == 200)
        self.check(name, good, lambda: "%s, %d requests at the servers" % (answer, len(self.world.log.requests)))
        self.world.log.clear()
        return answer

    def demands(self):
        secure = "secure.contoso.com"
        self.expect("none: refused", self.ask(secure), 403)
        self.expect("of the first authority: let in", self.ask(secure, who=FIRST), 200)
        self.expect("of the second authority: let in", self.ask(secure, who=SECOND), 200)
        self.expect("of another listener's authority: refused", self.ask(secure, who=OTHER), 403, 400, 0)
        self.expect("the other listener: its own authority", self.ask("partners.contoso.com", who=OTHER, address=PARTNERS), 200)
        self.expect("the other listener: none", self.ask("partners.contoso.com", address=PARTNERS), 403)
        self.expect("the other listener: an authority of the first", self.ask("partners.contoso.com", who=FIRST, address=PARTNERS), 403, 400, 0)
        self.expect("a path that demands one: none", self.ask("www.contoso.com", "/staff/a"), 403)
        answer = self.expect("a path that demands one: let in", self.ask("www.contoso.com", "/staff/a", FIRST), 200)
        self.check("and mapped", (answer.seen() or {}).get("target") == "/inner/a", lambda: answer)
        self.expect("another path of the name asks for none", self.ask("www.contoso.com", "/staff2"), 200)
        self.expect("and takes clients that have one", self.ask("www.contoso.com", "/", FIRST), 200)
        self.expect("a host beside it asks for none", self.ask("direct.contoso.com"), 200)
        self.expect("for certain users: closed, also with one", self.ask("users.contoso.com", who=OTHER, address=PARTNERS), 403)

    def ways_round(self):
        secure = "secure.contoso.com"
        self.expect("another name in the handshake: refused", self.ask(secure, sni="www.contoso.com"), 403, 421)
        self.expect("no name in the handshake: refused", self.ask(secure, sni=""), 403, 421)
        self.expect("the plain port redirects", self.ask(secure, port=80), 302)
        self.expect("a plain port without redirect refuses", self.ask("partners.contoso.com", port=80, address=PARTNERS), 403)
        with client.Connection(self.world, STAFF, 443, sni="www.contoso.com") as connection:
            self.expect("first a request that needs none", connection.ask(client.request("/", "www.contoso.com")), 200)
            self.expect("then, on the same connection, one that does", connection.ask(client.request("/staff/", "www.contoso.com")), 403)
            self.expect("or another host that does", connection.ask(client.request("/", secure)), 403, 421, 0)

    def resume(self, made, first, second, who):
        """A session that is made at one place and offered at another: (was it taken, the answer)."""
        session = None
        try:
            for place, host in first, second:
                self.world.log.clear()
                with client.Connection(self.world, place, 443, sni=host, made=made, session=session) as connection:
                    reused, answer = connection.socket.session_reused, connection.ask(client.request("/", host))
                    session = connection.socket.session
            return reused, answer
        except OSError as error:
            # A client that TLS itself refuses has no session to offer.
            return False, client.Answer(why="%s: %s" % (who, error))

    def sessions(self):
        secure, public = (STAFF, "secure.contoso.com"), (STAFF, "www.contoso.com")
        for version, text in (ssl.TLSVersion.TLSv1_2, "TLS 1.2"), (ssl.TLSVersion.TLSv1_3, "TLS 1.3"):
            for tickets in (True, False) if version == ssl.TLSVersion.TLSv1_2 else (True,):
                name = text + ("" if tickets else " without tickets") + ", a resumed session: "
                made = context(self.certificates[FIRST], version, tickets)
                reused, answer = self.resume(made, secure, secure, "with one")
                self.expect(name + "with a certificate: let in", answer, 200)
                if tickets:
                    self.check(name + "is indeed resumed", reused, "a new one was made, so that the test proves nothing")
                _, answer = self.resume(made, secure, (PARTNERS, "partners.contoso.com"), "elsewhere")
                self.expect(name + "offered to a listener of other authorities: refused", answer, 403, 400, 0)
                wrong = context(self.certificates[OTHER], version, tickets)
                _, answer = self.resume(wrong, public, secure, "with another authority's")
                self.expect(name + "with another authority's: refused", answer, 403, 400, 0)
                bare = context(None, version, tickets)
                reused, answer = self.resume(bare, public, secure, "without")
                self.expect(name + "that never showed one: refused", answer, 403, 421)


def run_one(world, report, target, output, authorities, certificates):
    directory = os.path.join(output, target)
    listeners = {l["name"]: l for l in live.try_config.load_manifest(directory)["listeners"]}
    world.client_authorities = {listeners["Staff and public"]["client_ca_file"]: authorities[FIRST].text() + authorities[SECOND].text(),
                                listeners["Partners"]["client_ca_file"]: authorities[OTHER].text()}
    with live.Proxy(world, target, directory) as proxy:
        world.log.clear()
        tests = Clients(world, proxy, report, certificates)
        tests.demands()
        tests.ways_round()
        tests.sessions()
        got = acceptance.Script(world, proxy).trusted("--all")
        tests.check("check.sh, which shows none, passes", got.right() and "https://secure.contoso.com/" in got.said("pass"), got)
        tests.check("still running", not proxy.trouble(), proxy.trouble)
    world.client_authorities = {}


def run(world, report, attempt):
    if not requests.targets():
        return
    authorities = {name: Authority(world, name) for name in (FIRST, SECOND, OTHER)}
    certificates = {name: authority.issue() for name, authority in authorities.items()}
    output = requests.convert(EXPORT, [], live.World.DIRECTORY + "/clients", [1])
    for target in requests.targets():
        attempt(report, "%s: client certificates" % target, run_one, world, report, target, output, authorities, certificates)
        world.reset()
