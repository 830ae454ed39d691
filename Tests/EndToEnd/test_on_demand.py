# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mail that is held until a branch office dials in and asks for it (ATRN, RFC 2645)."""
import json
import os
import signal
import smtplib
import socket
import struct
import time
import unittest

from clients import smtp
from messages import message
from server import Server, tls_context
from server import until as until_within
from sink import Sink

REQUIRING = (*Sink.offers, "REQUIRETLS")


def until(condition, timeout=30, what="it"):
    return until_within(condition, max(timeout, 30), what)


class Branch(unittest.TestCase):
    """A server that holds mail for a branch, and the branch."""

    # What was not taken waits for the next call, not for its own time.
    settings = {"queue/retry": "1h", "queue/low-disk": "0", "queue/in-doubt-wait": "500ms"}
    listener = "submissions"

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.settings).start()
        cls.server.cli("connector", "add", "branch", "--space", "branch.test", "--space", "*.branch.test", "--held",
                       "yes", "--relay-user", "bob@example.test")
        time.sleep(0.4)

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def submit(self, recipient, text=b"hello\r\n", options=()):
        octets = message(text).replace(b"sender@example.org", b"alice@example.test")
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.sendmail("alice@example.test", [recipient], octets, mail_options=options)
        return octets

    def queued(self, *options):
        return [json.loads(line) for line in self.server.cli("queue", "find", "--json", *options).splitlines()]

    def dial(self, user="bob@example.test", password="secret2"):
        client = smtp(self.server, self.listener)
        self.addCleanup(client.close)
        client.login(user, password)
        client.ehlo()
        return client

    def wait_for_quiet(self):
        """Until nothing of the last call is under way: what is, the next call leaves alone."""
        until(lambda: all(found["state"] in ("remote", "retry") for found in self.queued()), what="all to wait")

    def fetch_all(self):
        """Asks until nothing is held any more; what came."""
        found = []

        def fetched():
            sink = self.fetch()
            if sink:
                found.extend(sink.recipients())
            return not self.queued()
        until(fetched, what="all to be fetched")
        return found

    def fetch(self, domains="", behaviour="good", offers=Sink.offers, sink=None):
        """Asks, becomes the server, and gives back what came; None when there is nothing."""
        def asked():
            client = self.dial()
            answer = client.docmd("ATRN", domains)
            # Not now: the end of the last call is still under way.
            return answer[0] != 451 and (client, *answer)
        client, code, text = until(asked, what="a call to be answered")
        if code == 453:
            return None
        self.assertEqual(code, 250, text)
        # A sink whose own port nobody knows: it serves the connection that was turned round.
        sink = sink or Sink(behaviour)
        sink.offers = offers
        self.addCleanup(sink.stop)
        try:
            sink.talk(client.sock, client.sock.makefile("rb"))
        except OSError:
            pass
        client.close()
        return sink


class HangsUp(Sink):
    """A branch that goes away at some recipients' mail: at RCPT, at DATA, or when it has had all of it ("content")."""

    def __init__(self, *recipients, at="DATA"):
        super().__init__()
        self.recipients_at_which, self.at = {recipient.encode() for recipient in recipients}, at

    def talk(self, connection, lines):
        super().talk(connection, Deaf(lines, self.recipients_at_which, self.at.encode()))

    def take(self, connection, lines, sender, recipients, begun=0.0):
        if not any(recipient.encode() in self.recipients_at_which for recipient in recipients):
            return super().take(connection, lines, sender, recipients, begun)
        while lines.readline() != b".\r\n":
            pass
        return False


class Deaf:
    """Lines, up to where somebody hangs up."""

    def __init__(self, lines, recipients, at):
        self.lines, self.recipients, self.at = lines, recipients, at
        self.is_its_turn = False

    def readline(self):
        line = self.lines.readline()
        if line.startswith(b"RCPT"):
            self.is_its_turn = line.split(b"<")[1].split(b">")[0] in self.recipients
        return b"" if self.is_its_turn and line.startswith(self.at) else line


