# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Clients of the real server that deliver, append, flag, move and expunge, and keep a ledger of what they were told."""
import hashlib
import imaplib
import random
import re
import smtplib
import threading
import time

from clients import imap, smtp
from ledger import Contents, Ledger, flags_of
from load import FAILURES
from server import until

NAMES = {1: "\\Seen", 2: "\\Answered", 4: "\\Flagged", 8: "\\Deleted", 16: "\\Draft"}
BITS = {name.lower(): bit for bit, name in NAMES.items()}
MAILBOXES = ["INBOX", "Archive", "Sent", "Trash"]


def wire_flags(text):
    return "(" + " ".join(NAMES.get(flag, flag) for flag in sorted(flags_of(text), key=str)) + ")"


def body_of(octets):
    """What was handed in: the trace fields that a server puts in front are not part of it."""
    at = octets.find(b"X-Token: ")
    return octets[at:] if at >= 0 else octets


class Refused(Exception):
    """Answered with NO, or not answered at all: whether it has happened nobody knows."""


class Sessions:
    """Writers over some accounts, each with a session and messages of its own."""

    def __init__(self, server, accounts, writers):
        self.server, self.accounts = server, accounts
        self.ledger, self.lock = Ledger(), threading.Lock()
        self.stopping = threading.Event()
        self.number = 0
        self.failures = []
        self.threads = [threading.Thread(target=self.guard, args=(n,), daemon=True) for n in range(writers)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.threads), "a client hangs"
        assert not self.failures, self.failures[0]

    def guard(self, number):
        try:
            Writer(self, number).run()
        except Exception as error:
            self.failures.append(error)
            raise

    def ask(self, words, action):
        """Does something of the server and keeps in the ledger what came of it; the answer, or Refused."""
        with self.lock:
            self.number += 1
            number = str(self.number)
            self.ledger.ask(number, words)
        try:
            answer = action()
        except FAILURES as error:
            with self.lock:
                self.ledger.refused(number, type(error).__name__)
            raise Refused(str(error)) from error
        with self.lock:
            if answer is None:
                self.ledger.refused(number, "NO")
                raise Refused("NO")
            self.ledger.answered(number, answer)
        return answer

    def contents(self):
        """Everything that the accounts hold, read over IMAP."""
        contents = Contents()
        for address in self.accounts:
            client = until(lambda: self.log_on(address), 30, f"log-on of {address}")
            for mailbox in MAILBOXES:
                status, data = client.status(mailbox, "(UIDVALIDITY UIDNEXT)")
                assert status == "OK", data
                found = {name: int(value) for name, value in re.findall(rb"([A-Z]+) (\d+)", data[0])}
                contents.mailboxes[address, mailbox] = (found[b"UIDVALIDITY"], found[b"UIDNEXT"], 0)
                contents.messages[address, mailbox] = list(self.messages(client, mailbox))
            client.logout()
        return contents

    @staticmethod
    def messages(client, mailbox):
        status, data = client.select(mailbox, readonly=True)
        assert status == "OK", data
        if data[0] == b"0":
            return
        status, data = client.fetch("1:*", "(UID FLAGS BODY.PEEK[])")
        assert status == "OK", data
        for index, part in enumerate(data):
            if not isinstance(part, tuple):
                continue
            # What is not in front of the literal is behind it.
            text = part[0] + (data[index + 1] if index + 1 < len(data) and isinstance(data[index + 1], bytes) else b"")
            uid = int(re.search(rb"UID (\d+)", text)[1])
            names = re.search(rb"FLAGS \(([^)]*)\)", text)[1].decode().lower().split()
            body = body_of(part[1])
            token = re.match(rb"X-Token: ([0-9-]+)", body)
            yield (uid, token[1].decode() if token else "-", hashlib.sha256(body).hexdigest(), token is not None,
                   frozenset(BITS.get(name, name) for name in names if name != "\\recent"))

    def log_on(self, address):
        try:
            return imap(self.server, address)
        except FAILURES:
            return None


