"""limits: a listener takes no more at once than its number of connections, on all of its ports together, and takes others again afterwards.

HAProxy counts connections and cuts off the one that is too many, as the product does. nginx counts requests in work and answers 503;
where the port belongs to a stream it counts connections, too.
"""

import os
import threading
import time

import client
import requests
import world as live

EXPORT = os.path.join(live.TOP, "fixtures", "connection-limit.xml")
TWO, THREE, FREE = "203.0.113.10", "203.0.113.11", "203.0.113.12"
WWW, DIRECT = "www.contoso.com", "direct.contoso.com"
SLOW = 2  # seconds that a server works on a request


class Limits:
    def __init__(self, world, proxy, report):
        self.world, self.proxy, self.report = world, proxy, report

    def check(self, name, right, why):
        self.report.check("%s: connection limit: %s" % (self.proxy.target, name), right, why)

    def ask(self, address, port, host):
        return client.ask(self.world, address, port, client.request("/", host), sni=host)

    def settle(self, address, port, host):
        """Until what was closed is no longer counted."""
        end = time.monotonic() + 5
        answer = self.ask(address, port, host)
        while answer.status != 200 and time.monotonic() < end:
            time.sleep(0.05)
            answer = self.ask(address, port, host)
        return answer

    def connections(self, name, address, ports, host):
        """As many connections as are allowed, one too many, and one when another has gone."""
        opened = []
        try:
            for port in ports:
                opened.append(client.Connection(self.world, address, port, sni=host))
                answer = opened[-1].ask(client.request("/", host))
                self.check("%s: connection %d is taken" % (name, len(opened)), answer.status == 200, answer)
            for port in sorted(set(ports)):
                answer = self.ask(address, port, host)
                self.check("%s: one more, on port %d, is cut off" % (name, port), answer.status == 0, answer)
            opened.pop().close()
            answer = self.settle(address, ports[0], host)
            self.check("%s: one that takes the place of another is taken" % name, answer.status == 200, answer)
        finally:
            for connection in opened:
                connection.close()

    def requests(self, name, address, ports, host):
        """The same with requests in work."""
        answers = []
        self.world.settings.delay = SLOW
        threads = [threading.Thread(target=lambda port=port: answers.append(self.ask(address, port, host))) for port in ports]
        for thread in threads:
            thread.start()
        time.sleep(SLOW / 4)
        for port in sorted(set(ports)):
            answer = self.ask(address, port, host)
            self.check("%s: one more, on port %d, gets 503" % (name, port), answer.status == 503 and answer.seen() is None, answer)
        for thread in threads:
            thread.join()
        self.world.settings.delay = 0
        self.check("%s: the others are answered" % name, [a.status for a in answers] == [200] * len(ports), lambda: " / ".join(map(str, answers)))
        answer = self.ask(address, ports[0], host)
        self.check("%s: and later ones" % name, answer.status == 200, answer)

    def unlimited(self):
        opened = [client.Connection(self.world, FREE, 80) for _ in range(6)]
        answers = [one.ask(client.request("/", "free.contoso.com")).status for one in opened]
        for one in opened:
            one.close()
        self.check("0 is no limit", answers == [200] * 6, answers)

    def run(self):
        way = self.connections if self.proxy.target == "haproxy" else self.requests
        way("two on two ports", TWO, [80, 443], WWW)
        self.connections("three on one port, a stream in nginx", THREE, [443] * 3, DIRECT)
        self.unlimited()
        self.check("still running", not self.proxy.trouble(), self.proxy.trouble)


def run_one(world, report, target, output):
    with live.Proxy(world, target, os.path.join(output, target)) as proxy:
        # The connections that found out whether it listens are gone a moment later.
        Limits(world, proxy, report).settle(THREE, 443, DIRECT)
        Limits(world, proxy, report).run()


def run(world, report, attempt):
    if not requests.targets():
        return
    output = requests.convert(EXPORT, [], live.World.DIRECTORY + "/limits")
    for target in requests.targets():
        attempt(report, "%s: connection limit" % target, run_one, world, report, target, output)
        world.reset()
