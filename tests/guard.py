#!/usr/bin/env python3
"""The guard of nginx against paths in disguise: its first expression lets ordinary paths through before the others are asked.
It must let nothing through that one of them refuses.

    guard.py HTTP_CONF

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


def expressions(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    block = re.search(r"(?ms)^map \$request_uri \$tmg_bad_path \{(.*?)^\}", text)[1]
    found = []
    for caseless, expression, value in re.findall(r'(?m)^\t"~(\*?)(.*)" ([01]);$', block):
        found.append((re.compile(expression.replace(r"\z", r"\Z"), re.IGNORECASE * bool(caseless)), value))
    return found


def paths():
    for length in range(4):
        yield from ("/" + "".join(p) for p in itertools.product(ALL, repeat=length))
    for length in range(4, 7):
        yield from ("/" + "".join(p) for p in itertools.product(FEW, repeat=length))


def main(path):
    if sys.version_info < (3, 11):
        return 77
    found = expressions(path)
    (short, value), others = found[0], [e for e, v in found if v == "1"]
    assert value == "0" and len(others) >= 9 and found[-1][1] == "0", "the expressions are not in the order that is tested here"
    for one in ORDINARY:
        assert short.search(one), "%r is not let through at once" % one
    for one in REFUSED:
        assert any(e.search(one) for e in others), "%r is not refused" % one
    tried = through = 0
    for one in itertools.chain(paths(), REFUSED):
        tried += 1
        if short.search(one):
            through += 1
            wrong = [e.pattern for e in others if e.search(one)]
            assert not wrong, "%r is let through, and refused by %s" % (one, wrong[0])
    assert through > 1000, "hardly anything is let through"
    print("%d paths, %d let through" % (tried, through))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
