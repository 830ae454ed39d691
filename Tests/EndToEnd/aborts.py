# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that go away in the middle of a transaction, at any octet of it."""
import os
import socket
import struct
import threading
import time
from pathlib import Path

from clients import imap, uids


class Aborts:
    """Transactions that are cut; counts what may and what must be in the mailboxes."""

    def __init__(self, server, accounts):
        self.server = server
        self.accounts = accounts
        self.cut = 0            # aborted before the final dot
        self.whole = 0          # sent to the last octet, answer not read: may be there
        self.acknowledged = 0   # answered with 250: must be there
        self.lock = threading.Lock()
        self.number = 0

    def scripts(self, to):
        """Whole transactions as one stream; each with how many octets end with its final dot."""
        head = b"EHLO c.example\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<%s>\r\n" % to.encode()
        body = b"Subject: cut\r\n\r\n..\r\nx\r\n"
        return [head + b"DATA\r\n" + body + b".\r\n",
                head + b"BDAT 9\r\n" + body[:9] + b"BDAT %d LAST\r\n" % (len(body) - 9) + body[9:]]

    def one(self, script, count, reset, waits=False):
        with socket.create_connection(("127.0.0.1", self.server.port("smtp")), timeout=60) as connection:
            connection.sendall(script[:count])
            if waits:
                said = b""
                while b"id " not in said.rsplit(b"\r\n250 ", 1)[-1] or said.count(b"\r\n") < 5:
                    piece = connection.recv(4096)
                    if not piece:
                        break
                    said += piece
                    if b"Accepted, id" in said:
                        break
                with self.lock:
                    self.acknowledged += b"Accepted, id" in said
                    self.whole += b"Accepted, id" not in said
                return
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with self.lock:
                if count == len(script):
                    self.whole += 1
                else:
                    self.cut += 1

    def every_octet(self):
        """Each place of each script once; then each script whole, with its answer."""
        to = self.accounts[0]
        for script in self.scripts(to):
            for count in range(len(script)):
                self.one(script, count, reset=count % 2 == 0)
            self.one(script, len(script), reset=False, waits=True)

    def many(self, total, threads):
        """That many aborts from so many threads; now and then one that is not cut."""
        def work(index):
            to = self.accounts[index % len(self.accounts)]
            scripts = self.scripts(to)
            while True:
                with self.lock:
                    number, self.number = self.number, self.number + 1
                if number >= total:
                    return
                script = scripts[number % 2]
                count = (number // 2) % len(script)
                self.one(script, count, reset=number % 3 == 0)
                if number % 1000 == 0:
                    self.one(script, len(script), reset=False, waits=True)
        running = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()

    def figures(self):
        """Descriptors and memory (KiB) of the workers that receive."""
        time.sleep(1.5)
        descriptors = memory = 0
        for pid in self.server.workers("transport").values():
            descriptors += len(os.listdir(f"/proc/{pid}/fd"))
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS"):
                    memory += int(line.split()[1])
        return {"descriptors": descriptors, "memory KiB": memory}

    def problems(self):
        deadline = time.monotonic() + 30
        while True:
            there = 0
            for account in self.accounts:
                client = imap(self.server, account)
                there += len(uids(client))
                client.logout()
            if self.acknowledged <= there <= self.acknowledged + self.whole:
                return []
            if time.monotonic() > deadline:
                return [f"{there} messages are there, {self.acknowledged} were acknowledged, {self.whole} may be"]
            time.sleep(0.5)


def growth(samples, aborts):
    """What `figures` say that grew more than the noise of an allocator allows; nothing when all is flat."""
    def rise(name):
        values = [sample[name] for sample in samples]
        return (min(values[-2:]) - max(values[:2]))
    found = []
    if rise("descriptors") > 8:
        found.append(f"descriptors grew by {rise('descriptors')}")
    if rise("memory KiB") > 4096 + aborts * 64 // 1024:
        found.append(f"memory grew by {rise('memory KiB')} KiB")
    return found
