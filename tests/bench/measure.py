"""measure: running commands in turns, medians, ratios of pairs with their spread, bounds, the table.

It knows nothing of exports or proxies.
"""
import math
import os
import subprocess
import sys


class Trouble(Exception):
    """Something the user must be told; the text is the whole message."""


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def interval(values):
    """The narrowest pair of ranks that holds the median with 95 % at least; with fewer than 6 values: all of them."""
    ordered, n = sorted(values), len(values)
    rank = below = 0
    while True:
        below += math.comb(n, rank)  # of 2 to the n: the chance that the median lies below the value of this rank
        if 2 * below > 0.05 * 2 ** n:
            break
        rank += 1
    rank = max(rank - 1, 0)
    return ordered[rank], ordered[n - 1 - rank]


class Row:
    """One line of the table. values: what was measured, one a round. bound: ("<=" or ">=", number), or None: only told."""

    judged = True  # False for all: what is measured is too small for its bounds

    def __init__(self, part, what, values, unit="", bound=None):
        self.part, self.what, self.values, self.unit, self.bound = part, what, values, unit, bound
        self.value, (self.low, self.high) = median(values), interval(values)

    def met(self):
        """A bound is met if the interval reaches it."""
        if self.bound is None or not self.judged:
            return None
        return self.low <= self.bound[1] if self.bound[0] == "<=" else self.high >= self.bound[1]

    def cells(self):
        spread = "%s .. %s" % (number(self.low), number(self.high)) if len(self.values) > 1 else "-"
        return [self.part, self.what, number(self.value) + (" " + self.unit if self.unit else ""), spread, str(len(self.values)),
                "%s %s" % (self.bound[0], number(self.bound[1])) if self.bound else "-",
                {None: "too small" if self.bound else "-", True: "met", False: "NOT MET"}[self.met()]]


HEADINGS = ["part", "what", "median", "95 % interval", "rounds", "bound", "result"]


def number(value):
    if value == 0 or abs(value) >= 100:
        return "%.0f" % value
    return "%.3g" % value if abs(value) < 1 or value == int(value) else "%.2f" % value


def table(rows, markdown):
    cells = [HEADINGS] + [r.cells() for r in rows]
    if markdown:
        cells.insert(1, ["---"] * len(HEADINGS))
        return "\n".join("| " + " | ".join(c) + " |" for c in cells)
    wide = [max(len(c[i]) for c in cells) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, wide)).rstrip() for line in cells)


class Run:
    """What one run took: status, wall, cpu (seconds), peak (KiB)."""

    def __init__(self, line):
        status, wall, cpu, peak = line.split()
        self.status, self.wall, self.cpu, self.peak = int(status), float(wall), float(cpu), int(peak)


class Runner:
    """Runs commands through the program `measure`. tell: say on standard error how far it is."""

    def __init__(self, program, scratch, tell):
        self.program, self.scratch, self.tell = program, scratch, tell

    def once(self, argv, allowed=(0,)):
        output = os.path.join(self.scratch, "output")
        done = subprocess.run([self.program, output, *argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise Trouble(done.stderr.strip())
        run = Run(done.stdout)
        if run.status not in allowed:
            raise Trouble("%s: ended with status %d" % (" ".join(argv[:2]), run.status))
        return run

    def rounds(self, label, commands, count, after=None):
        """commands: name -> (argv, allowed statuses). All in turns, beginning with another one each round; one round before that
        does not count. Returns name -> list of runs. after(name) is called, outside the measurement, after every run."""
        names, found = list(commands), {name: [] for name in commands}
        for turn in range(-1, count):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                self.say("%s: round %d of %d: %s" % (label, max(turn + 1, 0), count, name))
                run = self.once(*commands[name])
                if after:
                    after(name)
                if turn >= 0:
                    found[name].append(run)
        return found

    def say(self, text):
        if self.tell:
            sys.stderr.write("\r\033[K" + text if sys.stderr.isatty() else text + "\n")
            sys.stderr.flush()


def ratios(over, under, field="cpu"):
    """Pair by pair."""
    return [getattr(a, field) / max(getattr(b, field), 1e-6) for a, b in zip(over, under)]
