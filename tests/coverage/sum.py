"""Sums up what gcc's counters say: for each file of src/ how many of its lines
ran at least once in any of the programs. Asks gcov itself (its JSON form); a line
that several programs were built from counts once. What runs, and how it was
built, is for tools/coverage.

    sum.py BUILD TOP [--at-least PERCENT] [--file src/x.c]...

Without --file: a line a file, the worst first, and then the sum. With it: the
lines of these files that never ran, with their text.
"""
import argparse
import json
import os
import signal
import subprocess
import sys


def notes_below(build):
    for folder, folders, names in os.walk(build):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".gcno"):
                yield os.path.join(folder, name)


def records(build, notes):
    """The "files" of every answer of gcov, which prints one a line."""
    for at in range(0, len(notes), 40):
        asked = subprocess.run(["gcov", "--json-format", "--stdout", "--"] + notes[at:at + 40],
                               cwd=build, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if asked.returncode != 0:
            sys.exit("coverage: gcov: " + asked.stderr.decode(errors="replace").strip()[:300])
        for line in asked.stdout.decode().splitlines():
            if line.startswith("{"):
                unit = json.loads(line)
                for one in unit["files"]:
                    path = os.path.join(unit["current_working_directory"], one["file"])
                    yield os.path.realpath(path), one["lines"]


def count(build, top):
    """{file of src: {line: runs}}"""
    seen = {}
    root = os.path.join(os.path.realpath(top), "")
    for path, lines in records(build, list(notes_below(build))):
        if not path.startswith(root + "src/"):
            continue
        file = seen.setdefault(path[len(root):], {})
        for line in lines:
            number = line["line_number"]
            file[number] = file.get(number, 0) + line["count"]
    return seen


def percent(part, whole):
    """Rounded down: 100.0 is said of nothing less."""
    return "%d.%d" % divmod(1000 * part // whole if whole else 1000, 10)


def table(seen):
    rows = sorted((sum(1 for n in lines.values() if n) / max(len(lines), 1), name) for name, lines in seen.items())
    for _, name in rows:
        lines = seen[name]
        hit = sum(1 for n in lines.values() if n)
        print("%6s %%  %5d of %5d  %s" % (percent(hit, len(lines)), hit, len(lines), name))


def missing(seen, top, name):
    name = os.path.relpath(os.path.join(top, name), top)
    if name not in seen:
        sys.exit("coverage: %s: no code of it was built" % name)
    lines = seen[name]
    with open(os.path.join(top, name), encoding="utf-8") as f:
        text = f.read().split("\n")
    for number in sorted(n for n, runs in lines.items() if runs == 0):
        print("%s:%d: %s" % (name, number, text[number - 1].replace("\t", "    ")))
    hit = sum(1 for n in lines.values() if n)
    print("%s: %d of %d lines, %s %%" % (name, hit, len(lines), percent(hit, len(lines))))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("build")
    ap.add_argument("top")
    ap.add_argument("--at-least", type=float, default=0)
    ap.add_argument("--file", action="append", default=[])
    a = ap.parse_args()
    seen = count(os.path.realpath(a.build), a.top)
    hit = sum(1 for lines in seen.values() for n in lines.values() if n)
    whole = sum(len(lines) for lines in seen.values())
    if hit == 0:
        sys.exit("coverage: no line of src ran in %s" % a.build)
    if a.file:
        for name in a.file:
            missing(seen, a.top, name)
        return 0
    table(seen)
    print("coverage: %d of %d lines, %s %%" % (hit, whole, percent(hit, whole)))
    if 100 * hit < a.at_least * whole:
        print("coverage: less than the %g %% that are asked for" % a.at_least)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no accident
    sys.exit(main())
