#!/usr/bin/env python3
"""costs: what one request costs a proxy, counted and not timed: instructions, caches, system calls, page faults.

The configurations are those of rates.py. Each runs under valgrind (callgrind), under strace, and alone, and answers a few and
then many requests; what more the many take, divided by how many more they are, is one request: starting, reading the
configuration and the connections' handshakes fall out. (HAProxy keeps connections to the servers and does not make the same
number of them in each run; with TLS each is a million instructions, so those numbers are good to a few hundredths only.) The machine may be busy with other things meanwhile. It knows
neither rates nor time.
"""
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys

import rates  # runs it in namespaces of its own
from measure import Row, Trouble

CLIENTS = 32
# A processor's caches: its own for code, for data, and for both.
CACHES = ["--cache-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=524288,8,64"]
WAYS = ["callgrind", "strace", "alone"]
WHAT = ["instructions", "misses of 32 KiB", "misses of 512 KiB", "system calls", "page faults"]


class Counted(rates.Proxy):
    """A proxy that runs under something which counts."""

    patience = 300  # what counts writes at the end

    def __init__(self, world, target, folder, names, way):
        self.way, self.counts, self.expected = way, os.path.join(folder, "counts"), 2 if target == "nginx" else 1
        os.environ["TMPDIR"] = rates.PLACE  # valgrind's
        shutil.rmtree(self.counts, ignore_errors=True)
        os.mkdir(self.counts)
        os.chmod(self.counts, 0o777)  # nginx's worker is another user
        super().__init__(world, target, folder, names)

    def proxy_argv(self, target, path):
        argv = ["prlimit", "--nofile=4096", *super().proxy_argv(target, path)]  # HAProxy has a table of them
        if self.way == "callgrind":
            return argv[:2] + ["valgrind", "-q", "--tool=callgrind", "--trace-children=yes", *CACHES,
                    "--callgrind-out-file=%s/%%p" % self.counts, *argv[2:]]
        return ["strace", "-f", "-c", "-o", self.counts + "/calls", *argv] if self.way == "strace" else argv

    def visit(self, rounds):
        """So many requests on each of CLIENTS connections, all connections at once."""
        context = ssl.create_default_context(cafile=rates.PLACE + "/l1.pem")
        clients = [context.wrap_socket(self.connect(rates.LISTENER, 443, 120), server_hostname="shop0000001.contoso.com")
                   for _ in range(CLIENTS)]
        n = 0
        for _ in range(rounds):
            for client in clients:
                n = (n + 7) % self.names
                client.sendall(("GET %s HTTP/1.1\r\nHost: shop%07d.contoso.com\r\n\r\n" % (rates.PATH, n)).encode())
            for client in clients:
                self.answer(client)
        for client in clients:
            client.close()

    @staticmethod
    def answer(client):
        data = b""
        while b"\r\n\r\n" not in data:
            data += Counted.more(client)
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if not head.startswith(b"HTTP/1.1 200 ") or not length:
            raise Trouble("not answered: %r" % head)
        while len(body) < int(length[1]):
            body += Counted.more(client)

    @staticmethod
    def more(client):
        data = client.recv(65536)
        if not data:
            raise Trouble("the proxy closed a connection")
        return data

    def stop(self):
        if self.way == "strace":  # ends when what it looks at ends
            for pid in sorted(self.family() - {self.processes[1].pid})[:1]:
                os.kill(pid, signal.SIGTERM)
            self.processes[1].wait(60)
        super().stop()

    def faults(self):
        total = 0
        for pid in self.family():
            with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
                total += int(file.read().rpartition(")")[2].split()[7])
        return total

    def result(self):
        """After stop(): what was counted."""
        if self.way == "strace":
            with open(self.counts + "/calls", encoding="ascii", errors="replace") as file:
                return {words[-1]: int(words[3]) for words in map(str.split, file) if len(words) > 4 and words[3].isdigit() and words[-1] != "total"}
        total, counted = [0] * 9, 0
        for name in os.listdir(self.counts):
            with open(os.path.join(self.counts, name), encoding="utf-8", errors="replace") as file:
                found = re.search(r"(?m)^(?:totals|summary): (.*)$", file.read())
            if found:
                total = [a + int(b) for a, b in zip(total, found[1].split() + [0] * 9)]
                counted += 1
        if counted != self.expected:  # nginx's master and worker
            raise Trouble("%s: callgrind counted %d processes, not %d" % (self.network, counted, self.expected))
        # Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw
        return {"instructions": total[0], "misses of 32 KiB": sum(total[3:6]), "misses of 512 KiB": sum(total[6:9])}


