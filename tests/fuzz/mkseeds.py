#!/usr/bin/env python3
"""Makes what the fuzz targets begin with, out of the fixtures and the sources.

    tests/fuzz/mkseeds.py FOLDER

FOLDER/export/ and FOLDER/parts/ get the seeds (those of tests/fuzz/regress too),
FOLDER/export.dict and FOLDER/parts.dict the words: element names from the element
table, names and keys from the sources of the other readers. Same sources, same files.
"""
import glob
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# The first byte of an input of the target "parts", as in fuzz_parts.c.
HEX, BLOB, FILTER, TOPOLOGY, MORE_TOPOLOGY, LOG, CERTIFICATE = (bytes([i]) for i in range(7))


def read(path):
    with open(path, "rb") as f:
        return f.read()


def files(*pattern):
    return [p for p in sorted(glob.glob(os.path.join(TOP, *pattern), recursive=True)) if os.path.isfile(p)]


def put(folder, name, content):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(content)


def label(path):
    return os.path.relpath(path, TOP).replace("/", "-")


def exports(folder):
    made = 0
    for path in files("fixtures", "*.xml") + files("fixtures", "hostile", "*") + files("fixtures", "audit", "*.xml"):
        put(folder, label(path), read(path))
        made += 1
    # One case of each check of the audit.
    for path in files("fixtures", "audit", "*", "bad.sed"):
        case = os.path.join("%s" % os.path.basename(os.path.dirname(path)), "bad")
        work = os.path.join(folder, ".case")
        subprocess.run(["bash", os.path.join(TOP, "tests/audit/case"), case, work], check=True,
                       stdout=subprocess.DEVNULL)
        export = os.path.join(work, "export.xml")
        if os.path.exists(export):
            put(folder, "audit-%s.xml" % case.replace("/", "-"), read(export))
            made += 1
        for left in glob.glob(work + "/*"):
            os.remove(left)
        os.rmdir(work)
    return made


def blobs():
    """The vendor parameter sets of all fixtures: hex, each once."""
    found = {}
    for path in files("fixtures", "*.xml"):
        for text in re.findall(rb">([0-9A-Fa-f\s]{40,})<", read(path)):
            found.setdefault(b"".join(text.split()), None)
    return list(found)


def parts(folder):
    made = 0
    for i, text in enumerate(blobs()):
        put(folder, "hex-%d" % i, HEX + text)
        made += 1
        if len(text) % 2 == 0:
            data = bytes.fromhex(text.decode())
            put(folder, "blob-%d" % i, BLOB + data)
            made += 1
            at = data.find("<Conf".encode("utf-16-le"))
            if at >= 0:
                policy = data[at:].decode("utf-16-le", "ignore").split("\0")[0]
                put(folder, "filter-%d" % i, FILTER + policy.encode())
                made += 1
    for path in files("fixtures", "topology", "**") + files("fixtures", "audit", "*.json"):
        put(folder, label(path), TOPOLOGY + read(path))
        put(folder, "more-" + label(path), MORE_TOPOLOGY + read(path))
        made += 2
    for path in files("fixtures", "iislog", "**"):
        put(folder, label(path), LOG + read(path))
        made += 1
    for path in files("fixtures", "certs", "*"):
        put(folder, label(path), CERTIFICATE + read(path))
        made += 1
    return made


def regress(target, folder):
    made = 0
    for path in files("tests", "fuzz", "regress", target, "*"):
        put(folder, "regress-" + os.path.basename(path), read(path))
        made += 1
    return made


def words(pattern, expression):
    found = set()
    for path in files(*pattern):
        found.update(re.findall(expression, read(path).decode(), re.M))
    return found


def dictionary(path, entries):
    with open(path, "w", encoding="ascii") as f:
        for word in sorted(entries):
            f.write('"%s"\n' % "".join(c if c.isalnum() or c in " <>/{}-._=:" else "\\x%02X" % ord(c) for c in word))


def main():
    out = sys.argv[1]
    for target, make in (("export", exports), ("parts", parts)):
        folder = os.path.join(out, target)
        os.makedirs(folder, exist_ok=True)
        for left in glob.glob(folder + "/*"):
            os.remove(left)
        made = make(folder)
        print("%s: %d seeds, %d of them found by fuzzing" %
              (target, made + regress(target, folder), len(files("tests", "fuzz", "regress", target, "*"))))
    names = words(("src", "import", "fields.c"), r'^\t*(?:[A-Z]+)\([A-Z_]+, "([A-Za-z0-9]+)"')
    if len(names) < 100:
        sys.exit("only %d names in the element table" % len(names))
    guids = words(("src", "**", "*.def"), r'"(\{[0-9A-Fa-f-]{36}\})"')
    predefined = words(("src", "model", "predefined.def"), r'"(\{[0-9A-Fa-f-]{36}\})"')
    dictionary(os.path.join(out, "export.dict"), {"<%s>" % n for n in names} | {"</%s>" % n for n in names} |
               (predefined or guids))
    dictionary(os.path.join(out, "parts.dict"),
               words(("src", "import", "topology*.c"), r'"([A-Za-z][A-Za-z0-9._:-]{2,60})"') |
               words(("src", "import", "filter.c"), r'"([A-Za-z]{3,40})"') |
               words(("src", "import", "iislog.c"), r'"([A-Za-z/(-][A-Za-z0-9/()#:-]{2,40})"'))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
