# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What sessions notice of deliveries to somebody else's mailbox (script/measure neighbours)."""
import collections
import multiprocessing
import os
import random
import socket
import statistics
import threading
import time

from clients import Lines, send
from messages import message


def fill(server, address, count, size):
    """Puts messages into an INBOX by APPEND."""
    lines = log_on(server, address)
    generator = random.Random(address)
    for number in range(count):
        text = b"".join(b"%s\r\n" % generator.randbytes(30).hex().encode() for _ in range(size // 62))
        octets = message(text, subject=b"number %d" % number)
        lines.send(b"a APPEND INBOX {%d+}\r\n" % len(octets) + octets + b"\r\n")
        assert b"a OK" in lines.lines_until(rb"a ")[-1]
    lines.socket.close()


def log_on(server, address):
    lines = Lines(server, "imap", timeout=60)
    lines.line()
    for command in (f"LOGIN {address} secret", "SELECT INBOX"):
        answer = lines.imap(command.encode())[-1]
        assert answer.startswith(b"OK"), answer
    return lines


class Neighbour:
    """A session that does one thing again and again, with a pause as people and programs make, and times it."""

    def __init__(self, server, address, kind, pause=0.01):
        self.lines, self.kind, self.pause = log_on(server, address), kind, pause
        self.generator = random.Random(address)
        self.times = collections.defaultdict(list)
        self.phase = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def command(self, text):
        begun = time.perf_counter()
        lines = self.lines
        lines.tag += 1
        tag = b"t%d " % lines.tag
        lines.send(tag + text)
        while not lines.line().startswith(tag):
            pass
        return time.perf_counter() - begun

    def run(self):
        octets = message(b"x" * 2000 + b"\r\n")
        while not self.stopping.is_set():
            phase = self.phase
            number = self.generator.randrange(1, 400)
            if self.kind == "reads":
                taken = self.command(b"FETCH %d (FLAGS BODY.PEEK[])\r\n" % number)
            elif self.kind == "flags":
                taken = self.command(b"STORE %d %cFLAGS (\\Flagged)\r\n" % (number, self.generator.choice(b"+-")))
            elif self.kind == "expunges":
                self.command(b"APPEND INBOX (\\Deleted) {%d+}\r\n" % len(octets) + octets + b"\r\n")
                taken = self.command(b"EXPUNGE\r\n")
            elif self.kind == "selects":
                taken = self.command(b"SELECT INBOX\r\n")
            else:
                taken = self.command(b"SEARCH TEXT nowhere-to-be-found\r\n")
            if phase is not None and phase == self.phase:
                self.times[phase].append(1000 * taken)
            time.sleep(self.pause)


def deliver(port, address, connections, rate, running, count, limit):
    """Delivers over LMTP while `running` is set; in a process of its own, so that it does not hold up who measures."""
    os.nice(5)
    octets = message(b"".join(b"line %04d of a message of some size\r\n" % n for n in range(60)))

    def work():
        file = client = None
        pause = connections / rate if rate else 0
        due = time.monotonic()

        def replies(number):
            """Whether all of these said yes."""
            for _ in range(number):
                line = b"250-"
                while line[3:4] == b"-":
                    line = file.readline()
                if line[:1] not in (b"2", b"3"):
                    # A connection takes a number of messages and no more; the next goes over another.
                    assert line.startswith(b"421"), line
                    return False
            return True
        while count.value < limit:
            if not running.wait(1):
                continue
            if client is None:
                client = socket.create_connection(("127.0.0.1", port))
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                file = client.makefile("rb")
                client.sendall(b"LHLO load.example.org\r\n")
                assert replies(2)
            client.sendall(b"MAIL FROM:<load@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n" % address.encode())
            if not replies(3):
                client.close()
                client = None
                continue
            client.sendall(octets + b".\r\n")
            assert replies(1)
            with count.get_lock():
                count.value += 1
            if pause:
                due = max(due + pause, time.monotonic() - pause)
                time.sleep(max(0, due - time.monotonic()))
    threads = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def p(times, share):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure(server, other, deliveries, connections, rate, seconds, report=print):
    """Phases in turns: idle, deliveries to a mailbox of this server, and (with `other`) to one of another server."""
    kinds = ["reads", "flags", "expunges", "selects", "searches"]
    target = server.new_account()
    people = {kind: server.new_account() for kind in kinds}
    for address in people.values():
        fill(server, address, 500, 4000)
    places = {"load": (server, target)}
    if other:
        places["elsewhere"] = (other, other.new_account())
    workers = {}
    for name, (place, address) in places.items():
        running, count = multiprocessing.Event(), multiprocessing.Value("q", 0)
        process = multiprocessing.Process(target=deliver, daemon=True, args=(
            place.port("lmtp"), address, connections, rate, running, count, deliveries if name == "load" else 1 << 60))
        process.start()
        workers[name] = (process, running, count)
    neighbours = [Neighbour(server, address, kind) for kind, address in people.items()]
    for one in neighbours:
        one.thread.start()
    spent = collections.Counter()
    rounds = 0
    while workers["load"][2].value < deliveries:
        rounds += 1
        for phase in ["idle", *places] if rounds % 2 else [*reversed(places), "idle"]:
            if phase != "idle":
                workers[phase][1].set()
            time.sleep(0.5)
            before = workers["load"][2].value
            for one in neighbours:
                one.phase = (phase, rounds)
            time.sleep(seconds)
            for one in neighbours:
                one.phase = None
            spent[phase] += workers["load"][2].value - before
            if phase != "idle":
                workers[phase][1].clear()
            time.sleep(0.5)
        report(f"round {rounds}: {workers['load'][2].value} delivered")
    for one in neighbours:
        one.stopping.set()
    for one in neighbours:
        one.thread.join(30)
    for process, running, _ in workers.values():
        process.terminate()
        process.join()
    rows = []
    for one in neighbours:
        row = {"session": one.kind}
        for phase in ["idle", *places]:
            times = [taken for (name, _), values in one.times.items() if name == phase for taken in values]
            row[f"{phase} p50, ms"], row[f"{phase} p99, ms"] = p(times, 0.5), p(times, 0.99)
        for phase in places:
            ratios = [p(one.times[phase, number], 0.99) / p(one.times["idle", number], 0.99)
                      for number in range(1, rounds + 1) if one.times[phase, number] and one.times["idle", number]]
            row[f"p99 {phase}/idle"] = statistics.median(ratios)
        row["commands"] = sum(map(len, one.times.values()))
        rows.append(row)
    delivered = workers["load"][2].value
    return rows, {"delivered": delivered, "rounds": rounds, "per second": spent["load"] / (rounds * seconds)}
