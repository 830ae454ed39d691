# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Aliases of other servers' addresses, forwards, groups, and what becomes of a message that comes back."""
import json
import os
import random
import smtplib
import threading
import time
import unittest
from collections import Counter

from clients import fetch, imap, send, smtp, uids
from mailout import SETTINGS, MailOut, until
from messages import message
from queuekill import kill
from repeats import DELIVERED, judge
from server import Server
from sink import Sink


class Groups(MailOut):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_account("carol", "secret3")

    def cli(self, *arguments):
        answer = self.server.cli(*arguments)
        # Other processes learn of it within a quarter of a second.
        time.sleep(0.4)
        return answer

    def inbox(self, name, password):
        return super().inbox(f"{name}@example.test", password)

    def test_an_alias_of_here_and_elsewhere(self):
        self.cli("alias", "add", "sales@example.test", "bob@example.test", "x@far.example", "y@other.example")
        octets = message(b"to sales\r\n")
        send(self.server, ["sales@example.test", "bob@example.test"], octets)
        until(lambda: len(self.sink.recipients()) == 2, what="both to arrive")
        self.assertEqual(sorted(self.sink.recipients()), ["x@far.example", "y@other.example"])
        for sender, _, taken in self.sink.messages:
            self.assertEqual(sender, "sender@example.org")
            self.assertTrue(taken.startswith(b"Delivered-To: sales@example.test\r\nReceived: "), taken[:200])
            self.assertTrue(taken.endswith(octets))
        until(lambda: not self.queued(), what="the queue to be empty")
        self.assertEqual(len([m for m in self.inbox("bob", "secret2") if m.endswith(octets)]), 1)

    def test_a_forward_with_and_without_a_copy(self):
        self.cli("account", "forward", "carol@example.test", "carol@far.example")
        shown = json.loads(self.server.cli("account", "show", "carol@example.test", "--json"))
        self.assertEqual((shown["forwardsTo"], shown["keepsCopy"]), (["carol@far.example"], True))
        first = message(b"with a copy\r\n")
        send(self.server, ["carol+detail@example.test"], first)
        until(lambda: self.sink.recipients() == ["carol@far.example"], what="the forward")
        until(lambda: any(m.endswith(first) for m in self.inbox("carol", "secret3")), what="the copy")
        self.cli("account", "forward", "carol@example.test", "carol@far.example", "--no-copy")
        second = message(b"without\r\n")
        send(self.server, ["carol@example.test"], second)
        until(lambda: len(self.sink.messages) == 2, what="the second forward")
        until(lambda: not self.queued(), what="the queue to be empty")
        self.assertFalse(any(m.endswith(second) for m in self.inbox("carol", "secret3")))
        # Whoever forwards their mail may still write under their address.
        with smtp(self.server, "submissions") as client:
            client.login("carol@example.test", "secret3")
            self.assertEqual(client.mail("carol@example.test")[0], 250)
        self.cli("account", "forward", "carol@example.test", "--off")
        send(self.server, ["carol@example.test"], second)
        self.assertTrue(any(m.endswith(second) for m in self.inbox("carol", "secret3")))

    def test_a_message_that_comes_back_is_returned(self):
        self.cli("account", "forward", "carol@example.test", "carol@far.example", "--no-copy")
        self.addCleanup(self.cli, "account", "forward", "carol@example.test", "--off")
        send(self.server, ["carol@example.test"], message(b"round and round\r\n"))
        until(lambda: self.sink.messages, what="the forward")
        returned = self.sink.messages[0][2]
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            send(self.server, ["carol@example.test"], returned)
        self.assertEqual((refused.exception.smtp_code, refused.exception.smtp_error[:5]), (554, b"5.4.6"))
        self.assertEqual(len(self.sink.messages), 1)
        self.server.event(9441)
        # Among others it is reported, and they have it.
        send(self.server, ["carol@example.test", "bob@example.test"], returned, sender="alice@example.test")
        until(lambda: any(b"5.4.6" in m for m in self.inbox("alice", "secret1")), what="the report")
        self.assertTrue(any(m.endswith(returned) for m in self.inbox("bob", "secret2")))

    def test_a_group_its_owner_and_who_may_send(self):
        self.cli("group", "add", "inner@example.test", "bob@example.test", "one@far.example")
        self.cli("group", "add", "team@example.test", "inner@example.test", "bob@example.test", "one@far.example",
                 "two@far.example", "--owner", "bob@example.test", "--sender", "users", "--sender", "friend@far.example")
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            send(self.server, ["team@example.test"], message())
        self.assertEqual(refused.exception.recipients["team@example.test"][0], 550)
        octets = message(b"to the team\r\n")
        send(self.server, ["team@example.test"], octets, sender="friend@far.example")
        until(lambda: len(self.sink.recipients()) == 2, what="both to arrive")
        until(lambda: not self.queued(), what="the queue to be empty")
        self.assertEqual(sorted(self.sink.recipients()), ["one@far.example", "two@far.example"])
        self.assertEqual({m[0] for m in self.sink.messages}, {"bob@example.test"})
        mine = [m for m in self.inbox("bob", "secret2") if m.endswith(octets)]
        self.assertEqual(len(mine), 1)
        self.assertTrue(mine[0].startswith(b"Return-Path: <bob@example.test>"))
        # What does not arrive is the owner's business.
        self.sink.behaviour = "never"
        before = len(self.inbox("alice", "secret1"))
        self.submit(["team@example.test"], text=b"in vain\r\n")
        report = until(lambda: [m for m in self.inbox("bob", "secret2") if b"Action: failed" in m], what="a report")
        self.assertIn(b"one@far.example", report[-1])
        until(lambda: not self.queued(), what="the queue to be empty")
        self.assertEqual(len(self.inbox("alice", "secret1")), before)
        explained = json.loads(self.server.cli("route", "explain", "team@example.test", "--json"))
        self.assertEqual((explained["category"], explained["count"]), ("group", 3))
        self.assertIn("with the envelope sender bob@example.test", self.server.cli("route", "explain", "team@example.test"))
        self.assertIn("team@example.test", self.server.run("account", "remove", "bob@example.test").stderr)
        self.cli("group", "set", "team@example.test", "--sender", "anyone", "--owner", "none", "--remove",
                 "inner@example.test")
        self.assertIn("members:\n    bob@example.test\n", self.server.cli("group", "show", "team@example.test"))
        self.cli("group", "remove", "team@example.test")
        self.cli("group", "remove", "inner@example.test")

    def test_the_sender_is_told_of_an_expansion(self):
        self.cli("group", "add", "pair@example.test", "bob@example.test", "pair@far.example")
        self.submit(["pair@example.test"], options=["NOTIFY=SUCCESS,FAILURE"])
        report = until(lambda: [m for m in self.inbox("alice", "secret1") if b"Action: expanded" in m], what="a report")
        self.assertIn(b"pair@example.test", report[0])
        until(lambda: not self.queued() and self.sink.messages, what="the rest")
        self.assertEqual(len([m for m in self.inbox("alice", "secret1") if b"Action: relayed" in m]), 0)
        self.cli("group", "remove", "pair@example.test")

    def test_what_a_domain_does_not_have(self):
        self.cli("domain", "add", "catch.example")
        self.cli("alias", "add", "*@catch.example", "bob@example.test")
        octets = message(b"to anybody\r\n")
        send(self.server, ["whoever@catch.example"], octets)
        self.assertTrue(any(m.endswith(octets) for m in self.inbox("bob", "secret2")))


