# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What mail programs do on "send": submit a message with a copy to oneself, and at the same instant put it into Sent.

No answer may be anything but yes, and there must be exactly one copy in each place.
"""
import base64
import collections
import concurrent.futures
import re
import threading
import time

from clients import Lines, imap


class Round:
    """One message of one user to another."""

    def __init__(self, user, to, number):
        self.id = f"<{number}.{user}>"
        self.octets = (
            f"From: {user}\r\nTo: {to}\r\nCc: {user}\r\nSubject: round {number}\r\nMessage-ID: {self.id}\r\n"
            "Date: Sat, 21 Nov 2026 07:28:46 +0000\r\n\r\n"
        ).encode() + b"".join(b"line %d of round %d\r\n" % (line, number) for line in range(number % 40 + 1))
        self.recipients = [to, user]


class User:
    """A mail program with two connections, which it uses at the same instant."""

    def __init__(self, server, address, rounds):
        self.address, self.rounds = address, rounds
        self.complaints = []
        self.longest = 0.0
        self.submission = Lines(server, "submissions", timeout=60)
        self.mailbox = Lines(server, "imaps", timeout=60)
        self.log_on()
        self.together = threading.Barrier(2, timeout=120)
        self.threads = [threading.Thread(target=self.guarded, args=(part,), daemon=True)
                        for part in (self.submit, self.put)]

    def log_on(self):
        secret = base64.b64encode(f"\0{self.address}\0secret".encode())
        for command in (None, b"EHLO client.example.org", b"AUTH PLAIN " + secret):
            self.expect(b"2", self.submission.reply(command))
        self.expect(b"* OK", self.mailbox.line())
        for command in (f"LOGIN {self.address} secret", "SELECT INBOX"):
            self.expect(b"OK", self.mailbox.imap(command.encode())[-1])

    def expect(self, wanted, answer):
        if not answer.startswith(wanted):
            self.complaints.append(f"{self.address}: {answer!r} and not {wanted!r}")

    def guarded(self, part):
        try:
            for one in self.rounds:
                self.together.wait()
                begun = time.monotonic()
                part(one)
                self.longest = max(self.longest, time.monotonic() - begun)
        except Exception as error:
            self.complaints.append(f"{self.address}: {part.__name__}: {error!r}")
            self.together.abort()

    def submit(self, one):
        lines = self.submission
        lines.send(b"MAIL FROM:<%s>\r\n" % self.address.encode()
                   + b"".join(b"RCPT TO:<%s>\r\n" % to.encode() for to in one.recipients) + b"DATA\r\n")
        for wanted in [b"250"] + [b"250"] * len(one.recipients) + [b"354"]:
            self.expect(wanted, lines.reply())
        lines.send(one.octets + b".\r\n")
        self.expect(b"250", lines.reply())

    def put(self, one):
        lines, size = self.mailbox, len(one.octets)
        lines.tag += 1
        tag = b"t%d" % lines.tag
        if lines.tag % 2:
            lines.send(tag + b" APPEND Sent (\\Seen) {%d+}\r\n" % size + one.octets + b"\r\n")
        else:
            lines.send(tag + b" APPEND Sent (\\Seen) {%d}\r\n" % size)
            self.expect(b"+", [line for line in lines.lines_until(rb"\+|t\d+ ") if not line.startswith(b"* ")][-1])
            lines.send(one.octets + b"\r\n")
        *untagged, last = lines.lines_until(tag + b" ")
        self.expect(tag + b" OK", last)
        for line in untagged:
            if not re.match(rb"\* (\d+ (EXISTS|RECENT|FETCH)|FLAGS|OK)", line):
                self.complaints.append(f"{self.address}: untagged {line!r}")

    def close(self):
        self.submission.socket.close()
        self.mailbox.socket.close()


def copies(server, address):
    """How often each Message-ID is in INBOX and in Sent."""
    client = imap(server, address)
    found = []
    for mailbox in ("INBOX", "Sent"):
        status, data = client.select(mailbox, readonly=True)
        assert status == "OK", data
        data = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (Message-ID)])")[1] if data[0] != b"0" else []
        ids = [part[1].split()[1].decode() for part in data if isinstance(part, tuple)]
        found.append(collections.Counter(ids))
    client.logout()
    return found


def collide(server, users, rounds, report=print):
    """Has that many users send that many messages in all; (complaints, counts)."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        addresses = list(pool.map(lambda n: server.add_account(f"sender{n}"), range(users)))
        plans = {address: [Round(address, addresses[(place + 1 + number % (users - 1)) % users], number)
                           for number in range(rounds // users + (place < rounds % users))]
                 for place, address in enumerate(addresses)}
        people = list(pool.map(lambda address: User(server, address, plans[address]), addresses))
        begun = time.monotonic()
        for person in people:
            for thread in person.threads:
                thread.start()
        for person in people:
            for thread in person.threads:
                thread.join(1200)
        seconds = time.monotonic() - begun
        complaints = [text for person in people for text in person.complaints]
        complaints += [f"{p.address} hangs" for p in people if any(thread.is_alive() for thread in p.threads)]
        for person in people:
            person.close()
        report(f"{rounds} rounds in {seconds:.1f} s; comparing")
        wanted = {address: collections.Counter() for address in addresses}
        for plan in plans.values():
            for one in plan:
                for to in one.recipients:
                    wanted[to][one.id] += 1
        for address, (inbox, sent) in zip(addresses, pool.map(lambda address: copies(server, address), addresses)):
            for name, there, should in (("INBOX", inbox, wanted[address]),
                                        ("Sent", sent, collections.Counter(one.id for one in plans[address]))):
                for key in there.keys() | should.keys():
                    if there[key] != should[key]:
                        complaints.append(f"{key} is {there[key]} times in {name} of {address}, and not {should[key]}")
    counts = {"rounds": sum(len(plan) for plan in plans.values()), "users": users, "seconds": round(seconds, 1),
              "copies found": sum(len(plan) * 3 for plan in plans.values()) if not complaints else None,
              "longest command, s": round(max(person.longest for person in people), 3)}
    return complaints, counts
