# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What one dead destination costs a hundred others.

Mail comes in at a rate far below what the machine takes, so that neither the machine's speed nor what else it does
decides, and goes out to hosts that are there; in every second run the same again with a destination more, whose host takes
connections and says nothing. Counted is what arrived at the others within the time of the run, and how long each message
took from its client's final dot to the final dot at the sink.
"""
import asyncio
import os
import socket
import threading
import time

from relay import Martlet, Names, destinations, median, raise_limits
from source import Source

DEAD = "dead.relay.test"


class Silent:
    """A host that takes connections and never says a word: the worst kind of dead."""

    def __init__(self, port):
        self.listener = socket.socket(socket.AF_INET6)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self.listener.bind(("::1", port))
        self.listener.listen(1000)
        self.held = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.held.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class TimingSink:
    """Takes mail, and notes when the end of each message came, by the number in its text."""

    def __init__(self):
        self.arrived = {}

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "0.0.0.0", 0, limit=1 << 20, backlog=1000)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            writer.write(b"220 sink ESMTP\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    writer.write(b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
                elif verb == b"DATA":
                    writer.write(b"354 go on\r\n")
                    text = await reader.readuntil(b"\r\n.\r\n")
                    self.arrived[int(text.rsplit(b"number ", 1)[1].split()[0])] = time.monotonic()
                    writer.write(b"250 2.0.0 taken\r\n")
                else:
                    writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                    if verb == b"QUIT":
                        break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        writer.close()


async def paced(source, sink, domains, rate, seconds, dead_each=0):
    """One run: of every `dead_each` messages one more goes to the dead destination."""
    tasks, others, begun = [], [], time.monotonic()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0, begun + number / rate - time.monotonic()))
        others.append(asyncio.create_task(source.send(domains[number % len(domains)])))
        if dead_each and number % dead_each == 0:
            tasks.append(asyncio.create_task(source.send(DEAD)))
    numbers = await asyncio.gather(*others)
    await asyncio.gather(*tasks)
    end = begun + seconds
    in_time = sum(1 for number in numbers if sink.arrived.get(number, end + 1) <= end)
    deadline = time.monotonic() + 120
    while any(number not in sink.arrived for number in numbers):
        assert time.monotonic() < deadline, "mail to the others did not arrive"
        await asyncio.sleep(0.05)
    took = sorted((sink.arrived[number] - source.sent[number]) * 1000 for number in numbers)
    return in_time / len(numbers), took[len(took) // 2], took[len(took) * 99 // 100]


def forget(server):
    """Takes out what waits for the dead destination."""
    lines = server.server.cli("queue", "find", "--json", "--to", DEAD).splitlines()
    ids = [line.split('"id":"')[1].split('"')[0] for line in lines]
    for start in range(0, len(ids), 50):
        server.server.run("queue", "remove", *ids[start:start + 50], timeout=120)
    return len(ids)


async def measure(rate, seconds, octets, rounds, others):
    sink = TimingSink()
    await sink.start()
    places = destinations(others)
    silent, names = Silent(sink.port), Names([*places, (DEAD, "::1")])
    server = Martlet(sink)
    domains = [domain for domain, _ in places]
    found = {False: [], True: []}
    begun = os.getloadavg()[0]
    try:
        source = Source(server.port, octets)
        await source.start()
        await paced(source, sink, domains, rate, max(2, 2 * others / rate))
        for number in range(rounds):
            # Which is first changes, so that what drifts falls on both alike.
            for has_dead in ((False, True) if number % 2 == 0 else (True, False)):
                if has_dead:
                    await asyncio.gather(*(source.send(DEAD) for _ in range(50)))
                found[has_dead].append(await paced(source, sink, domains, rate, seconds, others if has_dead else 0))
                if has_dead:
                    waiting = await asyncio.to_thread(forget, server)
                    assert waiting >= 50, f"of the dead destination's mail {waiting} were there"
    finally:
        server.close()
        silent.close()
        names.close()
    return found, begun


def measure_dead_destination(rate, seconds, octets, rounds, others=99):
    """Runs of so many seconds in turns; a table of medians, with the least and the greatest."""
    raise_limits()
    found, load = asyncio.run(measure(rate, seconds, octets, rounds, others))
    print(f"{rate:g} messages a second of {octets} octets to {others} destinations, runs of {seconds:g} s, {rounds} pairs; "
          f"load {load:.1f} at the beginning, {os.getloadavg()[0]:.1f} at the end")
    print("| | arrived within the run, % | p50, ms | p99, ms |")
    print("|---|---|---|---|")
    for has_dead, name in ((False, "99 destinations"), (True, "beside a dead one")):
        columns = list(zip(*found[has_dead]))
        shares = [100 * value for value in columns[0]]
        cells = [f"{median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f})"]
        cells += [f"{median(list(c)):.1f} ({min(c):.1f} to {max(c):.1f})" for c in columns[1:]]
        print(f"| {name} | {' | '.join(cells)} |")
    ratios = [after[0] / before[0] for before, after in zip(found[False], found[True])]
    print(f"arrived beside / without, median of pairs: {median(ratios):.4f} ({min(ratios):.4f} to {max(ratios):.4f})")
