# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Damages the store of the real server, while clients read from it and while it is down."""
import collections
import hashlib
import json
import os
import random
import re
import time
from pathlib import Path

from clients import Lines, send
from messages import message
from server import Server
from storedamage import Expectation, Image, octets_of
from ledger import Contents

LITERAL = re.compile(rb"\{(\d+)\}$")


class Reader:
    """One IMAP session that reads everything, again and again, and must never be dropped or refused."""

    def __init__(self, server, address):
        self.address = address
        self.lines = Lines(server, "imaps", timeout=60)
        self.lines.line()
        self.command(f"LOGIN {address} secret")

    def command(self, text):
        """The untagged answers, each as [line, literal, line, ...]; anything but OK is an error."""
        lines = self.lines
        lines.tag += 1
        tag = b"t%d " % lines.tag
        lines.send(tag + text.encode() + b"\r\n")
        answers = []
        while True:
            line = lines.line()
            if line == b"":
                raise AssertionError(f"the session of {self.address} was dropped at {text}")
            if line.startswith(tag):
                if not line.startswith(tag + b"OK"):
                    raise AssertionError(f"{self.address}: {text}: {line!r}")
                return answers
            if line.startswith(b"* BYE"):
                raise AssertionError(f"{self.address}: {text}: {line!r}")
            answer = [line]
            while found := LITERAL.search(answer[-1]):
                answer += [self.octets(int(found[1])), lines.line()]
            answers.append(answer)

    def octets(self, count):
        lines = self.lines
        while len(lines.buffer) < count:
            received = lines.socket.recv(1 << 16)
            assert received, "closed within a literal"
            lines.buffer += received
        taken, lines.buffer = lines.buffer[:count], lines.buffer[count:]
        return taken

    def read(self, contents, mailbox="INBOX"):
        self.command(f"SELECT {mailbox}")
        answers = self.command("UID FETCH 1:* (UID FLAGS RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[])")
        for answer in answers:
            text = b" ".join(part for part in answer[0::2])
            uid = re.search(rb"UID (\d+)", text)
            if uid is None or b"FETCH" not in answer[0] or len(answer) == 1:
                # Something else, or flags that have changed meanwhile.
                continue
            # The longest literal is the message; others are parts of an ENVELOPE.
            octets = max(answer[1::2], key=len)
            assert len(octets) == int(re.search(rb"RFC822\.SIZE (\d+)", text)[1]), "a size that is not true"
            flags = frozenset(re.search(rb"FLAGS \(([^)]*)\)", text)[1].split()) - {b"\\Recent", b"$Damaged"}
            contents.messages[self.address, mailbox].append(
                (int(uid[1]), "-", hashlib.sha256(octets).hexdigest(), True, flags))


class LiveDamage:
    """A server with some hundred messages, and what it holds."""

    def __init__(self, accounts=4, messages=40, settings=None):
        self.server = Server({"store/reserved-space": "0", **(settings or {})}).start()
        self.addresses = [self.server.new_account() for _ in range(accounts)]
        generator = random.Random(accounts)
        for address in self.addresses:
            for number in range(messages):
                size = generator.choice([10, 10, 50, 200, 2000 if number % 10 == 0 else 100])
                body = b"".join(b"%s\r\n" % generator.randbytes(30).hex().encode() for _ in range(size))
                send(self.server, [address], message(body, subject=b"number %d" % number))
        [form] = Path(self.server.folder, "store").rglob("FORMAT")
        self.store = str(form.parent)
        self.counts = collections.Counter()
        self.readers = []
        self.connect()
        self.contents = self.read()
        self.server.cli("store", "reindex")
        self.counts["messages"] = sum(len(rest) for rest in self.contents.messages.values())
        assert self.counts["messages"] == accounts * messages

    def connect(self):
        for reader in self.readers:
            reader.lines.socket.close()
        self.readers = [Reader(self.server, address) for address in self.addresses]

    def read(self):
        contents = Contents()
        for reader in self.readers:
            reader.read(contents)
        self.counts["read and compared"] += sum(len(rest) for rest in contents.messages.values())
        return contents

    def image(self):
        return Image(self.store)

    def compare(self, image, damages, damaged=None, traces=False):
        """What is wrong after damages; with the damaged files, also what a check has not found of them.

        With traces, something is left that knows of every message: all are to be found, and to be there.
        """
        expectation = Expectation(image, self.contents)
        now = lambda path: octets_of(f"{self.store}/{path}")
        unfound = expectation.unfound(damages, damaged, self.findings(), traces, now) if damaged else []
        found = self.read()
        texts, cost = expectation.problems(damages, found)
        for place, expected in self.contents.messages.items() if traces else ():
            there = {message[0] for message in found.messages.get(place, [])}
            texts += [f"UID {message[0]} of {place} is not shown" for message in expected if message[0] not in there]
        self.counts["damages"] += len(damages)
        self.counts["messages hit"] += cost
        return [f"{damages}: {text}" for text in texts[:3] + unfound[:3]]

    def findings(self):
        [report] = json.loads(self.server.run("store", "check", "--json", timeout=120).stdout)
        self.counts["found by check"] += report["findings"]
        return [(row["kind"], row["file"], row["offset"], row["lostOctets"]) for row in report["found"]]

    def while_it_runs(self, damages, generator, batch=10):
        """Damages segments under the running server; the sessions stay the same throughout."""
        problems = []
        while damages > 0:
            image = Image(self.store)
            chosen = [image.damage(generator, in_place=True) for _ in range(min(batch, damages))]
            for one in chosen:
                octets = image.apply(image.files[one.path], one, generator)
                self.patch(one, octets)
            damaged = {**image.files, **{one.path: Path(self.store, one.path).read_bytes() for one in chosen}}
            problems += self.compare(image, chosen, damaged)
            for one in chosen:
                self.patch(one, image.files[one.path])
            damages -= batch
        problems += self.compare(Image(self.store), [])
        return problems

    def patch(self, damage, octets):
        with open(f"{self.store}/{damage.path}", "r+b") as file:
            file.seek(damage.start)
            file.write(octets[damage.start:damage.end])

    def while_it_is_down(self, rounds, generator, batch=6):
        """Damages any file of the store between two runs of the server."""
        self.server.stop()
        image, problems = Image(self.store), []
        for _ in range(rounds):
            problems += self.down(image, [image.damage(generator) for _ in range(batch)], generator)
        image.write(self.store)
        self.server.start()
        self.connect()
        problems += self.compare(image, [])
        return problems

    def down(self, image, chosen, generator, traces=False):
        """Damages the store of the server, which is down, and looks at it twice: a loss must stay known."""
        image.write(self.store)
        damaged = dict(image.files)
        for one in chosen:
            if damaged[one.path] is not None:
                damaged[one.path] = image.apply(damaged[one.path], one, generator)
        for path, octets in damaged.items():
            target = Path(self.store, path)
            target.unlink() if octets is None else target.write_bytes(octets)
        problems = []
        for round in range(2 if traces else 1):
            if round > 0:
                self.server.stop()
            self.server.start()
            self.connect()
            problems += self.compare(image, chosen, damaged, traces)
        send(self.server, [self.addresses[0]], message(b"after the damage\r\n"))
        self.server.stop()
        return problems

    def deaths(self):
        """Workers that have trapped or been killed."""
        return len(self.server.events(4097))

    def close(self):
        for reader in self.readers:
            reader.lines.socket.close()
        self.server.destroy()
