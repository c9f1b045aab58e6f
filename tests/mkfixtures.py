#!/usr/bin/env python3
"""Writes fixtures that are better made than stored.

mkfixtures.py [--only encodings|hostile] OUTDIR [FIXTURE...]

OUTDIR/encodings/: every FIXTURE in other encodings and packings. Each means
the same as the fixture, line by line. A file whose bytes do not tell their
charset has its name in FILE.charset beside it.
OUTDIR/hostile/: files that must be refused: large, deep, cut off, made to
explode. Those that are cut are cut from the first FIXTURE.
Prints the path of each file. It must know nothing of the reader under test.
"""
import gzip
import os
import re
import sys
import zlib

HEAD = (b'<?xml version="1.0" encoding="UTF-8"?>\n<fpc4:Root xmlns:fpc4="http://schemas.microsoft.com/isa/config-4" '
        b'xmlns:dt="urn:schemas-microsoft-com:datatypes" StorageName="FPC" StorageType="0">')
TAIL = b"</fpc4:Root>\n"
MIB = 1 << 20


class Out:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def open(self, name):
        path = os.path.join(self.folder, name)
        print(path)
        return open(path, "wb")

    def put(self, name, data):
        with self.open(name) as f:
            f.write(data)


def pack(data):
    return gzip.compress(data, mtime=0)


def declare(text, name):
    """The text with another encoding in its declaration, on the same line; none if name is None."""
    text = re.sub(r"^<\?xml[^>]*\?>", "", text)
    return '<?xml version="1.0"%s?>' % (' encoding="%s"' % name if name else "") + text


def eight_bit(text, declared, codec):
    """What the codec lacks becomes a character reference; what lies in comments cannot, so it goes."""
    text = re.sub(r"<!--.*?-->", lambda m: m.group().encode(codec, "replace").decode(codec), text, flags=re.S)
    if not any(0xA0 <= ord(c) < 0x100 for c in text):
        # At least one byte beyond ASCII, or the file would prove nothing.
        text = re.sub(r"^<\?xml[^>]*\?>", lambda m: m.group() + "<!-- caf\u00e9 -->", text)
    return declare(text, declared).encode(codec, "xmlcharrefreplace")


def encodings(out, path):
    with open(path, "rb") as f:
        data = f.read()
    text = data.decode("utf-8")
    base = re.sub(r"\.xml$", "", os.path.basename(path))
    as16 = declare(text, "UTF-16")

    def put(kind, content, charset=None, end=".xml"):
        name = "%s.%s%s" % (base, kind, end)
        out.put(name, content)
        if charset:
            with open(os.path.join(out.folder, name + ".charset"), "w", encoding="ascii") as f:
                f.write(charset + "\n")

    put("utf-16le-bom", b"\xff\xfe" + as16.encode("utf-16-le"))
    put("utf-16be-bom", b"\xfe\xff" + as16.encode("utf-16-be"))
    put("utf-8-bom", b"\xef\xbb\xbf" + data)
    put("utf-16le", as16.encode("utf-16-le"))
    put("utf-16be", as16.encode("utf-16-be"))
    put("utf-16le-bom-says-utf-8", b"\xff\xfe" + declare(text, "UTF-8").encode("utf-16-le"))
    put("utf-16le-bom-says-nothing", b"\xff\xfe" + declare(text, None).encode("utf-16-le"))
    put("utf-8-says-utf-16", as16.encode("utf-8"))
    put("utf-8-bom-says-iso-8859-1", b"\xef\xbb\xbf" + declare(text, "ISO-8859-1").encode("utf-8"))
    put("utf-8-says-nothing", declare(text, None).encode("utf-8"))
    put("iso-8859-1", eight_bit(text, "ISO-8859-1", "latin-1"))
    put("windows-1252", eight_bit(text, "windows-1252", "cp1252"))
    put("windows-1252-says-utf-8", eight_bit(text, "UTF-8", "cp1252"), "windows-1252")
    put("crlf", data.replace(b"\n", b"\r\n"))
    put("packed", pack(data), end=".xml.gz")
    cut = len(data) // 3
    put("two-members", pack(data[:cut]) + pack(data[cut:]), end=".xml.gz")
    put("packed-without-the-ending", pack(data))
    put("utf-16le-bom-packed", pack(b"\xff\xfe" + as16.encode("utf-16-le")), end=".xml.gz")


