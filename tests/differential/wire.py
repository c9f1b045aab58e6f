"""wire: the network of the live tests with more addresses, proxies that start fast in it, and a client that keeps its connections.

Thousands of requests for hundreds of configurations must pass in minutes: whatever does not differ between exports (addresses, names,
certificates) is made once; a proxy is started without asking its checker first; a connection is kept as long as the proxy keeps it.
What comes back is told as it came; this file does not know what is right.
"""

import ipaddress
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time

import net

sys.path.insert(1, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "live"))
import servers  # noqa: E402
import world as live  # noqa: E402

Trouble = live.Trouble
PATIENCE = 5
SILENCES = 3  # requests without an answer in time, after which the rest is not asked


class Network(live.World):
    SERVERS = dict.fromkeys(net.SERVERS)
    PLAIN, TLS = net.PLAIN, net.TLS
    supplied = None  # files that configurations expect and that are there

    def wire(self):
        super().wire()
        new = [c for c in net.CLIENTS if c not in self.CLIENTS and c != self.CLIENT6]
        with self.client:
            live.try_config.add_addresses("p0", [ipaddress.ip_address(c) for c in new])
            self.ip("-6", "route", "add", "default", "via", self.ROUTER6)
        for address in new:
            self.ip(*(["-6"] if ":" in address else []), "route", "replace", address, "dev", "c0")
        live.try_config.add_addresses("c0", [ipaddress.ip_address(a) for a in net.LISTENERS])
        self.addresses.update(ipaddress.ip_address(a) for a in net.LISTENERS)

    def make_servers(self):
        """All servers present one certificate: the names sent in handshakes are what is compared."""
        self.servers = {}
        names = sorted({"*." + name.partition(".")[2] for name in net.NAMES})
        # Neither proxy looks at IP entries, so an address stands as if it were a name.
        addresses = ["DNS:" + a for a in net.SERVERS]
        context = servers.tls_context(self.issue(", ".join([names[0]] + ["DNS:" + n for n in names[1:]] + addresses), "servers.pem"))
        self.contexts = dict.fromkeys(self.SERVERS, context)
        for address in self.SERVERS:
            with self.inner:
                for port in self.PLAIN + self.TLS:
                    self.servers[address, port] = servers.Server(self.log, self.settings, address, port, context if port in self.TLS else None)
        # A challenge of the server: the proxy passes it or strips it.
        self.settings.extra = ["WWW-Authenticate: NTLM"]
        made = self.workshop.self_signed(["www.contoso.com"])
        self.workshop.self_signed = lambda names: made


class Proxy(live.Proxy):
    """Starts in a world that already has nearly everything."""

    def __init__(self, world, target, directory, zone=None):
        super().__init__(world, target, directory)
        self.zone = zone

    def prepare(self):
        manifest, world = self.manifest, self.world
        paths = {l.get(kind) for l in manifest["listeners"] for kind in ("certificate", "client_ca_file")} | {manifest.get("ca_file")}
        paths -= {None}
        strange = set(manifest.get("resolve") or []) - set(net.NAMES)
        if strange:
            raise Trouble("%s wants to resolve %s, which the export does not name" % (self.target, ", ".join(sorted(strange))))
        if world.supplied is None or not paths <= world.supplied:
            live.try_config.supply(world.view, manifest, world.workshop, net.NAMES, world.authority)
            world.supplied = (world.supplied or set()) | paths
        runtime = manifest.get("runtime_dir")
        if runtime and not os.path.isdir(runtime):
            world.view.empty(runtime)
        for name in os.listdir(runtime) if runtime else []:
            os.unlink(os.path.join(runtime, name))

    def __enter__(self):
        self.prepare()
        path = os.path.join(self.directory, live.try_config.TARGETS[self.target])
        argv = ["nginx", "-c", path, "-g", "daemon off;"] if self.target == "nginx" else ["haproxy", "-db", "-f", path]
        environment = dict(os.environ, **({"TZ": self.zone} if self.zone else {}))
        for name in os.listdir("/var/log/nginx"):
            os.unlink(os.path.join("/var/log/nginx", name))
        with open(self.output, "wb") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environment)
        wanted, end = list(self.endpoints()), time.monotonic() + PATIENCE
        while wanted and self.process.poll() is None and time.monotonic() < end:
            wanted = [place for place in wanted if not self.answers(*place)]
            if wanted:
                time.sleep(0.004)
        if wanted:
            ended = self.process.poll() is not None
            text = self.logged().strip().splitlines()
            self.stop()
            raise Trouble("%s %s: %s" % (self.target, "does not start" if ended else "does not listen on %s:%s" % wanted[0], " / ".join(text[-3:])))
        return self

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()


