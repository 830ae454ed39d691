# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mail to other servers: the queue, its retries, its reports, and what it survives."""
import json
import os
import re
import smtplib
import time
import unittest

from clients import smtp
from dnsserver import SERVFAIL, DNSServer, a, mx
from mailout import SETTINGS, MailOut, until
from messages import message
from server import Server
from sink import Sink


class Queue(MailOut):
    def test_mail_goes_out_with_its_octets(self):
        submitted = self.submit(["bob@elsewhere.example"], b".dots\r\n..\r\n.\r\nend\r\n")
        until(lambda: self.sink.messages, what="the message to arrive")
        sender, recipients, octets = self.sink.messages[0]
        self.assertEqual((sender, recipients), ("alice@example.test", ["bob@elsewhere.example"]))
        self.assertTrue(octets.endswith(submitted))
        self.assertTrue(octets.startswith(b"Received: from "))
        self.empty()

    def test_recipients_here_and_there(self):
        before = len(self.inbox("bob@example.test", "secret2"))
        self.submit(["bob@example.test", "carol@elsewhere.example", "dave@other.example"])
        until(lambda: len(self.sink.recipients()) == 2)
        self.assertEqual(sorted(self.sink.recipients()), ["carol@elsewhere.example", "dave@other.example"])
        self.assertEqual(len(self.inbox("bob@example.test", "secret2")), before + 1)

    def test_relay_is_closed_to_strangers(self):
        with smtp(self.server, "smtp") as client:
            client.ehlo("client.example.org")
            client.mail("someone@example.org")
            self.assertEqual(client.rcpt("bob@elsewhere.example")[0], 550)
        self.server.cli("settings", "set", "smtp/1/relay-networks", "127.0.0.0/8")
        try:
            def answer():
                with smtp(self.server, "smtp") as client:
                    client.ehlo("client.example.org")
                    client.mail("someone@example.org")
                    return client.rcpt("bob@elsewhere.example")[0] == 250
            until(answer, what="the network to be known")
        finally:
            self.server.cli("settings", "unset", "smtp/1/relay-networks")

    def test_a_server_that_is_down_is_tried_again(self):
        self.sink.stop()
        self.addCleanup(lambda: self.sink.listener.fileno() >= 0 or self.sink.start())
        self.submit(["bob@elsewhere.example"])
        waiting = until(lambda: self.queued("--state", "retry"), what="the message to wait")
        self.assertTrue(waiting[0]["nextEvent"])
        why = self.server.cli("queue", "why", waiting[0]["id"])
        self.assertIn("next event at", why)
        listed = json.loads(self.server.cli("queue", "list", "--json"))
        self.assertEqual(listed[0]["state"], "retry")
        self.assertTrue(listed[0]["why"])
        self.sink.start()
        until(lambda: self.sink.messages, what="the message to arrive")
        self.empty()

    def test_servers_that_err(self):
        for behaviour in ("dropdata", "silent", "slow", "early"):
            with self.subTest(behaviour):
                # Connections that are kept from before would know nothing of it.
                self.sink.stop()
                self.sink.behaviour = behaviour
                self.sink.start()
                name = f"{behaviour}@elsewhere.example"
                self.submit([name], b"0123456789\r\n" * 500)
                if behaviour == "dropdata":
                    until(lambda: [m for m in self.queued("--to", name) if m["why"]], what="a failure")
                if behaviour == "silent":
                    until(lambda: self.queued("--to", name, "--state", "active"), what="the try")
                    self.sink.behaviour = "good"
                    self.sink.stop()
                    self.sink.start()
                if behaviour == "early":
                    until(
                        lambda: name in self.sink.recipients() or [m for m in self.queued("--to", name) if m["why"]],
                        what="the try",
                    )
                if behaviour != "slow":
                    self.sink.behaviour = "good"
                until(lambda: name in self.sink.recipients(), 20, f"mail to arrive ({behaviour})")
                self.empty()
                self.assertEqual(self.sink.recipients().count(name), 1)

    def test_put_off_and_refused(self):
        self.sink.behaviour = "later"
        self.submit(["bob@elsewhere.example"])
        until(lambda: [m for m in self.queued() if "451" in m["why"]], what="the message to be put off")
        self.sink.behaviour = "never"
        report = self.report(b"bob@elsewhere.example")
        self.assertIn(b"multipart/report", report)
        self.assertIn(b"Action: failed", report)
        self.assertIn(b"550 5.1.1", report)
        self.assertTrue(report.startswith(b"Return-Path: <>"))
        self.empty()

    def test_no_report_when_none_is_wanted(self):
        self.sink.behaviour = "never"
        self.submit(["quiet@elsewhere.example"], options=["NOTIFY=NEVER"])
        self.empty()
        self.assertFalse([m for m in self.inbox() if b"quiet@elsewhere.example" in m and b"report" in m])

    def test_success_is_reported_when_it_is_wanted(self):
        self.submit(["bob@example.test"], options=["NOTIFY=SUCCESS"], text=b"tell me\r\n")
        self.assertIn(b"Action: delivered", self.report(b"Action: delivered"))
        self.submit(["glad@elsewhere.example"], options=["NOTIFY=SUCCESS,FAILURE"])
        self.assertIn(b"glad@elsewhere.example", self.report(b"Action: relayed"))

    def test_two_reports_of_one_moment_have_names_of_their_own(self):
        """Who drops what has a Message-ID that was seen would lose the failure."""
        self.sink.unknown = ("absent@elsewhere.example",)
        self.addCleanup(setattr, self.sink, "unknown", ())
        self.submit(["present@elsewhere.example", "absent@elsewhere.example"], options=["NOTIFY=SUCCESS,FAILURE"])
        reports = [self.report(b"Final-Recipient: rfc822; " + name) for name in
                   (b"present@elsewhere.example", b"absent@elsewhere.example")]
        names = [re.search(rb"(?mi)^Message-ID: *(<\S+>)", report)[1] for report in reports]
        self.assertNotEqual(*names)
        self.assertIn(b"Action: relayed", reports[0])
        self.assertIn(b"Action: failed", reports[1])

    def test_a_server_that_drops_after_the_dot(self):
        self.sink.behaviour = "drop"
        self.submit(["doubt@elsewhere.example"])
        self.server.event(9705, timeout=15)
        self.sink.behaviour = "good"
        until(lambda: self.sink.messages, 20, "the message to arrive")
        self.empty()
        self.assertEqual(self.sink.recipients(), ["doubt@elsewhere.example"])

    def test_freeze_thaw_return_remove_export(self):
        self.sink.behaviour = "later"
        self.submit(["one@elsewhere.example"], b"frozen\r\n")
        one = self.freeze("one@")
        self.assertIn(b"frozen", self.server.run("queue", "export", one).stdout.encode())
        self.sink.behaviour = "good"
        time.sleep(1.5)
        self.assertEqual(self.queued("--state", "frozen")[0]["id"], one)
        self.server.cli("queue", "thaw", one)
        until(lambda: "one@elsewhere.example" in self.sink.recipients())
        self.empty()
        self.sink.behaviour = "later"
        self.submit(["two@elsewhere.example", ])
        self.submit(["three@elsewhere.example"])
        two, three = self.freeze("two@"), self.freeze("three@")
        self.server.cli("queue", "return", two)
        self.assertIn(b"two@elsewhere.example", self.report(b"Returned by the administrator"))
        self.server.cli("queue", "remove", three)
        self.empty()
        self.assertFalse([m for m in self.inbox() if b"three@elsewhere.example" in m and b"report" in m])
        self.assertNotEqual(self.server.run("queue", "show", three).returncode, 0)

    def test_what_is_being_sent_is_frozen_when_its_try_is_over(self):
        self.sink.stop()
        self.sink.behaviour = "silent"
        self.sink.start()
        self.submit(["slow@elsewhere.example"])
        waiting = until(lambda: self.queued("--to", "slow@", "--state", "active"), what="the try")[0]
        self.assertFalse(waiting["frozen"])
        self.assertEqual(self.server.cli("queue", "freeze", waiting["id"]),
                         f"Message {waiting['id']}: active, then frozen\n")
        self.sink.behaviour = "good"
        self.sink.stop()
        self.sink.start()
        until(lambda: self.queued("--to", "slow@", "--state", "frozen"), what="the try to be over")
        time.sleep(1.5)
        self.assertEqual(self.sink.recipients(), [])
        self.server.cli("queue", "thaw", waiting["id"])
        until(lambda: self.sink.recipients() == ["slow@elsewhere.example"], what="the message to arrive")

    def mode(self, name):
        self.server.cli("settings", "set", "transport/mode", name)

    def test_inbound_takes_mail_for_here_and_has_the_queue_rest(self):
        self.addCleanup(self.mode, "both")
        self.sink.behaviour = "later"
        self.submit(["rests@elsewhere.example"])
        until(lambda: self.queued("--to", "rests@", "--state", "retry"), what="the message to wait")
        self.mode("inbound")

        def refused():
            try:
                self.submit(["bob@elsewhere.example"])
            except smtplib.SMTPRecipientsRefused:
                return True
        until(refused, what="mail for others to be refused")
        self.sink.behaviour = "good"
        self.submit(["bob@example.test"], b"taken while the queue rests\r\n")
        until(lambda: any(b"while the queue rests" in m for m in self.inbox("bob@example.test", "secret2")))
        # Several times the longest pause of queue/retry.
        time.sleep(3)
        self.assertNotIn("rests@elsewhere.example", self.sink.recipients())
        self.mode("both")
        until(lambda: not refused(), what="mail for others to be taken")
        self.empty()
        self.assertEqual(self.sink.recipients().count("rests@elsewhere.example"), 1)

    def test_outbound_and_flush_take_nothing_and_empty_the_queue(self):
        def is_taken():
            try:
                with smtp(self.server) as client:
                    client.ehlo()
                    return client.mail("x@example.org")[0] == 250
            except (OSError, smtplib.SMTPException):
                return False

        self.addCleanup(self.mode, "both")
        for mode in ("outbound", "flush"):
            with self.subTest(mode):
                self.sink.behaviour = "later"
                name = f"leaves-{mode}@elsewhere.example"
                self.submit([name])
                until(lambda: self.queued("--to", name, "--state", "retry"), what="the message to wait")
                self.mode(mode)
                until(lambda: not is_taken(), what="mail to be refused")
                self.sink.behaviour = "good"
                until(lambda: name in self.sink.recipients(), what="the queued message to leave")
                self.empty()
                self.assertFalse(is_taken())
                # Where TLS comes first, it does so here too.
                with self.assertRaises(smtplib.SMTPConnectError) as refusal:
                    smtp(self.server, "submissions")
                self.assertEqual(refusal.exception.smtp_code, 421)
                self.mode("both")
                until(is_taken, what="mail to be taken")

    def test_who_waits_long_is_told_once(self):
        self.server.cli("settings", "set", "queue/delay-notice", "1s")
        self.addCleanup(self.server.cli, "settings", "unset", "queue/delay-notice")
        self.sink.behaviour = "later"

        def told():
            # The setting may take a moment to arrive: what was queued before has no notice.
            self.submit(["late@elsewhere.example"])
            time.sleep(2)
            return [m for m in self.inbox() if b"late@elsewhere.example" in m and b"Action: delayed" in m]
        report = until(told, what="the notice")[-1]
        self.assertIn(b"Will-Retry-Until: ", report)
        self.assertIn(b"451", report)
        self.assertTrue(report.startswith(b"Return-Path: <>"))
        time.sleep(2)
        waiting = len(self.queued("--to", "late@"))
        notices = [m for m in self.inbox() if b"late@elsewhere.example" in m and b"Action: delayed" in m]
        self.assertLessEqual(len(notices), waiting)
        self.sink.behaviour = "good"
        self.empty()
        self.assertEqual(self.sink.recipients().count("late@elsewhere.example"), waiting)

    def test_what_is_held_is_not_said_to_be_tried(self):
        for name, value in (("queue/delay-notice", "1s"), ("queue/hold", "to:held@elsewhere.example")):
            self.server.cli("settings", "set", name, value)
            self.addCleanup(self.server.cli, "settings", "unset", name)

        def told():
            # As above.
            self.submit(["held@elsewhere.example"])
            time.sleep(2)
            return [m for m in self.inbox() if b"held@elsewhere.example" in m and b"Action: delayed" in m]
        report = until(told, what="the notice")[-1]
        self.assertIn(b"It is held until this server's administrators release it.", report)
        for name in (b"Will-Retry-Until:", b"Last-Attempt-Date:"):
            self.assertNotIn(name, report)
        self.server.cli("settings", "unset", "queue/hold")
        for held in self.queued("--state", "frozen"):
            self.assertIsNone(held["recipients"][0]["lastAttempt"])
            self.server.cli("queue", "thaw", held["id"])
        self.empty()

    def test_mail_for_a_mailbox_whose_back_end_is_away_is_taken(self):
        self.server.cli("service", "stop", "backend-1")
        try:
            with smtp(self.server, "smtp") as client:
                client.sendmail("someone@example.org", ["bob@example.test"], message(b"while away\r\n"))
            self.assertEqual(len(self.queued("--destination", "local")), 1)
        finally:
            self.server.cli("service", "start", "backend-1")
        until(lambda: [m for m in self.inbox("bob@example.test", "secret2") if b"while away" in m], 20)
        self.empty()
        self.assertEqual(len([m for m in self.inbox("bob@example.test", "secret2") if b"while away" in m]), 1)


