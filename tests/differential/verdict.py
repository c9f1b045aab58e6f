"""verdict: asks `tmgport trace` what is right, and says where a proxy's answer differs.

Three classes of requests are told apart, in which targets may differ in a stated way: SPELLING, paths that a server may read as another
path, and ENCODED, mapped prefixes that come percent-encoded or bytes over 127: a target may refuse what trace forwards, never the
reverse; SNI, a Host other than the SNI name on a host that nginx carries as a TLS stream: SNI may decide.
"""

import ipaddress
import json
import os
import re
import shutil
import subprocess
import urllib.parse

import net
from wire import Trouble, line_target

SPELLING, ENCODED, SNI = "spelling", "encoded", "sni-decides"
CLASSES = [SPELLING, ENCODED, SNI]
# Backslashes; parameters; dots or blanks that end a segment; escapes of escapes; what only IIS decodes; overlong forms; control characters.
SPELLED = re.compile(r"\\|%(25)*5c|;|%(25)*3b|(\.|%(25)*2e|%(25)*20)(/|%(25)*2f|$)|%(25)+[0-9a-f]{2}|%u|%c[01]|%e0%[89]|%[01][0-9a-f]|%7f|#", re.I)


def command():
    found = os.environ.get("TMGPORT") or os.path.join(os.environ.get("top_builddir") or ".", "tmgport")
    if shutil.which(found) is None:
        raise Trouble("%s is not there: build it, or name it in TMGPORT" % found)
    return os.path.realpath(found) if os.sep in found else found


# ---- what is right --------------------------------------------------------------------------------------------------------------

def bracketed(address):
    return "[%s]" % address if ":" in address else address


def line_of(asked):
    url = "%s://%s%s" % ("https" if asked["tls"] else "http", asked["host"] or "", asked["target"])
    return "%s\t%s\t%s:%d\t%s\n" % (url, asked["from"], bracketed(asked["on"]), asked["port"], asked["method"])


