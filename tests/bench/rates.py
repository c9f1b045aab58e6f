#!/usr/bin/env python3
"""rates: requests a second through nginx and HAProxy with generated configurations, and with one written by hand.

Each configuration runs all the time in a network namespace of its own, together with an nginx that plays the servers; the load
generator visits them in turns. The proxy has one processor, the load generator and the servers share the other one. Nothing of
it is left when the process ends. Slices are short and many, so that what else the machine does meets all configurations
alike, and each comes as often after each other one (orders()). It knows how to run proxies, not what a generator does inside:
what the hand-written ones must do, they must answer like the generated ones to every request of PROBES.
"""
import importlib.machinery
import importlib.util
import ipaddress
import json
import os
import socket
import ssl
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
import exports  # noqa: E402  pylint: disable=wrong-import-position
from measure import Row, Trouble, ratios  # noqa: E402  pylint: disable=wrong-import-position

INSIDE = "--inside"
PLACE = "/run/bench"
LISTENER = "203.0.113.10"
PATH = "/app/orders/view.aspx?id=4711"
PATH_OF_LOAD = "/app/orders/view.aspx?id=%04d"
FEW, MANY = 5, 5000
SIZES = [FEW, 500, MANY]
SERVERS = 5             # behind any number of names: what is measured is the names
SCHEMES = ["http", "https"]
TARGETS = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}
CONNECTIONS = 32
TEXTS = 5000            # requests that the load generator has ready: as many, and as long, whatever the number of names
ROUNDS = 32             # a multiple of the orders that a round can have
AT_LEAST_FEW = (">=", 0.9)    # rate with MANY names over the rate with FEW
AT_LEAST_HAND = (">=", 0.95)  # rate of the generated configuration over the one written by hand

# Paths, for which the hand-written configurations answer as the generated ones do; the Host is a published one.
PROBES = [PATH, "/app", "/app/", "/APP/x", "/static/a.b.c/d_e-f", "/other", "/", "/appx", "//app//x", "/app/x%20y", "/app/%41", "/app/a;b=c",
          "/app/../x", "/app/./x", "/app/%2e%2e/x", "/app/..;/x", "/app/;a/x", "/app/a%5cb", "/app/a\\b", "/app/%252e%252e/x", "/app/%00",
          "/app/%u002e", "/app/%c0%ae", "/app/...", "/app/. /", "/app/%25%32%65", "/app/a%2fb", "/app/%zz", "/app/a?b=../c%5c", "/app/~a/(b)"]

LONG = "X-Long: %s\r\n" % ("a" * 24000)  # TMG takes 32 KiB of headers unless told otherwise