class Writer:
    def __init__(self, sessions, number):
        self.sessions, self.number = sessions, number
        self.address = sessions.accounts[number % len(sessions.accounts)]
        self.generator = random.Random(number)
        self.client = self.sender = self.selected = None
        self.sequence = 0
        self.mine = {mailbox: {} for mailbox in MAILBOXES}      # {uid: token}

    def run(self):
        choices = [self.deliver, self.append, self.append, self.flag, self.flag, self.move, self.expunge]
        while not self.sessions.stopping.is_set():
            try:
                if self.client is None:
                    self.client, self.selected = imap(self.sessions.server, self.address, tls=self.number % 2 == 0), None
                self.generator.choice(choices)()
            except Refused:
                self.leave()
            except FAILURES:
                self.leave()
                time.sleep(0.01)
        self.leave()

    def leave(self):
        for client in (self.client, self.sender):
            if client is not None:
                (client.shutdown if isinstance(client, imaplib.IMAP4) else client.close)()
        self.client = self.sender = self.selected = None

    def message(self):
        self.sequence += 1
        token = f"{self.number}-0-{self.sequence}"
        lines = b"".join(b"%s\r\n" % self.generator.randbytes(30).hex().encode()
                         for _ in range(self.generator.choice([1, 10, 40, 2000 if self.sequence % 20 == 0 else 3])))
        octets = f"X-Token: {token}\r\nFrom: a@example.org\r\nSubject: {token}\r\n\r\n".encode() + lines
        return token, octets, hashlib.sha256(octets).hexdigest()

    def deliver(self):
        token, octets, digest = self.message()
        if self.sender is None:
            self.sender = smtp(self.sessions.server)
            self.sender.ehlo("client.example.org")

        def send():
            self.sender.sendmail("load@example.org", [self.address], octets)
            return []
        self.sessions.ask(["D", self.address, "INBOX", token, digest], send)
        self.select("INBOX")
        status, data = self.client.uid("SEARCH", "HEADER", "X-Token", token)
        found = [int(word) for word in data[0].split()] if status == "OK" and data[0] else []
        exact = [uid for uid in found if self.token_of(uid) == token]
        if len(exact) == 1:
            with self.sessions.lock:
                self.sessions.ledger.located(self.address, "INBOX", token, exact[0])
            self.mine["INBOX"][exact[0]] = token

    def token_of(self, uid):
        status, data = self.client.uid("FETCH", str(uid), "(BODY.PEEK[HEADER.FIELDS (X-Token)])")
        return data[0][1].split()[1].decode() if status == "OK" and isinstance(data[0], tuple) else None

    def append(self):
        token, octets, digest = self.message()
        mailbox, flags = self.generator.choice(MAILBOXES), self.some_flags()

        def put():
            status, data = self.client.append(mailbox, wire_flags(flags), None, octets)
            code = re.search(rb"\[APPENDUID (\d+) (\d+)\]", data[0] or b"")
            return [code[1].decode(), code[2].decode(), "0"] if status == "OK" else None
        answer = self.sessions.ask(["P", self.address, mailbox, token, digest, flags], put)
        self.mine[mailbox][int(answer[1])] = token

    def flag(self):
        mailbox, uids = self.choose()
        if not uids:
            return
        mode, flags = self.generator.choice(["add", "remove", "replace"]), self.some_flags()
        item = {"add": "+FLAGS", "remove": "-FLAGS", "replace": "FLAGS"}[mode]
        self.change(mailbox, uids, ["F", self.address, mailbox, mode, flags, self.text(uids)],
                    lambda: self.client.uid("STORE", self.text(uids), item, wire_flags(flags)))

    def move(self):
        mailbox, uids = self.choose()
        target = self.generator.choice([name for name in MAILBOXES if name != mailbox])
        if not uids:
            return

        def done():
            self.client.untagged_responses.pop("COPYUID", None)
            status, data = self.client.uid("MOVE", self.text(uids), target)
            _, code = self.client.response("COPYUID")
            return (status, code) if status == "OK" else (status, data)
        tokens = {uid: self.mine[mailbox][uid] for uid in uids}
        code = self.change(mailbox, uids, ["M", self.address, mailbox, target, self.text(uids)], done, moves=True)
        for uid in uids:
            self.mine[mailbox].pop(uid, None)
            self.mine[target][code[uid]] = tokens[uid]

    def expunge(self):
        mailbox, uids = self.choose()
        if not uids:
            return
        self.change(mailbox, uids, ["F", self.address, mailbox, "add", "8", self.text(uids)],
                    lambda: self.client.uid("STORE", self.text(uids), "+FLAGS", "(\\Deleted)"))
        self.change(mailbox, uids, ["X", self.address, mailbox, self.text(uids)],
                    lambda: self.client.uid("EXPUNGE", self.text(uids)))
        for uid in uids:
            self.mine[mailbox].pop(uid, None)

    def change(self, mailbox, uids, words, action, moves=False):
        """A change of messages; those of which nobody knows what became of them are left alone from then on."""
        self.select(mailbox)
        pairs = {}

        def done():
            status, data = action()
            if status != "OK":
                return None
            if not moves:
                return [""]
            _, sources, targets = data[0].split()
            expand = lambda text: [n for part in text.decode().split(",")
                                   for n in range(int(part.split(":")[0]), int(part.split(":")[-1]) + 1)]
            pairs.update(zip(expand(sources), expand(targets)))
            return [",".join(f"{source}:{target}" for source, target in pairs.items())]
        try:
            self.sessions.ask(words, done)
        except Refused:
            for uid in uids:
                self.mine[mailbox].pop(uid, None)
            raise
        return pairs

    def select(self, mailbox):
        if self.selected != mailbox:
            status, data = self.client.select(mailbox)
            if status != "OK":
                raise imaplib.IMAP4.error(data)
            self.selected = mailbox

    def choose(self):
        mailbox = self.generator.choice([name for name in MAILBOXES if self.mine[name]] or ["INBOX"])
        there = sorted(self.mine[mailbox])
        return mailbox, sorted(self.generator.sample(there, min(len(there), self.generator.randint(1, 4))))

    def some_flags(self):
        keywords = [word for word in ("work", "later", "$phishing") if self.generator.random() < 0.25]
        return ",".join([str(self.generator.randrange(32)), *keywords])

    @staticmethod
    def text(uids):
        return ",".join(map(str, uids))
