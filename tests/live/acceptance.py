#!/usr/bin/env python3
"""acceptance: the administrator's check.sh, run from the client's place against the real proxies.

It must pass where all is right, also on the exports of the other tests, and fail for exactly what is wrong where something is: a
server with a wrong certificate, a listener's certificate from elsewhere, an answer that the rules do not give, nobody at home.
As a program of its own it makes a world first; main.py calls run() in its own.
"""

import os
import re
import subprocess
import sys

import requests
import servers
import world as live
from report import Report

FIXTURE = os.path.join(live.TOP, "fixtures", "lync-director.xml")
FRONT_END = "10.1.1.21"
# Exports of the other tests, and what fails there because a server cannot prove its name.
OTHERS = {"public.xml": [], "names.xml": [], "paths.xml": [], "redirect.xml": [], "bridging.xml": ["https://b6.contoso.com/"]}
LAST = re.compile(r"check: (\d+) passed, (\d+) failed, (\d+) to look at, (\d+) skipped.*")


class Outcome:
    """What a run of check.sh said, line by line."""

    def __init__(self, done):
        self.status, self.text, self.errors = done.returncode, done.stdout, done.stderr
        self.lines = done.stdout.splitlines()
        self.counts = next((tuple(map(int, m.groups())) for m in map(LAST.fullmatch, self.lines[-1:]) if m), None)

    def said(self, word):
        """URLs of the lines that begin with the word."""
        return [line.split()[1] for line in self.lines if line.startswith(word + "  ")]

    def right(self):
        """All passed, and the last line counts what stands above it."""
        return self.status == 0 and self.counts == (len(self.said("pass")), 0, 0, len(self.said("skip"))) and self.counts[0] > 0

    def __str__(self):
        bad = [line for line in self.lines if not line.startswith(("pass", "#", "skip"))]
        return "status %d: %s %s" % (self.status, " | ".join(bad[:4]), self.errors.strip()[:200])


class Script:
    """check.sh of a proxy's directory, and what an administrator has at hand."""

    def __init__(self, world, proxy):
        self.world, self.path = world, os.path.join(proxy.directory, "check.sh")
        self.authorities = world.save("listeners.pem", "".join(self.certificate(l["certificate"]) for l in proxy.manifest["listeners"] if l["certificate"]))

    @staticmethod
    def certificate(path):
        with open(path, encoding="ascii") as file:
            return file.read().partition("-----BEGIN PRIVATE")[0]

    def run(self, *arguments, path=None):
        try:
            with self.world.client:
                return Outcome(subprocess.run(["bash", path or self.path, *arguments], capture_output=True, text=True, errors="replace",
                                              stdin=subprocess.DEVNULL, timeout=300, cwd="/"))
        except subprocess.TimeoutExpired as late:
            raise live.Trouble("check.sh does not end") from late

    def trusted(self, *arguments, path=None):
        return self.run("--cacert", self.authorities, *arguments, path=path)

    def changed(self, old, new):
        """A copy that expects something else; old must be there."""
        with open(self.path, encoding="utf-8") as file:
            text = file.read()
        if old not in text:
            raise live.Trouble("check.sh holds no %r" % old)
        return self.world.save("changed.sh", text.replace(old, new))