def load_try_config():
    loader = importlib.machinery.SourceFileLoader("try_config", os.path.join(TOP, "tools", "try-config"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("try_config", loader))
    loader.exec_module(module)
    return module


try_config = load_try_config()


def server_address(n):
    return exports.fields(n % SERVERS, 0)["server"]


def server_site(n):
    return exports.fields(n % SERVERS, 0)["site"]


class Proxies:
    """Everything inside the namespaces."""

    def __init__(self, command, seconds, rounds, small):
        self.command, self.seconds, self.rounds = command, seconds, rounds
        self.sizes, self.schemes = ([FEW, 50], SCHEMES[:1]) if small else (SIZES, SCHEMES)
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) < 2:
            raise Trouble("request rates need two processors")
        self.proxy_cpu, self.other_cpu = str(cpus[0]), str(cpus[1])
        view = try_config.View()
        view.read_only()
        try_config.work_directories(view, {})
        os.makedirs(PLACE)
        os.chmod(PLACE, 0o755)
        self.certificates()

    @staticmethod
    def certificates():
        """One certificate for all names of the listener, one for all servers, and the CA that the servers' is of: itself."""
        shop = try_config.Workshop(PLACE + "/workshop")
        for name, covered in ("l1.pem", "*.contoso.com"), ("servers.pem", "*.contoso.local"):
            text = shop.self_signed([covered])
            with open(os.path.join(PLACE, name), "w", encoding="ascii") as file:
                file.write(text)
        with open(PLACE + "/backend-ca.pem", "w", encoding="ascii") as file:
            file.write(text.partition("-----BEGIN PRIVATE")[0])

    def config(self, target, scheme, names, by_hand):
        """The folder with the configuration; paths of certificates and of the runtime lead to a folder of its own."""
        folder = os.path.join(PLACE, "%s-%s-%d%s" % (target, scheme, names, "-hand" if by_hand else ""))
        os.mkdir(folder, 0o755)
        for name in "l1.pem", "backend-ca.pem":
            os.link(os.path.join(PLACE, name), os.path.join(folder, name))
        (self.by_hand if by_hand else self.generated)(folder, target, scheme, names)
        if target == "nginx":
            self.one_worker(os.path.join(folder, "conf", TARGETS[target]))
        return folder

    def generated(self, folder, target, scheme, names):
        path = os.path.join(folder, "export.xml")
        with open(path, "w", encoding="ascii") as file:
            exports.rules(file, names, kind=SCHEMES.index(scheme), port=0, servers=SERVERS, original_host=True)
        done = subprocess.run([self.command, "convert", "-q", "-t", target, "-o", os.path.join(folder, "out"), "--cert-dir", folder,
                               "--runtime-dir", folder, path], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Trouble("convert: status %d: %s" % (done.returncode, done.stderr[:300]))
        os.rename(os.path.join(folder, "out", target), os.path.join(folder, "conf"))

    @staticmethod
    def one_worker(path):
        """nginx counts the processors of the machine, not those it has: two workers would take turns on one of them."""
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if text.count("\nworker_processes auto;\n") != 1:
            raise Trouble("%s: has no worker_processes" % path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("\nworker_processes auto;\n", "\nworker_processes 1;\n"))

    @staticmethod
    def by_hand(folder, target, scheme, names):
        end, port = (";" if target == "nginx" else ""), exports.PORT_TLS if scheme == "https" else exports.PORT_HTTP
        sites = [server_site(n).split(".")[0] for n in range(SERVERS)]
        with open(os.path.join(folder, "names.map"), "w", encoding="ascii") as file:
            for n in range(names):
                file.write("%s %s%s\n" % (exports.fields(n, 0)["public"], sites[n % SERVERS], end))
        upstreams = "".join("\tupstream %s {\n\t\tserver %s:%d;\n\t}\n" % (s, server_address(n), port) for n, s in enumerate(sites))
        tls = " ssl sni str(%s) verifyhost %s"
        backends = "".join("backend %s\n\tserver s1 %s:%d%s\n" % (s, server_address(n), port, tls % (server_site(n), server_site(n))
                                                               if scheme == "https" else "") for n, s in enumerate(sites))
        with open(os.path.join(HERE, TARGETS[target] + ".in"), encoding="ascii") as file:
            text = file.read()
        for mark, value in ("@DIR@", folder), ("@UPSTREAMS@", upstreams), ("@BACKENDS@", backends), ("@SCHEME@", scheme):
            text = text.replace(mark, value)
        os.mkdir(os.path.join(folder, "conf"))
        with open(os.path.join(folder, "conf", TARGETS[target]), "w", encoding="ascii") as file:
            file.write(text)

    def start(self, target, scheme, names, by_hand):
        return Proxy(self, target, self.config(target, scheme, names, by_hand), names)

    def run(self):
        """Prints what is found, one JSON text a line."""
        for target in TARGETS:
            for scheme in self.schemes:
                proxies = {"%d names" % n: self.start(target, scheme, n, False) for n in self.sizes}
                proxies["by hand, %d names" % self.sizes[-1]] = self.start(target, scheme, self.sizes[-1], True)
                self.compare_answers(target, list(proxies.values())[-2:])
                self.rates(target, scheme, proxies)
                for proxy in proxies.values():
                    proxy.stop()

    @staticmethod
    def compare_answers(target, pair):
        generated, by_hand = pair
        name = "shop0000003.contoso.com"
        for host, path, more in [(name, p, "") for p in PROBES] + [("other.contoso.com", PATH, ""), ("SHOP0000003.contoso.com.", PATH, ""), (name, PATH, LONG)]:
            one, other = generated.ask(host, path, more), by_hand.ask(host, path, more)
            if one != other:
                raise Trouble("%s: %s%s: the generated configuration answers %r, the hand-written one %r" % (target, host, path, one, other))
        for more in "", LONG:
            if generated.ask(name, PATH, more)[0] != 200:
                raise Trouble("%s: the server is not reached: %r" % (target, generated.ask(name, PATH, more)))

    def rates(self, target, scheme, proxies):
        names = list(proxies)
        turns = orders(names)
        for turn in range(-1, self.rounds):
            for name in turns[turn % len(turns)]:
                rate, busy = proxies[name].load(self.seconds)
                print(json.dumps({"target": target, "scheme": scheme, "name": name, "round": turn, "rate": rate, "busy": busy}), flush=True)


def orders(names):
    """Orders of a round, one for each of an even number of names, in which each stands once at each place and comes once
    after each other one."""
    n = len(names)
    first = [(i + 1) // 2 if i % 2 else (n - i // 2) % n for i in range(n)]
    return [[names[(f + k) % n] for f in first] for k in range(n)]


class Proxy:
    """One configuration that runs, with its servers, in its own network."""

    patience = 10  # seconds for a program to end

    def __init__(self, world, target, folder, names):
        self.world, self.names, self.log = world, names, os.path.join(folder, "log")
        self.network = os.path.basename(folder)
        try_config.run(["ip", "netns", "add", self.network])
        addresses = [LISTENER] + sorted({server_address(n) for n in range(SERVERS)})
        try_config.run(["ip", "-n", self.network, "-batch", "-"],
                       input="link set lo up\n" + "".join("address add %s/32 dev lo\n" % ipaddress.ip_address(a) for a in addresses))
        with open(os.path.join(folder, "servers.conf"), "w", encoding="ascii") as file:
            file.write(SERVERS_CONF.replace("@DIR@", folder).replace("@PLACE@", PLACE))
        path = os.path.join(folder, "conf", TARGETS[target])
        self.processes = [self.spawn(world.other_cpu, ["nginx", "-c", os.path.join(folder, "servers.conf")])]
        self.wait_for(server_address(0), exports.PORT_HTTP)
        self.processes.append(self.spawn(world.proxy_cpu, self.proxy_argv(target, path)))
        self.wait_for(LISTENER, 443)

    def proxy_argv(self, target, path):
        return ["nginx", "-c", path, "-g", "daemon off;"] if target == "nginx" else ["haproxy", "-db", "-f", path]

    def spawn(self, cpu, argv):
        with open(self.log, "ab") as log:
            return subprocess.Popen(["ip", "netns", "exec", self.network, "taskset", "-c", cpu, *argv], stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, cwd="/")

    def connect(self, address, port, timeout=10):
        """Sockets of this process made in the other network."""
        home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open("/run/netns/" + self.network, os.O_RDONLY)
        try:
            try_config.checked(try_config.libc.setns(there, 0), "network namespace")
            return socket.create_connection((address, port), timeout)
        finally:
            try_config.checked(try_config.libc.setns(home, 0), "network namespace")
            os.close(home)
            os.close(there)

    def wait_for(self, address, port):
        end = time.monotonic() + 300  # this long only under valgrind on a busy machine
        while time.monotonic() < end and all(p.poll() is None for p in self.processes):
            try:
                self.connect(address, port).close()
                return
            except OSError:
                time.sleep(0.05)
        with open(self.log, encoding="utf-8", errors="replace") as file:
            raise Trouble("%s does not start: %s" % (self.network, " / ".join(file.read().splitlines()[-3:])))

    def ask(self, host, path, more=""):
        """(status, body if it came from the server)"""
        context = ssl.create_default_context(cafile=PLACE + "/l1.pem")
        with context.wrap_socket(self.connect(LISTENER, 443), server_hostname="shop0000001.contoso.com") as tls:
            tls.sendall(("GET %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: 192.0.2.1\r\nAuthorization: Basic eDp5\r\n%sConnection: close\r\n\r\n" % (
                path, host, more)).encode("latin-1"))
            data = b""
            while True:
                more = tls.recv(65536)
                if not more:
                    break
                data += more
        head, _, body = data.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        return status, body.decode("latin-1") if status == 200 else ""

    def family(self):
        """The proxy and its children."""
        family = {self.processes[1].pid}
        for _ in range(3):  # taskset and ip become the program itself; nginx has workers
            for entry in os.listdir("/proc"):
                if entry.isdigit():
                    try:
                        with open("/proc/%s/stat" % entry, encoding="utf-8", errors="replace") as file:
                            words = file.read().rpartition(")")[2].split()
                    except OSError:
                        continue
                    if int(words[1]) in family:
                        family.add(int(entry))
        return family

    def used(self):
        """Processor time of the proxy so far, in seconds, to the nanosecond: /proc/PID/stat counts hundredths."""
        total = 0
        for pid in self.family():
            for thread in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/schedstat" % (pid, thread), encoding="ascii") as file:
                    total += int(file.read().split()[0])
        return total / 1e9

    def load(self, seconds):
        """(requests a second, share of its processor that the proxy used). On a busy machine a short run may not come to a
        single request: it is done again."""
        for _ in range(20):
            requests, took, used = self.load_once(seconds)
            if requests:
                return requests / took, used / took
        raise Trouble("%s: no request was answered" % self.network)

    def load_once(self, seconds):
        before = self.used()
        done = subprocess.run(["ip", "netns", "exec", self.network, "taskset", "-c", self.world.other_cpu, "wrk", "-t", "1", "-c", str(CONNECTIONS),
                               "-d", "%gs" % seconds if seconds == int(seconds) else "1s", "-s", os.path.join(HERE, "requests.lua"),
                               "https://%s/" % LISTENER, "--", str(self.names), str(TEXTS), PATH_OF_LOAD], capture_output=True, text=True, check=False)
        used = self.used() - before
        result = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if done.returncode or not result:
            raise Trouble("wrk: %s" % (done.stderr or done.stdout).strip()[:300])
        requests, took, errors = int(result[0][0]), float(result[0][1]), int(result[0][2])
        if errors:
            raise Trouble("%s: %d of %d requests went wrong: %s" % (self.network, errors, requests, done.stdout.strip()[-200:]))
        return requests, took, used

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(self.patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        try_config.run(["ip", "netns", "delete", self.network])


# What the servers answer shows what reached them.
SERVERS_CONF = """daemon off;
user root;
worker_processes 1;
pid @DIR@/servers.pid;
error_log /var/log/nginx/servers.log;
events {
	worker_connections 8192;
}
http {
	access_log off;
	keepalive_requests 1000000;
	large_client_header_buffers 4 64k;
	server {
		listen 0.0.0.0:8080 reuseport;
		listen 0.0.0.0:8443 ssl reuseport;
		ssl_certificate @PLACE@/servers.pem;
		ssl_certificate_key @PLACE@/servers.pem;
		ssl_session_cache shared:servers:10m;
		merge_slashes off;
		return 200 "$scheme $server_addr $request_uri $http_host $http_x_forwarded_for [$http_authorization] $ssl_server_name\\n";
	}
}
"""


class Rate:
    def __init__(self, found):
        self.rate, self.busy = found["rate"], found["busy"]
        self.work = self.rate / max(self.busy, 1e-3)  # requests in a second of the proxy's own processor time


def rows_of(found):
    """found: (target, scheme, name) -> list of Rate."""
    rows = []
    for target in TARGETS:
        for scheme in SCHEMES:
            runs = {name: v for (t, s, name), v in found.items() if (t, s) == (target, scheme)}
            if not runs:
                continue
            # The rounds come in any order; here the fewest names stand first, what was written by hand last.
            names = sorted(runs, key=lambda name: (name.startswith("by hand"), int(name.split()[-2])))
            label = "%s, %s to the servers: " % (target, scheme.upper())
            for name in names:
                rows.append(Row("rates", label + name, [r.rate for r in runs[name]], "requests/s"))
                rows.append(Row("rates", label + name + ", proxy busy", [100 * r.busy for r in runs[name]], "%"))
            few, many, hand = names[0], names[-2], names[-1]
            rows.append(Row("rates", "%s%s / %s" % (label, many, few), ratios(runs[many], runs[few], "rate"), bound=AT_LEAST_FEW))
            rows.append(Row("rates", "%s%s / by hand" % (label, many), ratios(runs[many], runs[hand], "rate"), bound=AT_LEAST_HAND))
            rows.append(Row("rates", "%s%s / %s, requests per processor second" % (label, many, few), ratios(runs[many], runs[few], "work")))
            rows.append(Row("rates", "%s%s / by hand, requests per processor second" % (label, many), ratios(runs[many], runs[hand], "work")))
    return rows


def inside(program, *arguments):
    """Runs the program with these arguments in namespaces of its own; what it prints, one JSON text a line."""
    argv = [sys.executable, "-B", os.path.realpath(program), INSIDE, *arguments]
    try:
        argv = try_config.enter(argv, "--pid", "--fork", "--kill-child", "--mount-proc")
    except try_config.Trouble as trouble:
        raise Trouble(str(trouble)) from trouble
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as process:
        for line in process.stdout:
            yield json.loads(line)
        said = process.stderr.read()
    if process.returncode:
        raise Trouble(said.strip().splitlines()[-1] if said.strip() else "%s: ended with %d" % (os.path.basename(program), process.returncode))


def measure(opt, _scratch, say):
    """The rows and notes of the part."""
    found, rounds = {}, opt.pairs or ROUNDS
    for one in inside(__file__, opt.command, str(opt.seconds), str(rounds), "1" if opt.quick else "0"):
        say("rates: %s, %s: round %d of %d: %s" % (one["target"], one["scheme"], max(one["round"] + 1, 0), rounds, one["name"]))
        if one["round"] >= 0:
            found.setdefault((one["target"], one["scheme"], one["name"]), []).append(Rate(one))
    return rows_of(found), ["rates: wrk, %d connections kept, TLS, requests spread over all names; the proxy has one processor, the load generator and the "
                            "servers (an nginx) share another" % CONNECTIONS]


def main(arguments):
    if len(arguments) != 5 or arguments[0] != INSIDE:
        sys.stderr.write("rates: run by tools/bench\n")
        return 2
    try:
        Proxies(arguments[1], float(arguments[2]), int(arguments[3]), arguments[4] == "1").run()
    except (Trouble, try_config.Trouble) as trouble:
        sys.stderr.write("%s\n" % trouble)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