def mark(octets):
    """The last line of a message's text."""
    return octets.rsplit(b"\r\n\r\n", 1)[-1].decode().strip()


class Killed(unittest.TestCase):
    """The transport is killed while groups are expanded: each member gets each message, and once."""

    def test_every_member_has_every_message(self):
        members = [f"m{number}@far{number % 4}.example" for number in range(12)]
        sink = Sink()
        server = Server({**SETTINGS, "queue/in-doubt-limit": "100",
                         "outbound/smart-hosts": f"[127.0.0.1]:{sink.port}"}).start()
        try:
            server.cli("group", "add", "all@example.test", "alice@example.test", "bob@example.test", *members)
            time.sleep(0.4)
            stopping, acknowledged, kills = threading.Event(), [], []

            def submit(number):
                made = 0
                while not stopping.is_set():
                    made += 1
                    name = f"mark-{number}-{made}."
                    try:
                        send(server, ["all@example.test"], message(name.encode() + b"\r\n"))
                        acknowledged.append(name)
                    except Exception:
                        time.sleep(0.05)

            threads = [threading.Thread(target=submit, args=(number,)) for number in range(2)]
            for thread in threads:
                thread.start()
            chance = random.Random(7)
            end = time.monotonic() + float(os.environ.get("MARTLET_GROUP_KILL_SECONDS", "5"))
            while time.monotonic() < end:
                time.sleep(chance.uniform(0.3, 1.0))
                kill(server, kills)
            stopping.set()
            for thread in threads:
                thread.join()
            until(lambda: not server.cli("queue", "find", "--json").strip(), 60, "the queue to be empty")
            self.assertGreater(len(acknowledged), 3)
            self.assertGreater(len(kills), 1)
            arrived = {(mark(copy.octets), recipient) for copy in sink.copies for recipient in copy.recipients}
            lost = [(name, member) for name in acknowledged for member in members if (name, member) not in arrived]
            self.assertEqual(lost, [])
            self.assertEqual(judge(sink.copies, kills, server.events(DELIVERED, last=100_000))[0], [])
            for address, password in (("alice@example.test", "secret1"), ("bob@example.test", "secret2")):
                client = imap(server, address, password)
                held = Counter(mark(fetch(client, uid)) for uid in uids(client))
                self.assertEqual([name for name in acknowledged if held[name] != 1], [], address)
        finally:
            server.destroy()
            sink.stop()


if __name__ == "__main__":
    unittest.main()
