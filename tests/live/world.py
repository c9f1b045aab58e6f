"""world: the test network, and the real proxies in it.

    client 198.51.100.7 ... .20 -- proxy 198.51.100.1 with the listeners' addresses, 10.1.1.2 -- servers 10.1.1.21, .22, .31, .32

The three are network namespaces; the process that makes a World already runs in namespaces of its own (see enter()), its network
being the proxy's. When the process ends, however it ends, the kernel takes everything away: processes, networks, files. Nothing has a
name outside, so runs do not collide. What a configuration needs around it is supplied by tools/try-config's code.
This file knows manifest.json, not what is tested.
"""

import ctypes
import importlib.machinery
import importlib.util
import ipaddress
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

import servers

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.realpath(os.environ.get("top_srcdir") or os.path.join(HERE, "..", ".."))
INSIDE = "TMGPORT_LIVE_INSIDE"
CLONE_NEWNET = 0x40000000


def load_try_config():
    loader = importlib.machinery.SourceFileLoader("try_config", os.path.join(TOP, "tools", "try-config"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("try_config", loader))
    loader.exec_module(module)
    return module


sys.dont_write_bytecode = True
try_config = load_try_config()
Trouble = try_config.Trouble


def enter(script, arguments):
    """The command line that runs a script of this folder in namespaces of its own; all it leaves running dies with it."""
    argv = [sys.executable, "-B", os.path.join(HERE, script), *arguments]
    return ["env", INSIDE + "=1"] + try_config.enter(argv, "--pid", "--fork", "--kill-child", "--mount-proc")


class Namespace:
    """with namespace: sockets and programs of this thread belong to it."""

    def __init__(self, name):
        try_config.run(["ip", "netns", "add", name])
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.there = os.open("/run/netns/" + name, os.O_RDONLY)

    def __enter__(self):
        try_config.checked(try_config.libc.setns(self.there, CLONE_NEWNET), "network namespace")

    def __exit__(self, *_):
        try_config.checked(try_config.libc.setns(self.home, CLONE_NEWNET), "network namespace")


class World:
    CLIENT = "198.51.100.7"
    CLIENTS = ["198.51.100.%d" % n for n in range(7, 21)]
    CLIENT6, ROUTER6 = "2001:db8:1::7", "2001:db8:1::1"
    SERVERS = {"10.1.1.21": "lyncfe.contoso.local", "10.1.1.22": "lyncdir.contoso.local",
               "10.1.1.31": "web01.contoso.local", "10.1.1.32": "web02.contoso.local"}
    PLAIN, TLS = (80, 8080), (443, 4443, 8443)
    DIRECTORY = "/run/live"

    def __init__(self):
        if os.environ.get(INSIDE) != "1":
            raise RuntimeError("a World is made inside namespaces: see enter()")
        self.view = try_config.View()
        try_config.work_directories(self.view, {})
        os.makedirs(self.DIRECTORY)
        self.workshop = try_config.Workshop(self.DIRECTORY + "/workshop")
        self.settings, self.log = servers.Settings(), servers.Log()
        self.client_authorities = {}
        self.wire()
        self.make_authority()
        self.make_servers()

    @staticmethod
    def ip(*words):
        try_config.run(["ip", *words])

    def wire(self):
        self.ip("link", "set", "lo", "up")
        self.client, self.inner = Namespace("client"), Namespace("servers")
        self.ip("link", "add", "c0", "type", "veth", "peer", "name", "p0", "netns", "client")
        self.ip("link", "add", "b0", "type", "veth", "peer", "name", "p0", "netns", "servers")
        try_config.add_addresses("c0", [ipaddress.ip_address(self.ROUTER6)])
        for device, address in ("c0", "198.51.100.1/24"), ("b0", "10.1.1.2/8"):
            self.ip("address", "add", address, "dev", device)
            self.ip("link", "set", device, "up")
        with self.client:
            for address in self.CLIENTS:
                self.ip("address", "add", address + "/24", "dev", "p0")
            try_config.add_addresses("p0", [ipaddress.ip_address(self.CLIENT6)])
            self.ip("link", "set", "p0", "up")
            self.ip("route", "add", "default", "via", "198.51.100.1")
            self.ip("-6", "route", "add", "2001:db8::/32", "dev", "p0")
        self.ip("-6", "route", "add", self.CLIENT6, "dev", "c0")
        with self.inner:
            for address in self.SERVERS:
                self.ip("address", "add", address + "/8", "dev", "p0")
            self.ip("link", "set", "p0", "up")
        self.addresses = set()

    def make_authority(self):
        path = self.workshop.path
        with open(path("ca.cnf"), "w", encoding="ascii") as file:
            file.write("[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ext\n[dn]\nCN = live test CA\n[ext]\n"
                       "basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\nsubjectKeyIdentifier = hash\n")
        try_config.run(["openssl", "req", "-x509", "-new", "-key", path("key.pem"), "-days", "30", "-config", path("ca.cnf"), "-out", path("ca.pem")])
        self.authority = self.workshop.read("ca.pem")

    def issue(self, name, file):
        """A certificate of the test CA for one name, with its key; returns the path."""
        path = self.workshop.path
        with open(path("issue.cnf"), "w", encoding="ascii") as out:
            out.write("[ext]\nbasicConstraints = CA:FALSE\nsubjectAltName = DNS:%s\n" % name)
        try_config.run(["openssl", "req", "-new", "-key", path("key.pem"), "-subj", "/CN=server", "-out", path("issue.csr")])
        try_config.run(["openssl", "x509", "-req", "-in", path("issue.csr"), "-CA", path("ca.pem"), "-CAkey", path("key.pem"), "-days", "30",
                        "-extfile", path("issue.cnf"), "-extensions", "ext", "-out", path("issue.pem")])
        return self.save(file, self.workshop.read("issue.pem") + self.workshop.read("key.pem"))

    def save(self, name, text):
        with open(self.workshop.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.workshop.path(name)

    def make_servers(self):
        self.contexts, self.servers = {}, {}
        for address, name in self.SERVERS.items():
            self.contexts[address] = servers.tls_context(self.issue(name, name + ".pem"))
            with self.inner:
                for port in self.PLAIN + self.TLS:
                    tls = self.contexts[address] if port in self.TLS else None
                    self.servers[address, port] = servers.Server(self.log, self.settings, address, port, tls)

    def present(self, address, context):
        """The TLS servers of this address present another certificate from now on."""
        for port in self.TLS:
            self.servers[address, port].context = context

    def reset(self):
        """Servers behave again, the log is empty."""
        self.settings.reset()
        for address, context in self.contexts.items():
            self.present(address, context)
        self.log.clear()


class Proxy:
    """A real nginx or haproxy with a configuration directory; with Proxy(...) as p: it runs."""

    def __init__(self, world, target, directory):
        self.world, self.target, self.directory = world, target, directory
        self.manifest = try_config.load_manifest(directory)
        self.process = None
        self.output = os.path.join(world.DIRECTORY, target + ".log")

    def __enter__(self):
        self.prepare()
        accepted, said = try_config.check(self.target, self.directory)
        if not accepted:
            raise Trouble("%s refuses the configuration: %s" % (self.target, " / ".join(said[:3])))
        for address, port in self.endpoints():
            if self.answers(address, port):
                raise Trouble("%s:%s is in use before %s starts" % (address, port, self.target))
        self.start()
        return self

    def prepare(self):
        manifest, world = self.manifest, self.world
        if manifest.get("runtime_dir"):
            world.view.empty(manifest["runtime_dir"])
        new = [a for a in try_config.listener_addresses(manifest) if a not in world.addresses]
        try_config.add_addresses("c0", new)
        world.addresses.update(new)
        known = {name: address for address, name in world.SERVERS.items()}
        # A name that no server has leads nowhere, as it would in a real network whose DNS is right.
        hosts = {name: known.get(name, "10.1.1.250") for name in manifest.get("resolve") or []}
        try_config.supply(world.view, manifest, world.workshop, hosts, world.authority, world.client_authorities)

    def endpoints(self):
        for listener in self.manifest.get("listeners", []):
            for address in listener["addresses"]:
                for port in listener["ports"]:
                    unspecified = address in ("", "*", "0.0.0.0", "::")
                    yield ("198.51.100.1" if unspecified else address.strip("[]"), port)

    @staticmethod
    def answers(address, port):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.settimeout(2)
            return probe.connect_ex((address, port)) == 0

    def start(self):
        path = os.path.join(self.directory, try_config.TARGETS[self.target])
        argv = ["nginx", "-c", path, "-g", "daemon off;"] if self.target == "nginx" else ["haproxy", "-db", "-f", path]
        if self.target == "nginx":
            with open(path, encoding="utf-8") as file:
                if re.search(r"(?m)^\s*daemon\s", file.read()):
                    del argv[3:]
        self.world.view.empty("/var/log/nginx")
        with open(self.output, "wb") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        wanted, end = list(self.endpoints()), time.monotonic() + 10
        while wanted and time.monotonic() < end and self.process.poll() is None:
            wanted = [place for place in wanted if not self.answers(*place)]
            time.sleep(0.02)
        if wanted:
            why = self.trouble() or "does not listen on %s:%s" % wanted[0]
            self.stop()
            raise Trouble("%s %s" % (self.target, why))

    def logged(self):
        text = ""
        for path in [self.output] + [os.path.join("/var/log/nginx", n) for n in sorted(os.listdir("/var/log/nginx"))]:
            with open(path, encoding="utf-8", errors="replace") as file:
                text += file.read()
        return text

    def trouble(self):
        """None while it runs and no worker has crashed, else what happened."""
        text = self.logged()
        if self.process.poll() is not None:
            return "has ended with %s: %s" % (self.process.returncode, " / ".join(text.splitlines()[-2:]))
        if try_config.sole_user():
            # An ordinary user's namespace has no other groups to enter; nginx complains and goes on.
            text = re.sub(r".*initgroups\(.*", "", text)
        crash = re.search(r".*(exited on signal|exited with code [1-9]|Segmentation|\[emerg\]|\[alert\]).*", text)
        return "has trouble: " + crash[0] if crash else None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        end = time.monotonic() + 5
        while any(self.answers(*place) for place in self.endpoints()) and time.monotonic() < end:
            time.sleep(0.05)

    def __exit__(self, *_):
        self.stop()

    def certificate(self, address):
        """The certificate (DER) that belongs to the listener on this address."""
        for listener in self.manifest["listeners"]:
            if address in listener["addresses"]:
                with open(listener["certificate"], encoding="ascii") as file:
                    text = file.read()
                return ssl.PEM_cert_to_DER_cert(text[:text.index("-----BEGIN PRIVATE")])
        raise KeyError(address)


def convert(export, arguments, output):
    """Run the command under test; (exit status, what it said)."""
    command = os.environ.get("TMGPORT") or os.path.join(os.environ.get("top_builddir") or ".", "tmgport")
    if shutil.which(command) is None:
        raise Trouble("%s is not there: build it, or name it in TMGPORT" % command)
    shutil.rmtree(output, ignore_errors=True)
    done = subprocess.run([command, "convert", "-t", "nginx,haproxy", "-o", output, *arguments, export],
                          capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    return done.returncode, (done.stdout + done.stderr).strip()
