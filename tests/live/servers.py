"""servers: the machines behind the proxy, played by threads of this process.

Each is a raw HTTP/1.1 server that writes down every connection and request before it answers, and answers with what it saw as JSON:
nothing is decoded, so spellings of paths and headers survive. It can be told to answer late, to present a wrong certificate, to demand
a sign-in that belongs to the connection (as NTLM does), to answer with a page (type, bytes) and further headers, and to read Content-Length or Transfer-Encoding first. It knows nothing of
the proxy in front of it or of what a test expects.
"""

import base64
import hashlib
import itertools
import json
import socket
import ssl
import threading
import time

MARK = "X-Test-Server"
NTLM_START = base64.b64encode(b"NTLMSSP\0\1\0\0\0 start").decode()


def ntlm_challenge(connection):
    return base64.b64encode(b"NTLMSSP\0\2\0\0\0 challenge %d" % connection).decode()


def ntlm_proof(challenge, user):
    """What a client that knows its password answers to this challenge, and to no other one."""
    return base64.b64encode(b"NTLMSSP\0\3\0\0\0 " + user.encode() + b" " + hashlib.sha256(challenge.encode()).digest()).decode()


class Server:
    """One listening socket. `settings` are shared by all servers of a world; `context` may be exchanged while it runs."""

    connections = itertools.count(1)

    def __init__(self, log, settings, address, port, context):
        self.log, self.settings, self.address, self.port, self.context = log, settings, address, port, context
        self.socket = socket.socket(socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        self.socket.listen(128)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, peer = self.socket.accept()
            number = next(self.connections)
            self.log.contacts.append((self.address, self.port))
            threading.Thread(target=self.serve, args=(client, peer, number), daemon=True).start()

    def serve(self, client, peer, number):
        sni = None
        try:
            client.settimeout(120)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                client = self.context.wrap_socket(client, server_side=True)
                sni = getattr(client, "asked_name", None)
            Conversation(self, client, peer[0], number, sni).run()
        except (OSError, ValueError):
            pass
        finally:
            client.close()


class Conversation:
    """The requests of one connection."""

    def __init__(self, server, client, peer, number, sni):
        self.server, self.client, self.peer, self.number, self.sni = server, client, peer, number, sni
        self.file = client.makefile("rb")
        self.user = self.challenge = None

    def run(self):
        while True:
            line = self.file.readline(1 << 20)
            if not line.strip():
                if not line:
                    return
                continue
            method, target, version = line.decode("latin-1").split(None, 2)
            headers = []
            while True:
                line = self.file.readline(1 << 20).decode("latin-1").rstrip("\r\n")
                if not line:
                    break
                name, _, value = line.partition(":")
                headers.append([name.lower(), value.strip()])
            seen = self.seen(method, target, headers, self.body(headers))
            self.server.log.requests.append(seen)
            time.sleep(self.server.settings.delay)
            keep = version.strip() == "HTTP/1.1" and not any(n == "connection" and "close" in v.lower() for n, v in headers)
            self.answer(seen, keep)
            if not keep:
                return

    def seen(self, method, target, headers, body):
        return {"address": self.server.address, "port": self.server.port, "tls": self.server.context is not None, "sni": self.sni,
                "method": method, "target": target, "host": [v for n, v in headers if n == "host"], "client": self.peer,
                "headers": headers, "body": hashlib.sha256(body).hexdigest(), "length": len(body), "connection": self.number}

    def body(self, headers):
        lengths = [v for n, v in headers if n == "content-length"]
        chunked = any(n.strip() == "transfer-encoding" and "chunked" in v.lower() for n, v in headers)
        if chunked and (self.server.settings.framing == "encoding" or not lengths):
            return self.chunks()
        return self.file.read(int(lengths[0])) if lengths else b""

    def chunks(self):
        parts = []
        while True:
            size = int(self.file.readline(1000).split(b";")[0], 16)
            if size == 0:
                while self.file.readline(1 << 16).strip():
                    pass
                return b"".join(parts)
            parts.append(self.file.read(size))
            self.file.readline(10)

    def sign_in(self, headers):
        """None when the request may pass, else the challenge to send. The identity belongs to this connection."""
        sent = "".join(v for n, v in headers if n == "authorization")
        if sent == "NTLM " + NTLM_START:
            self.user, self.challenge = None, ntlm_challenge(self.number)
            return "NTLM " + self.challenge
        if sent and self.challenge:
            for user in "alice", "carol":
                if sent == "NTLM " + ntlm_proof(self.challenge, user):
                    self.user, self.challenge = user, None
                    return None
        return None if self.user and not sent else "NTLM"

    def answer(self, seen, keep):
        challenge = self.sign_in(seen["headers"]) if self.server.settings.sign_in else None
        if self.server.settings.sign_in:
            seen["user"] = self.user
        kind, page = self.server.settings.page or ("application/json", None)
        wanted = [v for n, v in seen["headers"] if n == "x-answer-body"]
        body = wanted[0].encode("latin-1") if wanted else page if page is not None else json.dumps(seen).encode()
        head = ["HTTP/1.1 401 Unauthorized" if challenge else "HTTP/1.1 200 OK", "Content-Type: " + kind,
                "Content-Length: %d" % len(body)] + ([] if wanted else ["%s: %s" % (MARK, self.server.address)])
        if challenge:
            head.append("WWW-Authenticate: " + challenge)
        head += self.server.settings.extra + [v for n, v in seen["headers"] if n == "x-answer-header"]
        if not keep:
            head.append("Connection: close")
        text = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
        self.client.sendall(text if seen["method"] == "HEAD" else text + body)


class Settings:
    """How all servers behave; reset() is the plain echo."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.delay, self.sign_in, self.framing, self.extra, self.page = 0, False, "encoding", [], None


class Log:
    """What the servers saw since clear(): connections made to them, requests they read."""

    def __init__(self):
        self.contacts, self.requests = [], []

    def clear(self):
        del self.contacts[:], self.requests[:]


def tls_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def note(connection, name, _):
        connection.asked_name = name
    context.sni_callback = note
    return context