class Postmaster(MailOut):
    """What nobody else can be told."""

    settings = {**SETTINGS, "smtp/1/relay-networks": "127.0.0.0/8", "directory/postmaster": "alice@example.test"}

    def test_a_report_that_nobody_takes_is_told_to_postmaster(self):
        self.sink.behaviour = "never"
        with smtp(self.server, "smtp") as client:
            client.sendmail("stranger@elsewhere.example", ["nobody@elsewhere.example"],
                            message(b"hello\r\n").replace(b"sender@example.org", b"stranger@elsewhere.example"))
        notice = self.report(b"stranger@elsewhere.example")
        self.assertIn(b"Subject: Postmaster notice", notice)
        self.assertIn(b"550 5.1.1", notice)
        self.empty()


class ByDomain(MailOut):
    """Mail goes to the servers that a domain names, and what a name server says decides who hears what."""

    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.dns = DNSServer()
        here = [a("127.0.0.1")]
        for owner in ("mx.far.test", "mx2.two.test", "plain.test"):
            cls.dns.rule(owner, here)
        cls.dns.rule("far.test", [mx(10, "mx.far.test")])
        # Nobody listens at the first of two.
        cls.dns.rule("mx1.two.test", [a("127.0.0.2")])
        cls.dns.rule("two.test", [mx(10, "mx1.two.test"), mx(20, "mx2.two.test")])
        cls.dns.rule("null.test", [mx(0, "")])
        cls.dns.rule("broken.test", lambda query: query.nothing(SERVFAIL))
        cls.server = Server({
            **SETTINGS, "outbound/port": str(cls.sink.port), "resolver/forwarders": cls.dns.address,
            "resolver/insecure-zones": "test", "resolver/unusable-addresses": "none", "resolver/timeout": "3s",
        }).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        cls.sink.stop()
        cls.dns.close()

    def test_to_the_domains_own_servers(self):
        self.submit(["a@far.test", "b@plain.test", "c@two.test"])
        wanted = {"a@far.test", "b@plain.test", "c@two.test"}
        until(lambda: wanted <= set(self.sink.recipients()), 20, "all to arrive")
        self.assertEqual([r for r in sorted(self.sink.recipients()) if r in wanted], sorted(wanted))

    def test_only_what_is_certain_goes_back(self):
        self.submit(["a@null.test"])
        self.assertIn(b"5.1.10", self.report(b"a@null.test"))
        self.submit(["a@nowhere.test"])
        self.assertIn(b"5.1.2", self.report(b"a@nowhere.test"))
        self.submit(["a@broken.test"])
        waiting = until(lambda: [m for m in self.queued("--to", "broken.test") if m["why"]], 20, "a reason")
        self.assertIn(waiting[0]["state"], ("retry", "active"))
        self.dns.rule("broken.test", [mx(10, "mx.far.test")])
        until(lambda: "a@broken.test" in self.sink.recipients(), 40, "the message to arrive")


