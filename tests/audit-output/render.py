"""Opens a page in headless Chromium and looks at it: what it loads, what it says on its
console, whether anything lies outside its place, whether the keyboard gets to the
findings, light and dark. Leaves screenshots in a folder. Prints what is wrong.

  render.py CHROMIUM PAGE FOLDER
"""

import base64
import json
import os
import select
import subprocess
import sys
import tempfile
import time

wrong = []
LIMIT = 60

OUTSIDE_BOXES = """(() => { let n = 0; for (const g of document.querySelectorAll('svg g')) {
  const r = g.querySelector(':scope > rect'); if (!r) continue; const q = r.getBBox();
  for (const t of g.querySelectorAll(':scope > text')) { const b = t.getBBox();
    if (b.x < q.x || b.x + b.width > q.x + q.width + 1) n++; } } return n })()"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
GROUND = "getComputedStyle(document.body).backgroundColor"


class Browser:
    """The protocol of the developer tools over two pipes: messages end in NUL."""

    def __init__(self, program, profile):
        to_read, self.out = os.pipe()
        self.inn, to_write = os.pipe()
        args = [program, "--headless", "--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-dev-shm-usage",
                "--remote-debugging-pipe", "--user-data-dir=" + profile]
        args += os.environ.get("CHROMIUM_FLAGS", "").split()
        self.child = subprocess.Popen(
            ["bash", "-c", 'exec "${@:3}" 3<&"$1" 4>&"$2"', "chromium", str(to_read), str(to_write), *args],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        self.until = time.monotonic() + LIMIT

    def message(self):
        while b"\0" not in self.buffer:
            ready = select.select([self.inn], [], [], max(0, self.until - time.monotonic()))[0]
            piece = os.read(self.inn, 1 << 16) if ready else b""
            if not piece:
                raise OSError("the browser does not answer")
            self.buffer += piece
        one, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, **params):
        self.number += 1
        ask = {"id": self.number, "method": method, "params": params}
        if self.session:
            ask["sessionId"] = self.session
        os.write(self.out, json.dumps(ask).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                return answer.get("result", {})
            self.events.append(answer)

    def value(self, script):
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def load(self, page):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(domain + ".enable")
        self.call("Page.navigate", url="file://" + page)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self.message())

    def shot(self, path, width, scheme):
        height = min(self.value("document.documentElement.scrollHeight"), 8000)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png").get("data", ""))
        if len(data) < 5000:
            wrong.append("%s: the picture is empty" % os.path.basename(path))
        with open(path, "wb") as f:
            f.write(data)

    def tab(self):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)


def look(b, page, folder):
    b.load(page)
    grounds = []
    for width, scheme in ((1300, "light"), (1300, "dark"), (420, "light")):
        b.shot(os.path.join(folder, "%s-%d.png" % (scheme, width)), width, scheme)
        grounds.append(b.value(GROUND))
        if b.value(OVERFLOW) > 0:
            wrong.append("%d columns of pixels: the page is wider than its window" % width)
    if grounds[0] == grounds[1]:
        wrong.append("dark is as light: %s" % grounds[0])
    if b.value(OUTSIDE_BOXES) != 0:
        wrong.append("%s labels of the picture reach out of their boxes" % b.value(OUTSIDE_BOXES))
    b.tab()
    if b.value("document.activeElement.getAttribute('href')") != "#findings":
        wrong.append("the first stop of the keyboard is not the skip link")
    if b.value("getComputedStyle(document.activeElement).outlineStyle") == "none":
        wrong.append("the focus cannot be seen")
    for e in b.events:
        url = e.get("params", {}).get("request", {}).get("url")
        if e.get("method") == "Network.requestWillBeSent" and url != "file://" + page:
            wrong.append("the page loads %s" % url)
        if e.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            wrong.append("the console says %s" % json.dumps(e["params"])[:200])


def main(program, page, folder):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        b = Browser(program, profile)
        try:
            look(b, os.path.abspath(page), folder)
        except (OSError, KeyError, TypeError) as e:
            wrong.append("%s: %s" % (type(e).__name__, e))
        finally:
            b.child.kill()
            b.child.wait()
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
