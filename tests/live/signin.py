"""signin: a sign-in that belongs to the connection (NTLM) must work where it can, and must never be handed to another client.

The servers sign in the connection, not the request, as IIS does. Client A signs in; client B comes with a connection and an address of
its own and asks for the same anonymously. What B gets must be the challenge.
"""

import client
import servers

TRIES = 50
ONE = "203.0.113.10"


def sign_in(connection, host, user):
    """The three legs on one client connection; the last answer."""
    connection.ask(client.request("/sign-in", host))
    answer = connection.ask(client.request("/sign-in", host, headers=[("Authorization", "NTLM " + servers.NTLM_START)]))
    challenge = (answer.header("www-authenticate") or "").partition(" ")[2]
    if answer.status != 401 or not challenge:
        return answer
    return connection.ask(client.request("/sign-in", host, headers=[("Authorization", "NTLM " + servers.ntlm_proof(challenge, user))]))


def who(answer):
    return (answer.seen() or {}).get("user")


class SignIn:
    def __init__(self, world, address, port, sni, host="meet.contoso.com"):
        self.world, self.host = world, host
        self.place = (address, port, sni)
        self.worked = self.kept = 0
        self.leaks, self.odd = [], []

    def connect(self, source):
        return client.Connection(self.world, *self.place, source=source)

    def anonymous(self, number):
        """Client B: must be asked to sign in."""
        try:
            with self.connect(self.world.CLIENTS[1 + number % 5]) as stranger:
                answer = stranger.ask(client.request("/mail/%d" % number, self.host))
        except OSError as error:
            self.odd.append(str(error))
            return
        if answer.status == 200 or who(answer):
            self.leaks.append("try %d: signed in as %s" % (number, who(answer)))
        elif answer.status != 401:
            self.odd.append("try %d: %s" % (number, answer))

    def run(self):
        """Half of the tries beside a signed-in client, half after it has gone."""
        self.world.reset()
        self.world.settings.sign_in = True
        with self.connect(self.world.CLIENT) as first:
            self.worked += who(sign_in(first, self.host, "alice")) == "alice"
            for number in range(TRIES // 2):
                self.anonymous(number)
                self.kept += who(first.ask(client.request("/again", self.host))) == "alice"
        for number in range(TRIES // 2, TRIES):
            with self.connect(self.world.CLIENT) as client_a:
                self.worked += who(sign_in(client_a, self.host, "alice")) == "alice"
            self.anonymous(number)
        self.world.reset()
        return self


def works(proxy, sni, port):
    """nginx can keep a client and its server connection together only as a stream."""
    return proxy.target == "haproxy" or sni is not None and port == 443


def run(world, proxy, report):
    for text, port, sni in ("80", 80, None), ("443", 443, "meet.contoso.com"), ("443 without SNI", 443, None):
        tried = SignIn(world, ONE, port, sni).run()
        name = "%s: sign-in on %s" % (proxy.target, text)
        report.check("%s is never handed to another client in %d tries" % (name, TRIES), not tried.leaks and not tried.odd,
                     lambda: (tried.leaks or tried.odd)[0] + ", %d leaks, %d other answers" % (len(tried.leaks), len(tried.odd)))
        signed = 1 + TRIES // 2
        if works(proxy, sni, port):
            report.check("%s works" % name, tried.worked == signed, "%d of %d succeeded" % (tried.worked, signed))
            report.check("%s lasts as long as the connection" % name, tried.kept == TRIES // 2, "%d of %d requests were signed in" % (tried.kept, TRIES // 2))
        else:
            report.check("%s fails, safely" % name, tried.worked == 0, "%d of %d succeeded, which needs a shared connection" % (tried.worked, signed))
    if proxy.trouble():
        report.no("%s: still running after the sign-ins" % proxy.target, proxy.trouble())


def control(world, proxy, report):
    """The same test on an nginx that shares server connections must see the leak."""
    tried = SignIn(world, ONE, 80, None).run()
    report.check("control: an nginx with upstream keepalive lets the sign-in work", tried.worked > 0, "it never succeeded, the test proves nothing")
    report.check("control: the leak test detects an nginx with upstream keepalive", bool(tried.leaks), "no leak seen in %d tries" % TRIES)