# ---- the client -----------------------------------------------------------------------------------------------------------------

CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


class Line:
    """A connection of one client to one endpoint."""

    def __init__(self, world, asked):
        six = ":" in asked["on"]
        with world.client:
            self.socket = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
        try:
            self.socket.settimeout(PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.bind((asked["from"], 0))
            self.socket.connect((asked["on"], asked["port"]))
            if asked["tls"]:
                self.socket = CONTEXT.wrap_socket(self.socket, server_hostname=asked["sni"])
        except OSError:
            self.socket.close()
            raise
        self.data = b""
        self.used = False

    def close(self):
        self.socket.close()

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.data += data

    def ask(self, asked):
        """(status, headers, body, is the connection still good)"""
        self.socket.sendall(spell(asked))
        self.used = True
        while b"\r\n\r\n" not in self.data:
            self.more()
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(None, 2)[1])
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
        body = b""
        if asked["method"] != "HEAD":
            body = self.body(headers)
        keep = lines[0].startswith("HTTP/1.1") and headers.get("connection", "").lower() != "close" and asked["version"] == "HTTP/1.1"
        return status, headers, body, keep

    def body(self, headers):
        if "chunked" in headers.get("transfer-encoding", ""):
            raise ValueError("chunked answer")
        if "content-length" not in headers:
            try:
                while True:
                    self.more()
            except EOFError:
                body, self.data = self.data, b""
                headers["connection"] = "close"
                return body
        length = int(headers["content-length"])
        while len(self.data) < length:
            self.more()
        body, self.data = self.data[:length], self.data[length:]
        return body


def line_target(asked):
    """The target in the request line: seldom the whole URL, as if to a proxy."""
    return "%s://%s%s" % ("https" if asked["tls"] else "http", asked["host"], asked["target"]) if asked["absolute"] else asked["target"]


def spell(asked):
    lines = ["%s %s %s" % (asked["method"], line_target(asked), asked["version"])]
    if asked["host"] is not None:
        lines.append("Host: " + asked["host"])
    lines += ["X-Forwarded-For: " + net.FORGED, "Authorization: Basic dGVzdDp0ZXN0"]
    if asked["method"] == "POST":
        lines.append("Content-Length: 2")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (b"ab" if asked["method"] == "POST" else b"")


def key(asked):
    return asked["on"], asked["port"], asked["sni"] or "", asked["from"]


def understand(status, headers, body):
    """What a proxy answered, as the fields that are compared."""
    got = {"status": status, "decision": "status %d" % status, "location": headers.get("location")}
    if servers.MARK.lower() in headers:
        seen = json.loads(body)
        got.update(decision="forward", server=seen["address"], port=seen["port"], tls=seen["tls"], sni=seen["sni"], path=seen["target"],
                   host=seen["host"][0] if len(seen["host"]) == 1 else seen["host"] or None, client=seen["client"],
                   forwarded=[v for n, v in seen["headers"] if n == "x-forwarded-for"],
                   credentials=any(n == "authorization" for n, _ in seen["headers"]), challenge="www-authenticate" in headers)
    elif got["location"] is not None:
        got["decision"] = "redirect"
    elif status in (400, 403):
        got["decision"] = "deny"
    return got


def ask_one(world, line, asked):
    """(answer, the connection to go on with or None). A kept connection that has ended meanwhile is no answer."""
    while True:
        fresh = line is None
        try:
            line = line or Line(world, asked)
            status, headers, body, keep = line.ask(asked)
            if not keep:
                line.close()
            return understand(status, headers, body), line if keep else None
        except (OSError, EOFError, ValueError) as error:
            if line:
                line.close()
            line = None
            if fresh:
                return {"status": 0, "decision": "no answer (%s)" % ("in time" if isinstance(error, TimeoutError) else str(error) or "closed")}, None


def ask_all(world, requests):
    """The answers, in the order of the requests."""
    answers, line, last, silent = [None] * len(requests), None, None, 0
    for number in sorted(range(len(requests)), key=lambda n: key(requests[n])):
        asked = requests[number]
        if last != key(asked) and line:
            line.close()
            line = None
        last = key(asked)
        if silent >= SILENCES:
            answers[number] = {"status": 0, "decision": "not asked"}
            continue
        answers[number], line = ask_one(world, line, asked)
        silent += answers[number]["decision"] == "no answer (in time)"
    if line:
        line.close()
    world.log.clear()
    return answers
