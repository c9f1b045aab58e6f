"""client: a raw HTTP/1.1 client that can send any bytes, from any address of the test network, with or without SNI.

It checks nothing; it says what came back. A connection that ends without an answer is status 0 with the reason in `why`.
"""

import json
import socket
import ssl

from servers import MARK


class Answer:
    def __init__(self, status=0, headers=(), body=b"", why=""):
        self.status, self.headers, self.body, self.why = status, list(headers), body, why

    def header(self, name):
        return next((v for n, v in self.headers if n == name.lower()), None)

    def seen(self):
        """What the server behind the proxy saw; None if the proxy answered itself."""
        return json.loads(self.body) if self.header(MARK) and self.body else None

    def __str__(self):
        if self.status == 0:
            return "no answer (%s)" % self.why
        seen = self.seen()
        if seen:
            return "%d from %s:%s%s sni %s Host %s path %.200s" % (
                self.status, seen["address"], seen["port"], " TLS" if seen["tls"] else "", seen["sni"], seen["host"], seen["target"])
        return "%d of the proxy" % self.status + (" to " + self.header("location") if self.header("location") else "")


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


class Connection:
    """A connection through the proxy; tls by port unless stated. `made` is the TLS context, `session` one of an earlier connection."""

    def __init__(self, world, address, port, sni=None, source=None, tls=None, timeout=20, made=None, session=None):
        self.file = self.certificate = None
        with world.client:
            self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if ":" not in address:
                self.socket.bind((source or world.CLIENT, 0))
            self.socket.connect((address, port))
            if tls or tls is None and port in (443, 4443, 8443):
                self.socket = (made or context()).wrap_socket(self.socket, server_hostname=sni or None, session=session)
                self.certificate = self.socket.getpeercert(binary_form=True)
        except OSError:
            self.socket.close()
            raise
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def ask(self, data, method="GET"):
        """Send the bytes, read one answer."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            return self.read(method, str(error))
        return self.read(method)

    def read(self, method="GET", why="closed"):
        try:
            while True:
                answer = self.read_one(method)
                if answer is None:
                    return Answer(why=why)
                if answer.status >= 200:
                    return answer
        except (OSError, ValueError) as error:
            return Answer(why=str(error) or why)

    def read_one(self, method):
        line = self.file.readline(65536)
        if not line:
            return None
        status = int(line.split()[1])
        headers = []
        while True:
            line = self.file.readline(1 << 20).decode("latin-1").rstrip("\r\n")
            if not line:
                break
            name, _, value = line.partition(":")
            headers.append((name.lower(), value.strip()))
        answer = Answer(status, headers)
        if method != "HEAD" and status >= 200 and status not in (204, 304):
            answer.body = self.read_body(answer)
        return answer

    def read_body(self, answer):
        if "chunked" in (answer.header("transfer-encoding") or ""):
            parts = []
            while True:
                size = int(self.file.readline(1000).split(b";")[0], 16)
                parts.append(self.file.read(size))
                self.file.readline(10)
                if size == 0:
                    return b"".join(parts)
        if answer.header("content-length") is not None:
            return self.file.read(int(answer.header("content-length")))
        return self.file.read()


def request(target, host, method="GET", headers=(), body=b"", version="HTTP/1.1"):
    """The bytes of a request; host None leaves the header out. Strings go out as latin-1, unchanged."""
    lines = ["%s %s %s" % (method, target, version)]
    if host is not None:
        lines.append("Host: " + host)
    lines += ["%s: %s" % pair for pair in headers]
    if body or method == "POST":
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ask(world, address, port, data, method="GET", **how):
    """One request on a connection of its own."""
    try:
        with Connection(world, address, port, **how) as connection:
            return connection.ask(data, method)
    except OSError as error:
        return Answer(why=str(error))
