# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Senders and readers that keep count of what the server has promised them."""
import collections
import hashlib
import imaplib
import os
import random
import re
import signal
import smtplib
import statistics
import threading
import time

from clients import imap, uids
from server import WELL_KNOWN, until

FAILURES = (OSError, smtplib.SMTPException, imaplib.IMAP4.error, EOFError)


class Load:
    """Runs senders and readers over some accounts until it is told to stop, and then checks every promise."""

    def __init__(self, server, accounts, senders, readers):
        self.server = server
        self.accounts = accounts
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.acknowledged = collections.defaultdict(set)
        self.counts = collections.Counter()
        self.damaged = []
        self.longest = 0.0
        self.threads = [threading.Thread(target=self.send, args=(n,), daemon=True) for n in range(senders)]
        self.threads += [threading.Thread(target=self.read, args=(n,), daemon=True) for n in range(readers)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.threads), "a client hangs"

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] += number

    # -- sending

    def send(self, number):
        generator = random.Random(number)
        client = None
        sequence = 0
        while not self.stopping.is_set():
            sequence += 1
            token = f"{number}-{sequence}"
            address = generator.choice(self.accounts)
            begun = time.monotonic()
            try:
                if client is None:
                    client = smtplib.SMTP("127.0.0.1", self.server.port("smtp"), timeout=30)
                    client.ehlo("client.example.org")
                client.sendmail("load@example.org", [address], self.message(generator, token))
                with self.lock:
                    self.acknowledged[address].add(token)
                    self.counts["acknowledged"] += 1
                    self.longest = max(self.longest, time.monotonic() - begun)
            except smtplib.SMTPResponseException:
                self.count("put off")
                client = self.dropped(client)
            except smtplib.SMTPRecipientsRefused:
                self.count("put off")
                client = self.dropped(client)
            except FAILURES:
                self.count("sending connections lost")
                client = self.dropped(client)
        self.dropped(client)

    @staticmethod
    def dropped(client):
        if client is not None:
            client.close()

    @staticmethod
    def message(generator, token):
        body = b"".join(b"%s\r\n" % generator.randbytes(35).hex().encode() for _ in range(generator.randrange(1, 200)))
        head = f"From: load@example.org\r\nTo: all\r\nSubject: {token}\r\nX-Token: {token}\r\n"
        return head.encode() + b"X-Digest: " + hashlib.sha256(body).hexdigest().encode() + b"\r\n\r\n" + body

    # -- reading

    def read(self, number):
        generator = random.Random(1000 + number)
        client = None
        while not self.stopping.is_set():
            try:
                if client is None:
                    address = self.accounts[number % len(self.accounts)]
                    client = imap(self.server, address, tls=number % 2 == 0)
                    self.count("reading connections")
                status, data = client.select("INBOX", readonly=True)
                exists = int(data[0]) if status == "OK" else 0
                if not exists:
                    time.sleep(0.05)
                    continue
                first = generator.randint(max(1, exists - 50), exists)
                status, data = client.fetch(f"{first}:{min(first + 5, exists)}", "(UID FLAGS BODY.PEEK[])")
                if status == "OK":
                    self.check(data)
                else:
                    self.count("answers NO")
            except FAILURES as error:
                self.count("reading connections lost" if isinstance(error, (OSError, EOFError, imaplib.IMAP4.abort))
                           else "answers NO")
                if client is not None:
                    client.shutdown()
                client = None
                time.sleep(0.01)
        if client is not None:
            client.shutdown()

    def check(self, data):
        """Looks whether the messages of a FETCH are as they were sent; gives their tokens."""
        tokens = []
        for part in data:
            if not isinstance(part, tuple):
                continue
            head, _, body = part[1].partition(b"\r\n\r\n")
            token = re.search(rb"^X-Token: (\S+)", head, re.M)
            wanted = re.search(rb"^X-Digest: (\S+)", head, re.M)
            if not token or not wanted or hashlib.sha256(body).hexdigest().encode() != wanted[1]:
                self.damaged.append(part[0])
            else:
                tokens.append(token[1].decode())
            self.count("read")
        return tokens

    # -- the reckoning

    def verify(self):
        """Compares what is stored with what was acknowledged: (lost, duplicated, damaged), each a list."""
        lost, duplicated = [], []
        for address in self.accounts:
            client = until(lambda: self.log_on(address), 30, f"log-on of {address}")
            numbers = uids(client)
            stored = collections.Counter()
            for start in range(0, len(numbers), 500):
                chunk = numbers[start:start + 500]
                status, data = client.uid("FETCH", f"{chunk[0]}:{chunk[-1]}", "(BODY.PEEK[])")
                assert status == "OK", data
                stored.update(self.check(data))
            client.logout()
            lost += sorted(self.acknowledged[address] - set(stored))
            duplicated += [token for token, count in stored.items() if count > 1]
        return lost, duplicated, self.damaged

    def log_on(self, address):
        try:
            return imap(self.server, address)
        except FAILURES:
            return None


def kill_workers(server, seconds, pause):
    """Kills every worker in turn, as kill -9 does, until the time is over; how often each was killed."""
    killed = collections.Counter()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name, pid in sorted(server.workers().items()):
            if time.monotonic() >= deadline:
                break
            try:
                os.kill(pid, signal.SIGKILL)
                killed[name] += 1
            except ProcessLookupError:
                continue
            time.sleep(pause)
    return killed


def time_to_greeting(server, listener):
    """Seconds from now until a new connection is greeted."""
    begun = time.monotonic()
    while True:
        try:
            with server.connect(listener, timeout=20) as connection:
                if connection.recv(1):
                    return time.monotonic() - begun
        except OSError:
            # Accepted by the worker that died: a client connects again.
            pass
        if time.monotonic() - begun > 20:
            raise AssertionError(f"{listener} does not answer")


def restart_times(server, role, listener, kills):
    """Milliseconds from a worker's death until its successor greets a client, for each of some deaths."""
    times = []
    for _ in range(kills):
        [(name, pid)] = list(server.workers(role).items())[:1]
        os.kill(pid, signal.SIGKILL)
        times.append(1000 * time_to_greeting(server, listener))
        until(lambda: server.workers(role).get(name) not in (None, pid), 10, f"{name} to be back")
        time.sleep(0.05)
    return times


def summary(times):
    return f"median {statistics.median(times):.0f} ms, longest {max(times):.0f} ms of {len(times)}"