class Costs(rates.Proxies):
    def __init__(self, command, few, many, small):
        super().__init__(command, 1, 1, small)
        self.proxy_cpu = self.other_cpu = "%s,%s" % (self.proxy_cpu, self.other_cpu)  # nothing is timed
        self.few, self.many = few, many
        self.variants = [(rates.FEW, False)] if small else [(rates.FEW, False), (rates.MANY, False), (rates.MANY, True)]

    def run(self):
        for target in rates.TARGETS:
            for scheme in self.schemes:
                for names, by_hand in self.variants:
                    folder = self.config(target, scheme, names, by_hand)
                    self.prepare(os.path.join(folder, "conf", rates.TARGETS[target]))
                    label = "%s%d names" % ("by hand, " if by_hand else "", names)
                    for way in WAYS:
                        print(json.dumps({"target": target, "scheme": scheme, "name": label, "way": way,
                                          "cost": self.cost(target, folder, names, way)}), flush=True)

    @staticmethod
    def prepare(path):
        """What counts writes its result at the end, when HAProxy would not see its folder any more; and it is slow."""
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r"(?m)^\t(?:chroot|user|group) .*\n", "", text)
        text = re.sub(r"(?m)^\ttimeout connect .*$", "\ttimeout connect 300s", text)
        with open(path, "w", encoding="utf-8") as file:  # a connection that waits longer than it would is not made again
            file.write(re.sub(r"(?m)^(\tdefault-server .*)$", r"\1 pool-purge-delay 1h", text))

    def cost(self, target, folder, names, way):
        """What one request takes, by what is counted."""
        found = []
        if way == "alone":
            proxy = Counted(self, target, folder, names, way)
            for rounds in self.few, self.many - self.few:
                before = proxy.faults()
                proxy.visit(rounds)
                found.append({"page faults": proxy.faults() - before})
            proxy.stop()
            found[0]["page faults"] = 0
        else:
            for rounds in self.few, self.many:
                proxy = Counted(self, target, folder, names, way)
                proxy.visit(rounds)
                proxy.stop()
                found.append(proxy.result())
        return {what: (n - found[0].get(what, 0)) / (CLIENTS * (self.many - self.few)) for what, n in found[1].items()}


def rows_of(found):
    """found: (target, scheme, name) -> what -> how many. Names of one target and scheme come in the order of Costs.variants."""
    rows = []
    for (target, scheme, name), costs in found.items():
        label = "%s, %s to the servers: %s: " % (target, scheme.upper(), name)
        rows += [Row("costs", label + what, [costs[what]]) for what in WHAT]
    for target in rates.TARGETS:
        for scheme in rates.SCHEMES:
            names = [n for t, s, n in found if (t, s) == (target, scheme)]
            for under in names[:1] + names[2:] if len(names) == 3 else []:
                label = "%s, %s to the servers: %s / %s, instructions" % (target, scheme.upper(), names[1], under)
                rows.append(Row("costs", label, [found[target, scheme, names[1]]["instructions"] / found[target, scheme, under]["instructions"]]))
    return rows


def measure(opt, _scratch, say):
    """The rows and notes of the part."""
    found = {}
    for one in rates.inside(__file__, opt.command, *(("1", "3") if opt.quick else ("4", "48")), "1" if opt.quick else "0"):
        say("costs: %s, %s: %s: %s" % (one["target"], one["scheme"], one["name"], one["way"]))
        costs = found.setdefault((one["target"], one["scheme"], one["name"]), {})
        if one["way"] == "strace":
            costs["system calls"] = sum(one["cost"].values())
        else:
            costs.update(one["cost"])
    return rows_of(found), ["costs: of one request; instructions and misses of the proxy's own code, not of the kernel; %d connections kept" % CLIENTS]


def main(arguments):
    if len(arguments) != 5 or arguments[0] != rates.INSIDE:
        sys.stderr.write("costs: run by tools/bench\n")
        return 2
    try:
        Costs(arguments[1], int(arguments[2]), int(arguments[3]), arguments[4] == "1").run()
    except (Trouble, rates.try_config.Trouble) as trouble:
        sys.stderr.write("%s\n" % trouble)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
