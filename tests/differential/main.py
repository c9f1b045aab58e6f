#!/usr/bin/env python3
"""main: the same requests to `tmgport trace`, a real nginx and a real HAProxy, for exports made at random; the answers must agree.

    main.py [--seconds N] [--seed S] [--target nginx|haproxy] [--exports N] [--export I] [--requests N] [--jobs N] [--keep DIR] [--test]

The parent starts workers in namespaces of their own and adds up what they print as JSON lines; a worker takes exports in turn.
"""

import argparse
import datetime
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(1, os.path.join(os.path.dirname(HERE), "live"))

import asking  # noqa: E402
import export  # noqa: E402
import shrink  # noqa: E402
import verdict  # noqa: E402
import wire  # noqa: E402
import report as results  # noqa: E402

live = wire.live
TARGETS = ["nginx", "haproxy"]
SHRUNK = 4  # mismatches that a worker makes small; the others are only counted
PR_SET_PDEATHSIG = 1


class Clock:
    """A local time for one export: the hour is chosen, always half past, so that no run crosses the edge of an hour."""

    def __init__(self, hour):
        now = datetime.datetime.now(datetime.timezone.utc)
        delta = (hour * 60 + 30 - now.hour * 60 - now.minute + 720) % 1440 - 720
        self.local = now + datetime.timedelta(minutes=delta)
        self.weekday, self.hour = (self.local.weekday() + 1) % 7, hour
        self.at = self.local.strftime("%Y-%m-%dT%H:%M")
        # POSIX counts west of Greenwich.
        self.zone = "TST%s%d:%02d" % ("-" if delta >= 0 else "+", abs(delta) // 60, abs(delta) % 60)


class Judgement:
    """One export, its requests, and what everybody says of them."""

    def __init__(self, world, spec, requests, clock, targets):
        self.world, self.spec, self.requests, self.clock = world, spec, requests, clock
        self.folder = world.DIRECTORY + "/case"
        os.makedirs(self.folder, exist_ok=True)
        self.path = self.write("export.xml", spec)
        status, self.said = live.convert(self.path, spec["options"], self.folder + "/out")
        if status not in (0, 1):
            raise wire.Trouble("convert ended with %d: %s" % (status, self.said or "nothing said"))
        self.probes = verdict.probes(requests)
        self.plain = verdict.trace(self.path, requests + self.probes, clock.at, spec["options"])
        self.outcomes = {target: self.play(target) for target in targets}

    def write(self, name, spec):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(export.text(spec))
        return path

    def play(self, target):
        """[(request, trace's answer, wanted, got, class, fields that differ)]"""
        manifest = live.try_config.load_manifest(os.path.join(self.folder, "out", target))
        traced, spec = self.plain, verdict.for_target(self.spec, manifest)
        if spec:
            traced = verdict.trace(self.write("export-%s.xml" % target, spec), self.requests + self.probes, self.clock.at, self.spec["options"])
        spec = self.spec
        streams = verdict.streams_of(self.probes, traced[len(self.requests):], manifest) if target == "nginx" else {}
        for answer in streams.values():
            answer["want"] = verdict.expected(answer, spec)
        with wire.Proxy(self.world, target, os.path.join(self.folder, "out", target), self.clock.zone) as proxy:
            got = wire.ask_all(self.world, self.requests)
            trouble = proxy.trouble()
        if trouble:
            raise wire.Trouble("%s %s" % (target, trouble))
        found = []
        for asked, answer, had in zip(self.requests, traced, got):
            want, kind = verdict.expected(answer, spec), verdict.class_of(asked, spec, streams)
            found.append((asked, answer, want, had, kind, verdict.judge(asked, want, had, kind, streams, spec)))
        return found


def show_request(asked):
    sni = " (SNI %s)" % asked["sni"] if asked["tls"] else ""
    return "%s %s %s, Host %s, to %s:%d%s%s, from %s" % (asked["method"], json.dumps(wire.line_target(asked)), asked["version"], asked["host"], asked["on"], asked["port"],
                                                         " TLS" if asked["tls"] else "", sni, asked["from"])


def show_answer(answer):
    keep = ("decision", "status", "server", "port", "tls", "sni", "host", "path", "location", "forwarded", "credentials", "challenge")
    return ", ".join("%s %s" % (k, json.dumps(answer[k])) for k in keep if answer.get(k) is not None)


class Worker:
    def __init__(self, options):
        self.options = options
        self.targets = [options.target] if options.target else TARGETS
        self.world = wire.Network()
        self.shown = set()

    @staticmethod
    def say(**what):
        print(json.dumps(what), flush=True)

    def one(self, number):
        """Did all agree?"""
        rng = random.Random("%s:%d" % (self.options.seed, number))
        clock = Clock(rng.randrange(24))
        spec = export.make(rng, clock.weekday, clock.hour)
        requests = asking.make(rng, spec, self.options.requests)
        try:
            judged = Judgement(self.world, spec, requests, clock, self.targets)
        except (wire.Trouble, OSError) as trouble:
            self.say(trouble=str(trouble), export=number, case=self.smallest_trouble(spec, requests, clock, str(trouble)))
            return False
        for target in self.targets:
            self.count(number, target, judged)
        return not any(o[5] for outcomes in judged.outcomes.values() for o in outcomes)

    def count(self, number, target, judged):
        outcomes = judged.outcomes[target]
        wrong = [o for o in outcomes if o[5]]
        decisions, classes = {}, dict.fromkeys(verdict.CLASSES, 0)
        for _, _, want, _, kind, _ in outcomes:
            decisions[want["decision"]] = decisions.get(want["decision"], 0) + 1
            if kind:
                classes[kind] += 1
        self.say(export=number, target=target, requests=len(outcomes), wrong=len(wrong), classes=classes, decisions=decisions)
        for asked, answer, want, had, _, fields in wrong:
            signature = (target, want["decision"], had["decision"] if want["decision"] != had["decision"] else "", tuple(fields))
            if signature in self.shown or len(self.shown) >= SHRUNK or self.options.stop:
                continue
            self.shown.add(signature)
            self.say(export=number, mismatch=self.smallest(judged, target, asked, fields))

    def retry(self, spec, asked, clock):
        """{target: outcome} of one request for another export; {} when that cannot be had."""
        try:
            outcomes = Judgement(self.world, spec, [asked], clock, self.targets).outcomes
            return {target: found[0] for target, found in outcomes.items()}
        except (wire.Trouble, OSError, StopIteration, KeyError):
            return {}

    @staticmethod
    def essence(outcomes):
        """What must stay the same of a mismatch: who differs, in what, and which decisions."""
        return {target: (o[2]["decision"], o[3]["decision"], o[5]) for target, o in outcomes.items()}

    def smallest(self, judged, target, asked, fields):
        clock = Clock(judged.clock.hour)

        wanted = self.essence({name: next(o for o in outcomes if o[0] is asked) for name, outcomes in judged.outcomes.items()})

        def still(spec):
            return self.essence(self.retry(spec, asked, clock)) == wanted
        small = shrink.shrink(judged.spec, still) if still(judged.spec) else judged.spec
        answers = {}
        for name, outcome in self.retry(small, asked, clock).items():
            answers[name] = show_answer(outcome[3]) + (" [class %s]" % outcome[4] if outcome[4] else "")
            if name == target:
                answers["trace"] = show_answer(outcome[2]) + " by %s" % ((outcome[1]["rule"] or {}).get("name", "no rule"))
        return {"target": target, "fields": fields, "request": show_request(asked), "answers": answers, "at": clock.at, "options": small["options"],
                "rules": [describe(r) for r in sorted(small["rules"], key=lambda r: r["order"])], "xml": export.text(small)}

    def smallest_trouble(self, spec, requests, clock, said):
        """An export that a proxy or the command does not take at all, made small."""
        if len(self.shown) >= SHRUNK or said[:40] in self.shown or self.options.stop:
            return None
        self.shown.add(said[:40])

        def still(smaller):
            try:
                Judgement(self.world, smaller, requests[:1], clock, self.targets)
            except (wire.Trouble, OSError) as trouble:
                return str(trouble)[:40] == said[:40]
            except (StopIteration, KeyError):
                return False
            return False
        small = shrink.shrink(spec, still) if still(spec) else spec
        return {"options": small["options"], "rules": [describe(r) for r in sorted(small["rules"], key=lambda r: r["order"])], "xml": export.text(small)}

    def run(self):
        number = self.options.first
        end = time.monotonic() + self.options.seconds
        if self.options.export is not None:
            self.one(self.options.export)
            return
        while number < self.options.exports or time.monotonic() < end:
            if self.options.exports and not self.options.seconds and number >= self.options.exports:
                break
            if not self.one(number) and self.options.stop:
                break
            number += self.options.jobs


def describe(rule):
    """A rule in one line, what is usual left out."""
    usual = dict(shrink.PLAIN, enabled=True, deny=False, all_names=False, server=None, sources=None)
    left = ["%s=%s" % (k, json.dumps(v)) for k, v in rule.items() if k not in ("name", "guid", "order") and not (k in usual and usual[k] == v)]
    return "%s (order %d): %s" % (rule["name"], rule["order"], " ".join(left))


# ---- the parent -----------------------------------------------------------------------------------------------------------------

class Tally:
    def __init__(self, options):
        self.options, self.exports = options, set()
        self.targets = {t: {"requests": 0, "wrong": 0, "classes": dict.fromkeys(verdict.CLASSES, 0), "decisions": {}} for t in ([options.target] if options.target else TARGETS)}
        self.troubles, self.shown, self.broken = 0, 0, []

    def take(self, said):
        if "trouble" in said:
            self.troubles += 1
            print("TROUBLE in export %d: %s" % (said["export"], said["trouble"]), flush=True)
            if said["case"]:
                self.show_case(said["case"], "trouble-%d" % said["export"])
        elif "mismatch" in said:
            self.show(said["export"], said["mismatch"])
        else:
            self.exports.add(said["export"])
            sums = self.targets[said["target"]]
            sums["requests"] += said["requests"]
            sums["wrong"] += said["wrong"]
            for name in "classes", "decisions":
                for key, value in said[name].items():
                    sums[name][key] = sums[name].get(key, 0) + value
            if said["wrong"]:
                print("# export %d: %s answers %d of %d requests otherwise than trace" % (said["export"], said["target"], said["wrong"], said["requests"]), flush=True)

    def show(self, number, case):
        print("MISMATCH in export %d: %s, %s" % (number, case["target"], ", ".join(case["fields"])))
        print("    request: %s, at %s" % (case["request"], case["at"]))
        for name in "trace", "nginx", "haproxy":
            print("    %-8s %s" % (name, case["answers"].get(name, "-")))
        self.show_case(case, "mismatch-%d-%s" % (number, case["target"]))

    def show_case(self, case, name):
        for rule in case["rules"]:
            print("    rule     %s" % rule)
        if case["options"]:
            print("    options  %s" % " ".join(case["options"]))
        if self.options.keep:
            path = os.path.join(self.options.keep, "%s-%d.xml" % (name, self.shown))
            with open(path, "w", encoding="utf-8") as file:
                file.write(case["xml"])
            print("    export   %s" % path)
        else:
            print("    export:\n" + "\n".join("\t" + line for line in case["xml"].splitlines()))
        self.shown += 1
        sys.stdout.flush()

    def end(self, seconds):
        print("seed %s: %d exports in %d seconds" % (self.options.seed, len(self.exports), seconds))
        for target, sums in self.targets.items():
            special = sum(sums["classes"].values())
            print("%s: %d requests (%s), %d mismatches; %d in classes of their own (%s), %.1f%%" % (
                target, sums["requests"], ", ".join("%s %d" % pair for pair in sorted(sums["decisions"].items())), sums["wrong"], special,
                ", ".join("%s %d" % pair for pair in sums["classes"].items()), 100.0 * special / max(1, sums["requests"])))
        bad = bool(self.troubles or self.broken or not self.exports)
        for text in self.broken:
            print("TROUBLE: " + text)
        for sums in self.targets.values():
            bad = bad or sums["wrong"] or sum(sums["classes"].values()) * 10 > sums["requests"]
        return 1 if bad else 0

    def test(self):
        """The same as result lines of a test script."""
        report = results.Report("differential")
        report.check("exports were made and every one of them was answered by trace and all targets", self.exports and not self.troubles and not self.broken,
                     "; ".join(self.broken) or "%d of %d in trouble" % (self.troubles, self.troubles + len(self.exports)))
        for target, sums in self.targets.items():
            report.check("%s: %d requests for %d exports, answered as trace says" % (target, sums["requests"], len(self.exports)), sums["requests"] and not sums["wrong"],
                         "%d answered otherwise (seed %s)" % (sums["wrong"], self.options.seed))
            special = sum(sums["classes"].values())
            report.check("%s: at most a tenth of the requests is in classes of their own" % target, special * 10 <= sums["requests"], "%d of %d" % (special, sums["requests"]))
            for decision in "forward", "redirect", "deny":
                report.check("%s: requests that %s were among them" % (target, decision), sums["decisions"].get(decision, 0) > 0, "none was")
        return report.end()


def parse(arguments):
    parser = argparse.ArgumentParser(prog="differential", description="The same requests to trace, nginx and HAProxy, for exports made at random.")
    parser.add_argument("--seconds", type=int, default=None, help="how long (default 600; 0: only --exports)")
    parser.add_argument("--seed", default=None, help="where chance begins (default: another one each time; it is printed)")
    parser.add_argument("--target", choices=TARGETS)
    parser.add_argument("--exports", type=int, default=0, help="at least so many exports; with --seconds 0 exactly so many")
    parser.add_argument("--export", type=int, default=None, help="this one only")
    parser.add_argument("--requests", type=int, default=560, help="requests for each export and target")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--keep", metavar="DIR", help="write the exports of mismatches there")
    parser.add_argument("--stop", action="store_true", help="end at the first mismatch, and do not make it small")
    parser.add_argument("--test", action="store_true", help="print result lines as tests do")
    parser.add_argument("--first", type=int, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.seconds is None:
        options.seconds = 600
    if options.seed is None:
        options.seed = str(random.SystemRandom().randrange(1 << 32))
    if options.export is not None:
        options.jobs = 1
    return options


def start(options, number):
    arguments = ["--seconds", str(options.seconds), "--seed", options.seed, "--exports", str(options.exports), "--requests", str(options.requests),
                 "--jobs", str(options.jobs), "--first", str(number)]
    arguments += ["--target", options.target] if options.target else []
    arguments += ["--stop"] if options.stop else []
    arguments += ["--export", str(options.export)] if options.export is not None else []
    inside = live.enter("main.py", arguments)
    inside[inside.index(os.path.join(live.HERE, "main.py"))] = os.path.realpath(__file__)
    return subprocess.Popen(inside, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                            preexec_fn=lambda: live.try_config.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))


def parent(options):
    import threading
    begun, tally = time.monotonic(), Tally(options)
    print("seed %s" % options.seed, flush=True)
    missing = [t for t in tally.targets if live.try_config.program_version(t) is None]
    if missing:
        raise wire.Trouble("%s is not installed" % ", ".join(missing))
    verdict.command()
    running, lock = [start(options, n) for n in range(options.jobs)], threading.Lock()

    def listen(process):
        for line in process.stdout:
            with lock:
                tally.take(json.loads(line))
        if process.wait() != 0:
            tally.broken.append("a worker ended with %d" % process.returncode)
    threads = [threading.Thread(target=listen, args=(p,)) for p in running]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    status = tally.end(time.monotonic() - begun)
    return tally.test() if options.test else status


def main(arguments):
    options = parse(arguments)
    try:
        if os.environ.get(live.INSIDE) == "1":
            Worker(options).run()
            return 0
        return parent(options)
    except wire.Trouble as trouble:
        if options.test:
            report = results.Report("differential")
            report.missing("differential", trouble)
            return report.end()
        print("differential: %s" % trouble, file=sys.stderr)
        return 1


if __name__ == "__main__":
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    os.environ["LC_ALL"] = "C.UTF-8"
    sys.exit(main(sys.argv[1:]))
