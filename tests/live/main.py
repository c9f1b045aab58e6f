#!/usr/bin/env python3
"""main: runs the live tests, or those that the arguments name (lync, signin, cases, clients, limits, links, acceptance, try-config, slow), in namespaces of their own."""

import os
import signal
import subprocess
import sys

import world as live
from report import Report

SUITES = ["try-config", "lync", "signin", "cases", "clients", "limits", "links", "acceptance"]
PR_SET_PDEATHSIG = 1
EXPORT = os.path.join(live.TOP, "fixtures", "lync-director.xml")


def article(report, target, suites, world):
    """The tests on the article's deployment with one target."""
    import lync
    import requests
    import signin
    output = requests.convert(EXPORT, [], live.World.DIRECTORY + "/article")
    with live.Proxy(world, target, os.path.join(output, target)) as proxy:
        if "lync" in suites:
            lync.Lync(world, proxy, report).run()
        if "signin" in suites:
            signin.run(world, proxy, report)
    world.reset()


def attempt(report, name, what, *arguments):
    """A test that cannot even be set up is one failure, not the end of the others."""
    try:
        what(*arguments)
    except live.Trouble as trouble:
        report.no(name, trouble)


def inside(suites):
    import cases
    import signin
    report = Report("live")
    world = live.World()
    for target in "nginx", "haproxy":
        if live.try_config.program_version(target) is None:
            report.missing("%s: live tests" % target, "it is not installed")
        elif "lync" in suites or "signin" in suites:
            attempt(report, "%s: the article's deployment" % target, article, report, target, suites, world)
    if "signin" in suites and live.try_config.program_version("nginx"):
        def control():
            with live.Proxy(world, "nginx", os.path.join(live.HERE, "control", "nginx")) as proxy:
                signin.control(world, proxy, report)
        attempt(report, "control", control)
    if "cases" in suites:
        cases.run(world, report, attempt)
    if "clients" in suites:
        import clients
        clients.run(world, report, attempt)
    if "limits" in suites:
        import limits
        limits.run(world, report, attempt)
    if "links" in suites:
        import links
        links.run(world, report, attempt)
    if "acceptance" in suites:
        import acceptance
        acceptance.run(world, report, attempt)
    return report.end()


def run(script, suites):
    """Run in namespaces; the result lines it prints. It does not outlive us, and what it started does not outlive it."""
    return subprocess.Popen(live.enter(script, suites), stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                            preexec_fn=lambda: live.try_config.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))


def main(arguments):
    suites = arguments or SUITES
    if os.environ.get(live.INSIDE) == "1":
        return inside(suites)
    slow = suites == ["slow"]
    report = Report("live-slow" if slow else "live")
    try:
        if slow:
            running = [run("slow.py", [target]) for target in ("nginx", "haproxy")]
        else:
            if "try-config" in suites:
                import tryconfig
                tryconfig.run(report)
            rest = [s for s in suites if s != "try-config"]
            running = [run("main.py", rest)] if rest else []
    except live.Trouble as trouble:
        report.missing("live tests", trouble)
        return report.end()
    for process in running:
        for line in process.stdout:
            report.absorb(line)
        if process.wait() not in (0, 1, 77):
            report.no("live tests", "the run ended with %d" % process.returncode)
    return report.end()


if __name__ == "__main__":
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    os.environ["LC_ALL"] = "C.UTF-8"
    unknown = [a for a in sys.argv[1:] if a not in SUITES + ["slow"]]
    if unknown:
        print("usage: main.py [%s|slow]..." % "|".join(SUITES), file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1:]))