class FewerWorkers(unittest.TestCase):
    def test_queues_of_workers_that_are_gone_are_looked_after(self):
        sink = Sink("later")
        server = Server({**SETTINGS, "transport/workers": "3", "outbound/smart-hosts": f"[127.0.0.1]:{sink.port}",
                         "transport/mode": "both"}).start()
        try:
            names = [f"m{number}@elsewhere.example" for number in range(24)]
            for name in names:
                with smtp(server, "submissions") as client:
                    client.login("alice@example.test", "secret1")
                    client.sendmail("alice@example.test", [name],
                                    message().replace(b"sender@example.org", b"alice@example.test"))
            until(lambda: len(server.cli("queue", "find", "--json").splitlines()) == len(names))
            server.stop()
            server.cli("settings", "set", "transport/workers", "1")
            sink.behaviour = "good"
            server.start()
            until(lambda: sorted(sink.recipients()) == sorted(names), 30, "all to arrive")
            until(lambda: not server.cli("queue", "find", "--json").strip(), 10, "the queues to be empty")
        finally:
            server.destroy()
            sink.stop()


class QueueKill(unittest.TestCase):
    """The transport is killed at random moments; what was acknowledged is counted at the other end."""

    def test_killed_under_load(self):
        from queuekill import run
        outcome = run(seconds=float(os.environ.get("MARTLET_QUEUE_KILL_SECONDS", "8")), senders=4)
        self.assertGreater(outcome["acknowledged"], 20, outcome)
        self.assertGreater(outcome["kills"], 2, outcome)
        self.assertEqual(outcome["lost"], [], outcome)
        self.assertEqual(outcome["doubled"], [], outcome)


if __name__ == "__main__":
    unittest.main()
