# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Kills the transport again and again while mail goes through its queue to another server, and counts.

Knows nothing of the queue: it has a list of what was acknowledged, and a list of what arrived. A message that was
acknowledged must arrive. One may arrive twice only when the transport died after the other server had all of it, and
before the answer was on the transport's disk; the other server sees which messages those can be: those that it
answered shortly before a kill.
"""
import os
import random
import signal
import threading
import time
from collections import Counter

from clients import smtp
from messages import message
from server import Server, until
from sink import Sink

# How long before a kill a message may have been answered and still be in doubt at it.
WINDOW = 0.5


class TimedSink(Sink):
    """Notes when the end of each message came."""

    def __init__(self):
        self.times = {}
        super().__init__()

    def take(self, connection, lines, sender, recipients):
        taken = super().take(connection, lines, sender, recipients)
        now = time.monotonic()
        with self.lock:
            for recipient in recipients:
                self.times.setdefault(recipient, []).append(now)
        return taken


def send(server, number, stopping, acknowledged):
    """Submits message after message; notes those that were answered with 250."""
    made = 0
    while not stopping.is_set():
        made += 1
        name = f"m{number}-{made}@elsewhere.example"
        try:
            with smtp(server, "submissions") as client:
                client.login("alice@example.test", "secret1")
                text = message(f"{name}\r\n".encode()).replace(b"sender@example.org", b"alice@example.test")
                client.sendmail("alice@example.test", [name], text)
                acknowledged.append(name)
        except Exception:
            time.sleep(0.05)


def run(seconds, senders, pause=(0.3, 1.5), seed=None, most=None):
    """Loads and kills for so long, or so many times; what was found."""
    chance = random.Random(seed)
    sink = TimedSink()
    server = Server({
        "queue/retry": "200ms, 500ms", "queue/in-doubt-wait": "200ms", "queue/in-doubt-limit": "100",
        "queue/low-disk": "0", "outbound/security": "none",
        "outbound/smart-hosts": f"[127.0.0.1]:{sink.port}",
        "service/recovery": "restart 0s; reset 1s; breaker 1000",
    }).start()
    stopping, acknowledged, kills = threading.Event(), [], []
    threads = [threading.Thread(target=send, args=(server, n, stopping, acknowledged)) for n in range(senders)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while len(kills) < most if most else time.monotonic() < end:
        time.sleep(chance.uniform(*pause))
        pid = server.workers("transport").get("transport-1")
        if pid:
            kills.append(time.monotonic())
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                kills.pop()
    stopping.set()
    for thread in threads:
        thread.join()
    until(lambda: not server.cli("queue", "find", "--json").strip(), 60, "the queue to be empty")
    arrived = Counter(sink.recipients())
    lost = sorted(set(acknowledged) - set(arrived))
    doubled = []
    for name, count in arrived.items():
        # Each further copy needs a kill shortly after the copy before it.
        times = sorted(sink.times[name])
        for first in times[:count - 1]:
            if not any(first - 0.05 <= kill <= first + WINDOW for kill in kills):
                doubled.append(name)
    server.destroy()
    sink.stop()
    return {
        "acknowledged": len(acknowledged), "arrived": len(arrived), "copies": sum(arrived.values()),
        "kills": len(kills), "lost": lost, "doubled": doubled,
    }
