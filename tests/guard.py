#!/usr/bin/env python3
"""The guards against paths in disguise: the first expression lets ordinary paths through before the others are asked. It must
let nothing through that one of them refuses, and for HAProxy nothing that decoding changes.

    guard.py HTTP_CONF|HAPROXY_CFG

Takes the expressions out of a configuration and tries every path up to some length, made of the characters that matter. It
knows nothing of how they are written. Ends with 77 where python3 lacks possessive quantifiers (before 3.11).
"""
import itertools
import re
import sys

ALL = "aAf0259u-_./;%\\#? +~\x01\x7f\xc0\xe0\x80\xff"
FEW = "a2.%/;?-"
ORDINARY = ["/", "/app", "/app/", "/app/orders/view.aspx?id=1&x=../%5c", "/a-b/c_d/e.f.g", "/a./b"]
REFUSED = ["/app/../x", "/app/..", "/./x", "/...", "/a\\b", "/a%5cb", "/a/;b/c", "/%252e/", "/%u002e", "/a#b", "/\x01", "/..?a"]
NOT_HERE = ["/a#b", "/\x01", "/a/;b/c"]  # HAProxy refuses such requests itself, or need not


def nginx_expressions(text):
    """The one that lets through, and those that refuse what they match."""
    block = re.search(r"(?ms)^map \$request_uri \$tmg_bad_path \{(.*?)^\}", text)[1]
    found = re.findall(r'(?m)^\t"~(\*?)(.*)" ([01]);$', block)
    assert found[0][2] == "0" and found[-1][2] == "0" and len(found) >= 11, "the expressions are not in the order that is tested here"
    made = [re.compile(expression.replace(r"\z", r"\Z"), re.IGNORECASE * bool(caseless)) for caseless, expression, value in found]
    return made[0].search, [(e.pattern, e.search) for e, f in zip(made, found) if f[2] == "1"]


def haproxy_expressions(text):
    """The same of HAProxy, where all of the others must match."""
    short = re.search(r"(?m)^\thttp-request set-var\(txn\.tmg_path\) path,lower if \{ path -m reg -- '(.*)' \}$", text)[1]
    names = re.search(r"(?m)^\thttp-request deny deny_status 403 unless ordinary or ([a-z -]+)$", text)[1].split()
    others = dict(re.findall(r"(?m)^\tacl ([a-z-]+) path -m reg -i -- '(.*)'$", text))
    assert sorted(names) == sorted(others) and len(names) >= 4, "not all expressions are asked"
    made = [re.compile(e, re.IGNORECASE) for e in others.values()]
    return re.compile(short.replace(r"\z", r"\Z")).search, [(e.pattern, lambda path, e=e: not e.search(path.partition("?")[0])) for e in made] + [
        ("what decoding changes", lambda path: "%" in path or "//" in path)]


def paths():
    for length in range(4):
        yield from ("/" + "".join(p) for p in itertools.product(ALL, repeat=length))
    for length in range(4, 7):
        yield from ("/" + "".join(p) for p in itertools.product(FEW, repeat=length))


def main(path):
    if sys.version_info < (3, 11):
        return 77
    with open(path, encoding="utf-8") as file:
        text = file.read()
    haproxy = path.endswith(".cfg")
    short, others = (haproxy_expressions if haproxy else nginx_expressions)(text)
    for one in ORDINARY:
        assert short(one.partition("?")[0] if haproxy else one), "%r is not let through at once" % one
    for one in REFUSED:
        assert haproxy and one in NOT_HERE or any(refuse(one) for _, refuse in others), "%r is not refused" % one
    tried = through = 0
    for one in itertools.chain(paths(), REFUSED):
        tried += 1
        if short(one):
            through += 1
            wrong = [name for name, refuse in others if refuse(one)]
            assert not wrong, "%r is let through, and refused by %s" % (one, wrong[0])
    assert through > 1000, "hardly anything is let through"
    print("%d paths, %d let through" % (tried, through))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
