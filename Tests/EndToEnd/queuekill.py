# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Kills the transport again and again while mail goes through its queue to another server, and counts.

Knows nothing of the queue: it has a list of what was acknowledged, and a list of what arrived. A message that was
acknowledged must arrive. One may arrive twice only when the transport died after it had begun to send it, and before
its ledger had the answer (repeats.py).
"""
import os
import random
import signal
import threading
import time
from collections import Counter

from clients import smtp
from messages import message
from repeats import DELIVERED, Kill, judge
from server import Server, until
from sink import Sink


def kill(server, kills):
    """Ends the transport, and notes when; not when it is the one of before, whose end nobody has seen yet."""
    pid = server.workers("transport").get("transport-1")
    if not pid or any(killed.pid == pid for killed in kills):
        return
    before = time.time()
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    kills.append(Kill(pid, before, time.time()))


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
    sink = Sink()
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
        kill(server, kills)
    stopping.set()
    for thread in threads:
        thread.join()
    until(lambda: not server.cli("queue", "find", "--json").strip(), 60, "the queue to be empty")
    arrived = Counter(sink.recipients())
    lost = sorted(set(acknowledged) - set(arrived))
    doubled, longest = judge(sink.copies, kills, server.events(DELIVERED, last=100_000))
    server.destroy()
    sink.stop()
    return {
        "acknowledged": len(acknowledged), "arrived": len(arrived), "copies": sum(arrived.values()),
        "kills": len(kills), "lost": lost, "doubled": doubled, "longest until the ledger had it": round(longest, 3),
    }