def packed_run(out, name, before, unit, mib, after):
    """BEFORE, MIB mebibytes of UNIT and AFTER as gzip members, without ever holding it unpacked."""
    middle = pack(unit * (MIB // len(unit)))
    with out.open(name) as f:
        f.write(pack(before))
        for _ in range(mib):
            f.write(middle)
        f.write(pack(after))


def hostile(out, fixtures):
    with out.open("text-100mib.xml") as f:
        f.write(HEAD + b"<fpc4:Comment>")
        for _ in range(100):
            f.write(b"all work " * (MIB // 9))
        f.write(b"</fpc4:Comment>" + TAIL)
    n = 100000
    out.put("depth-100000.xml", HEAD + b"<fpc4:Arrays>" * n + b"</fpc4:Arrays>" * n + TAIL)
    for label, n in (("1000000", 1000000), ("300000", 300000)):
        with out.open("attributes-%s.xml" % label) as f:
            f.write(HEAD[:-1])
            for i in range(n):
                f.write(b' a%d="1"' % i)
            f.write(b">" + TAIL)
    with out.open("namespaces-100000.xml") as f:
        f.write(HEAD[:-1])
        for i in range(100000):
            f.write(b' xmlns:n%d="urn:n"' % i)
        f.write(b">" + TAIL)
    levels = b"".join(b'<!ENTITY e%d "%s">\n' % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, 12))
    out.put("entity-bomb.xml", b'<?xml version="1.0"?>\n<!DOCTYPE r [\n<!ENTITY e0 "lol">\n' + levels + b"]>\n" +
            HEAD.split(b"\n", 1)[1] + b"<fpc4:Comment>&e11;</fpc4:Comment>" + TAIL)
    flat = b"x" * 100000
    out.put("entity-bomb-flat.xml", b'<?xml version="1.0"?>\n<!DOCTYPE r [\n<!ENTITY e "' + flat + b'">\n]>\n' +
            HEAD.split(b"\n", 1)[1] + b"<fpc4:Comment>" + b"&e;" * 30000 + b"</fpc4:Comment>" + TAIL)
    out.put("bomb-one-member.xml.gz", pack(HEAD + b"<fpc4:Comment>" + b"zip " * (64 * MIB // 4) + b"</fpc4:Comment>" + TAIL))
    packed_run(out, "bomb-text.xml.gz", HEAD + b"<fpc4:Comment>", b"zip ", 512, b"</fpc4:Comment>" + TAIL)
    packed_run(out, "bomb-comment.xml.gz", HEAD + b"<!--", b"zip ", 512, b"-->" + TAIL)
    packed_run(out, "bomb-attribute.xml.gz", HEAD[:-1] + b' Note="', b"zip ", 512, b'">' + TAIL)
    packed_run(out, "bomb-name.xml.gz", HEAD + b"<fpc4:", b"zip-", 512, b"/>" + TAIL)
    out.put("garbage.xml.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + bytes((i * 7919 >> 3) & 255 for i in range(20000)))
    out.put("packed-nothing.xml.gz", pack(b""))
    out.put("packed-head-only.xml.gz", b"\x1f\x8b\x08")
    good = HEAD + b"<fpc4:Build>7.0.9193.500</fpc4:Build>" + TAIL
    out.put("packed-then-garbage.xml.gz", pack(good) + b"\x1f\x8b\x08 and now for something else")
    out.put("packed-twice.xml.gz.gz", pack(pack(good)))
    for path in fixtures[:1]:
        with open(path, "rb") as f:
            data = f.read()
        packed = pack(data)
        out.put("truncated.xml", data[:len(data) * 2 // 3])
        out.put("truncated.xml.gz", packed[:len(packed) * 2 // 3])
        out.put("truncated-in-second-member.xml.gz", pack(data[:1000]) + pack(data[1000:])[:-40])
        wide = b"\xff\xfe" + declare(data.decode("utf-8"), "UTF-16").encode("utf-16-le")
        out.put("truncated-utf-16.xml", wide[:len(wide) // 2 | 1])


def main(args):
    only = None
    if args[:1] == ["--only"]:
        only, args = args[1], args[2:]
    if not args or args[0].startswith("-") or only not in (None, "encodings", "hostile"):
        print("usage: mkfixtures.py [--only encodings|hostile] OUTDIR [FIXTURE...]", file=sys.stderr)
        return 2
    if only != "hostile":
        out = Out(os.path.join(args[0], "encodings"))
        for path in args[1:]:
            encodings(out, path)
    if only != "encodings":
        hostile(Out(os.path.join(args[0], "hostile")), args[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
