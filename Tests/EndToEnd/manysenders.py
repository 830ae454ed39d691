# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Many senders at once: every message has a number of its own, and the numbers are counted in the mailboxes."""
import asyncio
import os
import re
import resource
import threading
import time
from collections import Counter
from pathlib import Path

from clients import imap, uids


class Peak:
    """The most memory that processes took together, by what the kernel counts once (PSS), in KiB."""

    def __init__(self, pids):
        self.pids, self.most, self.over = pids, 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.over.wait(0.5):
            self.most = max(self.most, self.now())

    def now(self):
        total = 0
        for pid in self.pids():
            try:
                for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
            except OSError:
                pass
        return total

    def __enter__(self):
        self.before = self.most = self.now()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.most = max(self.most, self.now())


class Senders:
    def __init__(self, port, addresses, connections, messages, octets, first=0):
        self.port, self.addresses, self.octets = port, addresses, octets
        self.connections, self.total = connections, first + messages
        self.next = first
        self.acknowledged = set()
        self.problems = []

    async def reply(self, reader):
        while True:
            line = await asyncio.wait_for(reader.readline(), 300)
            if line[3:4] != b"-":
                return line

    async def sender(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await self.reply(reader)
            writer.write(b"EHLO c.example\r\n")
            await self.reply(reader)
            while self.next < self.total:
                number, self.next = self.next, self.next + 1
                to = self.addresses[number % len(self.addresses)].encode()
                writer.write(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n" % to)
                answers = [await self.reply(reader) for _ in range(3)]
                if not answers[-1].startswith(b"354"):
                    self.problems.append((number, answers))
                    return
                text = b"Subject: n%d\r\n\r\n" % number
                line = b"x" * 76 + b"\r\n"
                writer.write(text + line * (self.octets // len(line)) + b".\r\n")
                await writer.drain()
                answer = await self.reply(reader)
                if answer.startswith(b"250"):
                    self.acknowledged.add(number)
                else:
                    self.problems.append((number, answer))
            writer.write(b"QUIT\r\n")
            await self.reply(reader)
        except (OSError, asyncio.TimeoutError) as error:
            self.problems.append(repr(error))
        finally:
            writer.close()

    async def all(self):
        await asyncio.gather(*(self.sender() for _ in range(self.connections)))

    def run(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
        begun = time.monotonic()
        asyncio.run(self.all())
        return time.monotonic() - begun


def numbers(server, address, password="secret"):
    """The numbers of the messages in a mailbox."""
    client = imap(server, address, password)
    found = []
    if uids(client):
        _, data = client.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        for part in data:
            if isinstance(part, tuple):
                found += [int(n) for n in re.findall(rb"Subject: n(\d+)", part[1])]
    client.logout()
    return found


class Mailboxes:
    """Martlet, as a server whose mailboxes are counted."""

    name = "Martlet"

    def __init__(self, server, count):
        self.server, self.port = server, server.port("smtp")
        self.addresses = [server.new_account() for _ in range(count)]

    def pids(self):
        return [self.server.process.pid, *self.server.workers().values()]

    def count(self):
        """What was acknowledged is in its mailbox, so that nothing has to be waited for: numbers() proves it."""
        return None

    def numbers(self):
        return Counter(number for address in self.addresses for number in numbers(self.server, address))


def one_round(target, connections, messages, octets, first=0):
    """Hands messages in and counts what is in the mailboxes; figures and faults."""
    before = target.count()
    senders = Senders(target.port, target.addresses, connections, messages, octets, first)
    begun = time.monotonic()
    with Peak(target.pids) as peak:
        accepted = senders.run()
        end = time.monotonic() + 600
        while before is not None and target.count() < before + len(senders.acknowledged):
            if time.monotonic() > end:
                break
            time.sleep(0.02)
        seconds = time.monotonic() - begun
    there = Counter({n: count for n, count in target.numbers().items() if first <= n < first + messages})
    return {
        "server": target.name, "connections": connections, "messages": messages, "octets each": octets,
        "acknowledged": len(senders.acknowledged), "seconds": round(seconds, 1),
        "accepted a second": round(len(senders.acknowledged) / accepted),
        "in mailboxes a second": round(len(senders.acknowledged) / seconds),
        "memory before, MiB": round(peak.before / 1024), "memory peak (PSS), MiB": round(peak.most / 1024),
        "different numbers in mailboxes": len(there),
        "lost": sorted(senders.acknowledged - set(there))[:10], "twice": [n for n, c in there.items() if c > 1][:10],
        "never acknowledged, and there": sorted(set(there) - senders.acknowledged)[:10],
        "problems": [str(p) for p in senders.problems[:10]], "load of the machine": os.getloadavg(),
    }


def is_good(found):
    """Whether everything was taken, and is there once."""
    return found["acknowledged"] == found["messages"] == found["different numbers in mailboxes"] and not (
        found["lost"] or found["twice"] or found["problems"])


def pairs(targets, count, connections, messages, octets):
    """Rounds of both in turns, each beginning every other pair; and what the first does beside the second."""
    found = {target.name: [] for target in targets}
    first = 0
    for number in range(count):
        for target in targets if number % 2 == 0 else reversed(targets):
            found[target.name].append(one_round(target, connections, messages, octets, first))
            yield found[target.name][-1]
            first += messages
    ours, theirs = ([row["in mailboxes a second"] for row in found[target.name]] for target in targets)
    ratios = sorted(a / max(b, 1) for a, b in zip(ours, theirs))
    yield {"ratio": round(ratios[len(ratios) // 2], 2), "from": round(ratios[0], 2), "to": round(ratios[-1], 2),
           "pairs": count, targets[0].name + ", a second": ours, targets[1].name + ", a second": theirs}
