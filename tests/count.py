#!/usr/bin/env python3
"""Counts the elements of XML files, for comparison with what inspect counts.

count.py [--charset NAME] FILE...

Prints one JSON object a line: {"file": ..., "elements": N, "by_name": {local name: n}}.
Every element counts, of whatever namespace. This is an independent second
opinion: it uses expat and must know nothing of the reader under test, nor of
what any element means. Exit status 1 when a file cannot be read.
"""
import codecs
import collections
import json
import re
import sys
import xml.parsers.expat
import zlib

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def unpack(data):
    """All members of a gzip file; a member that breaks off is an error."""
    out = []
    while data:
        d = zlib.decompressobj(31)
        out.append(d.decompress(data))
        if not d.eof:
            raise ValueError("compressed data ends too early")
        data = d.unused_data
    return b"".join(out)


def to_utf8(data, charset):
    """The file in UTF-8 without a mark: by mark, by option, by its first bytes, by declaration."""
    for bom, name in BOMS:
        if data.startswith(bom):
            return data[len(bom):].decode(name).encode("utf-8")
    if charset:
        return data.decode(charset).encode("utf-8")
    for name in ("utf-16-le", "utf-16-be"):
        if data.startswith("<?".encode(name)):
            return data.decode(name).encode("utf-8")
    m = re.match(rb"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)""", data)
    name = m.group(1).decode("ascii").lower() if m else "utf-8"
    # Text whose single bytes could be read this far is not UTF-16.
    if name in ("utf-8", "utf-16", "ucs-2", "iso-10646-ucs-2"):
        return data
    return data.decode(name).encode("utf-8")


def count(data, charset=None):
    if data.startswith(b"\x1f\x8b"):
        data = unpack(data)
    names = collections.Counter()
    parser = xml.parsers.expat.ParserCreate("utf-8", " ")

    def start(name, _attrs):
        names[name.rsplit(" ", 1)[-1]] += 1

    def doctype(*_args):
        raise ValueError("has a DOCTYPE")

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    parser.Parse(to_utf8(data, charset), True)
    return names


def main(args):
    charset = None
    if args[:1] == ["--charset"]:
        charset, args = args[1], args[2:]
    if not args:
        print("usage: count.py [--charset NAME] FILE...", file=sys.stderr)
        return 2
    worst = 0
    for name in args:
        try:
            with open(name, "rb") as f:
                names = count(f.read(), charset)
        except (OSError, ValueError, LookupError, zlib.error, xml.parsers.expat.ExpatError) as e:
            print("%s: %s" % (name, e), file=sys.stderr)
            worst = 1
            continue
        print(json.dumps({"file": name, "elements": sum(names.values()), "by_name": dict(sorted(names.items()))}))
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