def trace(path, requests, at, options):
    """The answers of trace, in the order of the requests."""
    argv = [command(), "trace", "-q", "-f", "json", "--at", at, *options, "--urls", "-", path]
    done = subprocess.run(argv, input="".join(map(line_of, requests)).encode("latin-1"), capture_output=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode > 1 or len(answers) != len(requests):
        raise Trouble("trace ended with %d and %d answers to %d requests: %s" % (done.returncode, len(answers), len(requests), done.stderr.decode(errors="replace")[:300]))
    return answers


def raw(text):
    """Text of JSON as the bytes that it stands for, one character each."""
    return text.encode().decode("latin-1")


def is_address(text):
    try:
        ipaddress.ip_address(text.strip("[]"))
        return True
    except ValueError:
        return False


def expected(answer, spec):
    """The fields that a proxy's answer must have; `server` is a list of those that may be."""
    want = {"decision": answer["decision"]}
    if answer["decision"] == "forward":
        named = answer["server"] if isinstance(answer["server"], list) else [answer["server"]]
        rule = next(r for r in spec["rules"] if r["guid"].lower() == answer["rule"]["guid"].lower())
        site = rule["site"] or rule["server"]
        want.update(server=[net.NAMES.get(s, s) for s in named], port=answer["port"], tls=answer["tls"],
                    sni=site if answer["tls"] and not is_address(site) else None, host=answer["host"], path=raw(answer["path"]),
                    credentials=rule["delegation"] == 0, challenge=rule["delegation"] == 0)
    elif answer["decision"] == "redirect":
        want.update(status=answer["status"], location=raw(answer["location"]))
    else:
        want.update(status=answer["status"])
    return want


def for_target(spec, manifest):
    """The export as this target carries it, or None when there is no difference: where it cannot express a schedule, the manifest says
    that the rule is closed at all hours, or open at all hours when that was asked for."""
    states = {r["guid"].lower(): r for r in manifest["rules"]}
    changed, rules = False, []
    for rule in spec["rules"]:
        state = states[rule["guid"].lower()]
        if rule["schedule"] and any("schedule" in json.dumps(reason) for reason in state["reasons"]):
            rule = dict(rule, schedule=None)
            if state["state"] == "closed":
                rule.update(deny=True, redirect=rule["redirect"] if rule["deny"] else None)
            changed = True
        rules.append(rule)
    return dict(spec, rules=rules) if changed else None


# ---- the classes ----------------------------------------------------------------------------------------------------------------

def encoded_prefix(path, spec, asked):
    """Does an escape stand in what a mapping of this endpoint's rules replaces?"""
    for rule in spec["rules"]:
        for external, internal in rule["paths"]:
            if external == internal:
                continue
            depth = external.rstrip("*").rstrip("/").count("/")
            parts = [p for p in path.split("/") if p]
            if "%" in "/".join(parts[:depth]):
                decoded = re.sub("/+", "/", urllib.parse.unquote(path, encoding="utf-8", errors="replace")).lower() + "/"
                if decoded.startswith(external.rstrip("*").rstrip("/").lower() + "/"):
                    return True
    return False


def class_of(asked, spec, streams):
    """The class of a request, or None; `streams` are the (address, port, client, SNI) that the target may carry as a stream."""
    path = asked["target"].partition("?")[0]
    if (asked["on"], asked["port"], asked["from"], asked["sni"]) in streams and (asked["host"] != asked["sni"] or asked["absolute"]):
        return SNI
    if SPELLED.search(path):
        return SPELLING
    if any(ord(c) > 127 for c in path) or encoded_prefix(path, spec, asked):
        return ENCODED
    return None


def probes(requests):
    """Requests that show which rule takes a SNI name as Host."""
    seen = {(r["on"], r["port"], r["from"], r["sni"]) for r in requests if r["tls"] and r["sni"]}
    return [{"on": on, "port": port, "tls": True, "from": client, "sni": sni, "host": sni, "target": "/", "method": "GET", "version": "HTTP/1.1", "absolute": False}
            for on, port, client, sni in sorted(seen)]


def streams_of(probed, answers, manifest):
    """{(address, port, client, SNI): trace's answer} of what may go through a stream."""
    named = {l["rule"] for l in manifest["losses"] if l["id"] == "sni-decides"}
    via = {r["guid"].lower() for r in manifest["rules"] if "stream" in (r.get("via") or "") or r["name"] in named or r["guid"] in named}
    return {(p["on"], p["port"], p["from"], p["sni"]): a for p, a in zip(probed, answers)
            if a["decision"] == "forward" and a["rule"]["guid"].lower() in via}


# ---- the comparison -------------------------------------------------------------------------------------------------------------

def differences(want, got):
    """The names of the fields that differ."""
    if want["decision"] != got["decision"]:
        return ["decision"]
    return [field for field, value in want.items() if (got[field] not in value if field == "server" else got[field] != value)]


def refused(got, kind, spec):
    """Did the target refuse? To a spelling that may mean a path that is denied, the answer of that denial is right as well."""
    return got["decision"] == "deny" or kind == SPELLING and got["decision"] == "redirect" and got["location"] in [r["redirect"] for r in spec["rules"]]


def judge(asked, want, got, kind, streams, spec):
    """The names of the fields that differ in a way that the request's class does not allow."""
    wrong = differences(want, got)
    carried = asked["tls"] and streams.get((asked["on"], asked["port"], asked["from"], asked["sni"]))
    if not wrong and got["decision"] == "forward" and got["forwarded"] != [asked["from"]] and not (carried and got["forwarded"] == [net.FORGED]):
        return ["forwarded"]
    if not wrong or kind is None:
        return wrong
    if kind == SNI:
        # What a stream does: the server of the SNI name, and every byte as it came. Else the rules decide, as with other requests.
        if carried and not differences(dict(carried["want"], host=asked["host"], path=line_target(asked)), got):
            return []
        kind = class_of(asked, spec, {})
    return [] if kind and refused(got, kind, spec) else wrong