class OnDemand(Branch):
    def test_who_may_ask(self):
        with smtp(self.server, "submissions") as client:
            self.assertNotIn(b"ATRN", client.ehlo()[1])
            self.assertEqual(client.docmd("ATRN")[0], 530)
        client = self.dial("alice@example.test", "secret1")
        self.assertEqual(client.docmd("ATRN")[0], 450)
        client = self.dial()
        self.assertTrue(client.has_extn("atrn"))
        self.assertEqual(client.docmd("ATRN", "other.test")[0], 450)
        self.assertEqual(client.docmd("ATRN", "not a domain")[0], 501)
        client.mail("bob@example.test")
        self.assertEqual(client.docmd("ATRN")[0], 503)
        with smtp(self.server, "smtp") as stranger:
            stranger.ehlo()
            self.assertEqual(stranger.docmd("ATRN", "branch.test")[0], 502)

    def test_what_is_held_is_fetched(self):
        sent = {f"u{number}@branch.test": self.submit(f"u{number}@branch.test", b"%d\r\n" % number)
                for number in range(12)}
        sent["x@west.branch.test"] = self.submit("x@west.branch.test")
        self.assertEqual({m["state"] for m in self.queued()}, {"remote"})
        self.assertIn("Held by connector branch", self.queued()[0]["why"])
        listed = {row["name"]: row for row in json.loads(self.server.cli("queue", "list", "--json"))}
        self.assertEqual({row["state"] for row in listed.values()}, {"remote"})
        for row in listed.values():
            self.assertIn("Held by connector branch", row["why"])
        # Only one of the two domains, and then the rest.
        west = self.fetch("west.branch.test")
        self.assertEqual(west.recipients(), ["x@west.branch.test"])
        rest = self.fetch()
        got = {recipients[0]: octets for _, recipients, octets in west.messages + rest.messages}
        self.assertEqual(sorted(rest.recipients() + west.recipients()), sorted(sent))
        for recipient, octets in sent.items():
            self.assertTrue(got[recipient].endswith(octets))
        self.assertEqual(self.queued(), [])
        self.assertIsNone(self.fetch())
        self.server.event(9381)

    def test_what_requires_tls_goes_to_who_will_require_it(self):
        self.submit("r@branch.test", options=["REQUIRETLS"])
        self.submit("s@branch.test")
        self.assertEqual(self.fetch().recipients(), ["s@branch.test"])
        self.assertEqual(self.fetch().recipients(), [])
        self.assertEqual(len(self.queued()), 1)
        self.assertEqual(self.fetch(offers=REQUIRING).recipients(), ["r@branch.test"])
        self.assertEqual(self.queued(), [])

    def test_who_hangs_up_has_it_the_next_time(self):
        names = [f"h{number}@branch.test" for number in range(4)]
        for name in names:
            self.submit(name)
        until(lambda: sum("Held by" in found["why"] for found in self.queued()) == len(names), what="all to be held")
        # Turned round, and gone without a word.
        client = self.dial()
        self.assertEqual(client.docmd("ATRN", "branch.test")[0], 250)
        client.close()
        # Gone in the middle of a message, which was not sent to its end.
        self.fetch(behaviour="dropdata")
        self.assertEqual(len(self.queued()), 4)

        found = self.fetch_all()
        self.assertEqual(sorted(found), names)

    def test_what_breaks_the_connection_goes_last_the_next_time(self):
        for at in ("DATA", "RCPT"):
            names = [f"n{number}@branch.test" for number in range(4)]
            self.submit("p@branch.test")
            for name in names:
                self.submit(name)
            first = self.fetch(sink=HangsUp("p@branch.test", at=at)).recipients()
            self.wait_for_quiet()
            waiting = {found["recipients"][0]["recipient"].strip("<>"): found for found in self.queued()}
            self.assertEqual(sorted(waiting), sorted({*names, "p@branch.test"} - {*first}))
            broke = waiting.pop("p@branch.test")["recipients"][0]
            self.assertEqual(broke["attempts"], 1)
            # Nobody tried the others, and nothing says so.
            for found in waiting.values():
                self.assertEqual((found["recipients"][0]["attempts"], found["state"]), (0, "remote"))
                self.assertIn("Held by connector branch", found["why"])
            second = self.fetch(sink=HangsUp("p@branch.test", at=at)).recipients()
            self.assertEqual(sorted(first + second), names)
            self.assertEqual([found["recipients"][0]["attempts"] for found in self.queued()], [2])
            self.assertEqual(self.fetch().recipients(), ["p@branch.test"])
            self.assertEqual(self.queued(), [])

    def test_who_called_is_known_by_its_address(self):
        self.submit("w@branch.test")
        self.fetch(sink=HangsUp("w@branch.test"))
        shown = until(lambda: [found for found in self.queued() if found["recipients"][0]["host"]], what="an attempt")
        self.assertEqual(shown[0]["recipients"][0]["host"], "127.0.0.1")
        self.assertRegex(shown[0]["recipients"][0]["reply"], r"127\.0\.0\.1:\d+: ")
        said = self.server.cli("queue", "show", shown[0]["id"]) + self.server.cli("queue", "why", shown[0]["id"])
        self.assertNotIn("atrn-", said)
        self.assertEqual(self.fetch().recipients(), ["w@branch.test"])
        # The log of steps is written a moment later.
        tracked = until(self.delivery_of("w@branch.test"), what="the delivery to be tracked")
        self.assertIn("127.0.0.1", tracked)
        self.assertNotIn("atrn-", tracked)

    def delivery_of(self, recipient):
        """Asks for what is known of a message, until it is known to be delivered."""
        def known():
            result = self.server.run("track", "--recipient", recipient, "--json")
            self.assertIn(result.returncode, (0, 1), result.stderr)
            steps = [step for found in json.loads(result.stdout)["messages"] for step in found["steps"]]
            return any((step["stage"], step["outcome"]) == ("attempt", "delivered") for step in steps) and result.stdout
        return known

    def test_what_was_held_goes_once_its_connector_holds_nothing(self):
        sink = Sink()
        self.addCleanup(sink.stop)
        self.server.cli("connector", "add", "freed", "--space", "freed.test", "--smart-host",
                        f"[127.0.0.1]:{sink.port}", "--security", "none", "--held", "yes")
        self.addCleanup(self.server.cli, "connector", "remove", "freed")
        time.sleep(0.4)
        self.submit("f@freed.test")
        self.assertIn("Held by connector freed", [found["why"] for found in self.queued()][0])
        self.server.cli("connector", "set", "freed", "--held", "no")
        until(lambda: sink.recipients() == ["f@freed.test"], what="it to be sent")


