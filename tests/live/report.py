"""report: prints test results in the form that all test scripts of the project share.

It knows nothing of proxies.
"""

import os


class Report:
    def __init__(self, kind):
        self.kind = kind
        self.passed = self.failed = self.skipped = 0

    def ok(self, name):
        self.passed += 1
        print("ok - %s" % name, flush=True)

    def no(self, name, why):
        self.failed += 1
        print("not ok - %s: %s" % (name, " / ".join(str(why).split("\n"))[:600]), flush=True)

    def check(self, name, right, why):
        """why is only looked at on failure; it may be a function."""
        if right:
            self.ok(name)
        else:
            self.no(name, why() if callable(why) else why)

    def missing(self, name, why):
        """What the test needs is not there: a failure when everything is required, else a visible skip."""
        if os.environ.get("TMGPORT_REQUIRE") == "1":
            self.no(name, why)
        else:
            self.skipped += 1
            print("skip - %s: %s" % (name, why), flush=True)

    def absorb(self, text):
        """The result lines of another run; what is no result line is shown as it is."""
        for line in text.splitlines():
            self.passed += line.startswith("ok - ")
            self.failed += line.startswith("not ok - ")
            self.skipped += line.startswith("skip - ")
            if not line.endswith(" skipped"):
                print(line, flush=True)

    def end(self):
        print("%s: %d passed, %d failed, %d skipped" % (self.kind, self.passed, self.failed, self.skipped), flush=True)
        if self.failed:
            return 1
        return 77 if self.skipped and not self.passed else 0
