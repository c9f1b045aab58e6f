#!/usr/bin/env python3
"""slow: a request that the server answers after 65 s (Lync holds requests open for minutes) must survive the proxy.

Started once per target, at the same time, by main.py.
"""

import os
import sys
import threading

import client
import requests
import world as live
from report import Report

SECONDS = 65
EXPORT = os.path.join(live.TOP, "fixtures", "lync-director.xml")


def ways(target):
    yield "443", 443, "meet.contoso.com"
    yield "80", 80, None
    if target == "nginx":
        yield "443 without SNI", 443, None


def run(report, target):
    if live.try_config.program_version(target) is None:
        report.missing("%s: long request" % target, "it is not installed")
        return
    world = live.World()
    output = requests.convert(EXPORT, [], live.World.DIRECTORY + "/article")
    with live.Proxy(world, target, os.path.join(output, target)) as proxy:
        world.reset()
        world.settings.delay = SECONDS
        answers = {}

        def one(text, port, sni):
            data = client.request("/slow", "meet.contoso.com")
            answers[text] = client.ask(world, "203.0.113.10", port, data, sni=sni, timeout=SECONDS + 30)
        threads = [threading.Thread(target=one, args=way) for way in ways(target)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for text, answer in answers.items():
            report.check("%s: an answer after %d s arrives on %s" % (target, SECONDS, text), answer.status == 200 and answer.seen() is not None, "got %s" % answer)
        report.check("%s: each was asked once" % target, len(world.log.requests) == len(answers), "the server saw %d requests for %d" % (len(world.log.requests), len(answers)))
        report.check("%s: still running" % target, not proxy.trouble(), proxy.trouble)


if __name__ == "__main__":
    REPORT = Report("live-slow")
    try:
        run(REPORT, sys.argv[1])
    except live.Trouble as trouble:
        REPORT.no("%s: long request" % sys.argv[1], trouble)
    sys.exit(REPORT.end())
