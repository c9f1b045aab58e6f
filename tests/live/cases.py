"""cases: small exports and tables of requests with the outcome that the semantics demand (cases.json), for every target.

`expect` names the fields of the outcome that are compared; beside those of requests.py:
    decision  forward (a server saw it), redirect, deny (403 and no server saw it) or refuse (400 or 403 and no server saw it)
    header    {name: value or null}: what the server saw
    answer    {name: value or null}: what came back. A server answers with the headers and the body that x-answer-header and x-answer-body name
`spellings` lists paths which are asked over both schemes: what reaches a server must, after everything that a server may undo
(percent-encoding repeatedly, backslashes, dot segments, path parameters, case), lie inside the path `inside` or outside of `outside`.
A path may be a list: its beginning, what is repeated, how often, its end.
"""

import json
import os
import re

import requests
import world as live


def unescape(path):
    """Percent-encoding undone once, IIS' %uXXXX too."""
    path = re.sub(r"%u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), path)
    return re.sub(r"%([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), path)


def normal_form(target):
    """The worst that a server may make of a path."""
    path, before = re.sub(r"^https?://[^/]*", "", target).partition("?")[0].partition("#")[0], None
    while path != before:
        path, before = unescape(path), path
    kept = []
    for segment in path.replace("\\", "/").lower().split("/"):
        segment = segment.partition(";")[0]
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/" + "/".join(kept)


def within(path, folder):
    return path == folder or path.startswith(folder + "/")


def decision(got):
    if got["server"] is not None:
        return "forward"
    if got["location"]:
        return "redirect"
    return {403: "deny", 400: "refuse"}.get(got["status"], "status %d" % got["status"])


def differences(expect, got):
    """What is not as expected, shortest first words."""
    wrong = []
    for field, value in expect.items():
        if field == "decision":
            found = decision(got)
            if found != value and not (value == "refuse" and found == "deny"):
                wrong.append("decision %s instead of %s" % (found, value))
        elif field in ("header", "answer"):
            for name, text in value.items():
                found = got["answer"].get(name) if field == "answer" else next((v for n, v in got["headers"] or [] if n == name), None)
                if found != text:
                    wrong.append("header %s %r instead of %r" % (name, found, text))
        elif got[field] != value:
            wrong.append("%s %r instead of %r" % (field, got[field], value))
    return wrong


def title(wanted):
    extra = ["%s %s" % (key, wanted[key]) for key in ("method", "on", "host", "sni", "version") if key in wanted]
    return wanted["url"] + (" (%s)" % ", ".join(extra) if extra else "")


def show(got):
    return "%s%s%s" % (got["status"] or "no answer (%s)" % got["why"], " from %s:%s path %s" % (got["server"], got["port"], got["path"]) if got["server"] else "",
                       " to %s" % got["location"] if got["location"] else "")


def check_spellings(report, label, got, spelled):
    path = normal_form(got["path"]) if got["path"] is not None else None
    if "inside" in spelled:
        right = path is None or within(path, spelled["inside"])
    else:
        right = path is None or not within(path, spelled["outside"])
    report.check(label, right and got["status"] != 0, lambda: "a server may read this as %s: %s" % (path, show(got)) if not right else show(got))


def run_one(world, report, case, target, output):
    with live.Proxy(world, target, os.path.join(output, target)) as proxy:
        name = "%s: %s" % (target, case["export"][:-len(".xml")])
        for wanted in case.get("requests", []):
            got = requests.play(world, proxy, wanted)
            expect = dict(wanted["expect"], **wanted["expect"].get(target, {}))
            expect = {k: v for k, v in expect.items() if k not in live.try_config.TARGETS}
            wrong = differences(expect, got)
            report.check("%s: %s" % (name, title(wanted)), not wrong, lambda: "%s; got %s" % ("; ".join(wrong), show(got)))
        for spelled in case.get("spellings", []):
            for path in spelled["paths"]:
                shown, path = (path, path) if isinstance(path, str) else ("%s(%s times %d)%s" % tuple(path), path[0] + path[1] * path[2] + path[3])
                for base in spelled["sites"]:
                    got = requests.play(world, proxy, {"url": base + path})
                    label = "%s: %s%s stays %s" % (name, base, shown, "inside " + spelled["inside"] if "inside" in spelled else "outside " + spelled["outside"])
                    check_spellings(report, label.encode("unicode_escape").decode(), got, spelled)
        report.check("%s: still running" % name, not proxy.trouble(), proxy.trouble)


def run(world, report, attempt):
    if not requests.targets():
        return
    with open(os.path.join(live.HERE, "cases.json"), encoding="utf-8") as file:
        table = json.load(file)
    for case in table:
        def both():
            output = requests.convert(os.path.join(live.HERE, case["export"]), case.get("args", []), live.World.DIRECTORY + "/case", case.get("status", [0]))
            for target in requests.targets():
                attempt(report, "%s: %s" % (target, case["export"]), run_one, world, report, case, target, output)
                world.reset()
        attempt(report, case["export"], both)