def article(world, report, proxy):
    target, script = proxy.target, Script(world, proxy)

    def check(name, right, got):
        report.check("%s: check.sh: %s" % (target, name), right, lambda: str(got))
    world.log.clear()
    got = script.trusted()
    names = {"meet", "dialin", "lyncdiscover", "dirweb", "feweb"}
    wanted = {"%s://%s.contoso.com/" % (scheme, name) for name in names for scheme in ("http", "https")}
    wanted |= {"http://tmgport-check.invalid/", "https://tmgport-check.invalid/"}
    check("all pass", got.right() and set(got.said("pass")) == wanted and got.counts[0] == 14, got)
    check("each name reached a server once over each scheme", len(world.log.requests) == 10, len(world.log.requests))
    check("it only ever asks GET, and no query", all(r["method"] == "GET" and r["target"] == "/" and r["length"] == 0 for r in world.log.requests), world.log.requests)

    world.present(FRONT_END, servers.tls_context(world.issue("other.contoso.local", "acceptance.pem")))
    got = script.trusted()
    check("a server with a wrong certificate fails, and nothing else", got.status == 1 and got.counts == (13, 1, 0, 0) and
          got.said("FAIL") == ["https://feweb.contoso.com/"], got)
    world.reset()
    got = script.trusted()
    check("all pass again", got.right(), got)

    got = script.run()
    check("certificates that curl does not trust fail", got.status == 1 and sorted(got.said("FAIL")) ==
          sorted("https://%s.contoso.com/" % name for name in names), got)
    got = script.run("--insecure")
    check("--insecure accepts them", got.right() and got.counts[0] == 14, got)
    got = script.trusted("--only", "MEET.contoso.com")
    check("--only asks for one name", got.right() and got.said("pass") == ["http://meet.contoso.com/", "https://meet.contoso.com/"], got)
    got = script.trusted("--only", "nobody.contoso.com")
    check("--only with a name that no rule has asks nothing and says so", got.status == 2 and got.counts == (0, 0, 0, 0), got)

    got = script.trusted(path=script.changed("site\t1\t3\tfeweb", "paths\t2\npath\tdeny\t/\t=\t-\nsite\t2\t3\tfeweb"))
    check("a name that should be refused and is not fails", got.status == 1 and set(got.said("FAIL")) ==
          {"http://feweb.contoso.com/", "https://feweb.contoso.com/"}, got)
    got = script.trusted(path=script.changed("\tfeweb.contoso.com", "\tother.contoso.com"), *["--insecure"])
    check("a name that the proxy refuses is to be looked at", got.status == 0 and got.counts[1:3] == (0, 2) and len(got.said("warn")) == 2, got)
    got = script.trusted("--address", "2=203.0.113.10", "--insecure")
    check("another address for one listener: the other one's names are refused there", got.counts[1:3] == (0, 2) and "two listeners" in got.errors, got)
    got = script.trusted("--address", "1=203.0.113.77", "--max", "1")
    check("an unknown option is wrong usage", got.status == 2 and not got.text, got)


def others(world, report, proxy, export):
    """The other tests' exports: wildcards, all names, paths, redirects, refusals."""
    got = Script(world, proxy).trusted("--all")
    bad = OTHERS[export]
    right = got.status == (1 if bad else 0) and got.said("FAIL") == bad and not got.said("warn") and got.counts[:2] == (len(got.said("pass")), len(bad))
    report.check("%s: check.sh of %s: %s" % (proxy.target, export, "one server fails, all else passes" if bad else "all pass"),
                 right and got.counts[0] > 1, lambda: str(got))


def nobody(world, report, proxy):
    """After the proxy has stopped."""
    got = Script(world, proxy).trusted()
    report.check("%s: check.sh: nobody there: fails, soon" % proxy.target,
                 got.status == 1 and got.counts[0] == 0 and len(got.said("skip")) > 0 and got.counts[1] >= 4, lambda: str(got))


def try_export(world, report, target, output, what, *more):
    with live.Proxy(world, target, os.path.join(output, target)) as proxy:
        what(world, report, proxy, *more)
    world.reset()
    return proxy


def run(world, report, attempt):
    for target in requests.targets():
        def deployment():
            output = requests.convert(FIXTURE, [], live.World.DIRECTORY + "/acceptance")
            nobody(world, report, try_export(world, report, target, output, article))
        attempt(report, "%s: check.sh" % target, deployment)
    for export in OTHERS:
        def small():
            output = requests.convert(os.path.join(live.HERE, export), [], live.World.DIRECTORY + "/acceptance", (0, 1))
            for target in requests.targets():
                attempt(report, "%s: check.sh of %s" % (target, export), try_export, world, report, target, output, others, export)
        attempt(report, "check.sh of %s" % export, small)


def main():
    if os.environ.get(live.INSIDE) != "1":
        command = live.enter("acceptance.py", [])
        os.execvp(command[0], command)
    report = Report("acceptance")

    def attempt(_, name, what, *arguments):
        try:
            what(*arguments)
        except live.Trouble as trouble:
            report.no(name, trouble)
    if not requests.targets():
        report.missing("check.sh", "neither nginx nor haproxy is installed")
    else:
        run(live.World(), report, attempt)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