class TwoConnectors(Branch):
    """One user, two connectors: one call fetches the mail of both, a message at a time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.cli("connector", "add", "annex", "--space", "annex.test", "--held", "yes",
                       "--relay-user", "bob@example.test")
        time.sleep(0.4)

    def test_one_call_fetches_the_mail_of_both(self):
        names = [f"u{number}@{domain}.test" for number in range(10) for domain in ("branch", "annex")]
        for name in names:
            self.submit(name)
        self.assertEqual(sorted(self.fetch().recipients()), sorted(names))
        self.assertEqual(self.queued(), [])
        # Nobody found the connection taken, and took that for a host that is away.
        self.assertEqual(self.server.events(4000), [])

    def test_a_domain_of_one_of_them(self):
        self.submit("x@branch.test")
        self.submit("y@annex.test")
        self.assertEqual(self.fetch("annex.test").recipients(), ["y@annex.test"])
        self.assertEqual(self.fetch().recipients(), ["x@branch.test"])


class SeveralWorkers(Branch):
    """Mail waits in the queue of whichever worker took it; whichever takes the call sends it."""

    settings = {**Branch.settings, "transport/workers": "3"}

    def held(self, prefix, count=6, options=()):
        """Has each worker take so many messages, and gives back their recipients."""
        names = []
        workers = self.server.workers("transport")
        for taking in sorted(workers):
            others = [pid for worker, pid in workers.items() if worker != taking]
            try:
                for pid in others:
                    os.kill(pid, signal.SIGSTOP)
                for _ in range(count):
                    names.append(f"{prefix}{len(names)}@branch.test")
                    self.submit(names[-1], names[-1].encode() + b"\r\n", options)
            finally:
                for pid in others:
                    os.kill(pid, signal.SIGCONT)
        rows = [row for row in json.loads(self.server.cli("queue", "list", "--json")) if row["name"].startswith("branch/")]
        self.assertEqual([row["recipients"] for row in rows], [count] * 3)
        return names

    def test_one_call_fetches_what_is_in_all_queues(self):
        names = self.held("a")
        sink = self.fetch()
        self.assertEqual(sorted(sink.recipients()), sorted(names))
        for _, recipients, octets in sink.messages:
            self.assertTrue(octets.endswith(recipients[0].encode() + b"\r\n"))
        self.assertEqual(self.queued(), [])
        self.assertIsNone(self.fetch())

    def test_a_loan_is_as_protected_as_what_is_lent(self):
        names = self.held("r", 2, ["REQUIRETLS"])
        self.assertEqual(self.fetch().recipients(), [])
        self.assertEqual(sorted(self.fetch(offers=REQUIRING).recipients()), sorted(names))
        self.assertEqual(self.queued(), [])

    def test_domains_hold_for_all_queues(self):
        names = self.held("d")
        self.submit("x@west.branch.test")
        self.assertEqual(self.fetch("west.branch.test").recipients(), ["x@west.branch.test"])
        self.assertEqual(sorted(self.fetch("branch.test").recipients()), sorted(names))

    def test_who_hangs_up_has_it_the_next_time(self):
        names = self.held("h")
        self.fetch(behaviour="dropdata")
        self.assertEqual(len(self.queued()), len(names))
        found = self.fetch_all()
        self.assertEqual(sorted(found), sorted(names))

    def test_what_breaks_the_connection_goes_last_wherever_it_waits(self):
        names = self.held("b")
        # The oldest that each worker has.
        breaking = names[::6]
        found = []
        # Each breaks one call, before it is known for it.
        for _ in range(4):
            found += self.fetch(sink=HangsUp(*breaking)).recipients()
            self.wait_for_quiet()
        self.assertEqual(sorted(found), sorted({*names} - {*breaking}))
        # What is new goes before them.
        self.submit("last@branch.test")
        found += self.fetch(sink=HangsUp(*breaking, at="content")).recipients()
        self.assertIn("last@branch.test", found)
        names.append("last@branch.test")
        # Whoever had all of it may have taken it: it goes again when that has been waited for.
        found += self.fetch_all()
        self.assertEqual(sorted(found), sorted(names))

    def test_who_is_gone_before_the_answer_keeps_nobody_out(self):
        names = self.held("g", 1)
        others = list(self.server.workers("transport").values())[1:]
        try:
            for pid in others:
                os.kill(pid, signal.SIGSTOP)
            client = self.dial()
            client.sock.sendall(b"ATRN\r\n")
            # Gone without a goodbye while the others are asked what they have, which takes until they go on.
            time.sleep(0.5)
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)
        found = []

        def fetched():
            call = self.dial()
            code, _ = call.docmd("ATRN", "")
            self.assertIn(code, (250, 451, 453))
            if code == 250:
                sink = Sink()
                self.addCleanup(sink.stop)
                try:
                    sink.talk(call.sock, call.sock.makefile("rb"))
                except OSError:
                    pass
                found.extend(sink.recipients())
            call.close()
            return not self.queued()
        until(fetched, what="all to be fetched")
        self.assertEqual(sorted(found), sorted(names))

    def test_a_lender_dies(self):
        names = self.held("k")
        calls = [self.dial() for _ in range(3)]
        self.assertEqual(calls[0].docmd("ATRN", "")[0], 250)
        for pid in self.server.workers("transport").values():
            os.kill(pid, signal.SIGKILL)
        for call in calls:
            call.close()
        until(lambda: self.server.answers("submissions"), what="an answer")
        found = []

        def fetched():
            try:
                sink = self.fetch()
            except (OSError, smtplib.SMTPException, AssertionError):
                return False
            if sink:
                found.extend(sink.recipients())
            return not self.queued()
        until(fetched, 60, "all to be fetched")
        self.assertEqual(sorted(found), sorted(names))


class PortOfItsOwn(Branch):
    """RFC 2645 §2: port 366."""

    settings = {**Branch.settings, "smtp/odmr/listen": "127.0.0.1:366", "smtp/odmr/service": "submission"}

    def dial(self, user="bob@example.test", password="secret2"):
        client = smtplib.SMTP("127.0.0.1", self.server.base + 366, timeout=20)
        self.addCleanup(client.close)
        client.ehlo()
        client.starttls(context=tls_context())
        client.login(user, password)
        client.ehlo()
        return client

    def test_mail_is_fetched_there(self):
        octets = self.submit("p@branch.test")
        sink = self.fetch()
        self.assertEqual(sink.recipients(), ["p@branch.test"])
        self.assertTrue(sink.messages[0][2].endswith(octets))


if __name__ == "__main__":
    unittest.main()
