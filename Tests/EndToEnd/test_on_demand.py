# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mail that is held until a branch office dials in and asks for it (ATRN, RFC 2645)."""
import json
import time
import unittest

from clients import smtp
from messages import message
from server import Server
from server import until as until_within
from sink import Sink


def until(condition, timeout=30, what="it"):
    return until_within(condition, max(timeout, 30), what)


class OnDemand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"queue/retry": "500ms, 1s", "queue/low-disk": "0", "queue/in-doubt-wait": "500ms"}).start()
        cls.server.cli("connector", "add", "branch", "--space", "branch.test", "--space", "*.branch.test", "--held",
                       "yes", "--relay-user", "bob@example.test")
        time.sleep(0.4)

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def submit(self, recipient, text=b"hello\r\n"):
        octets = message(text).replace(b"sender@example.org", b"alice@example.test")
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.sendmail("alice@example.test", [recipient], octets)
        return octets

    def queued(self, *options):
        return [json.loads(line) for line in self.server.cli("queue", "find", "--json", *options).splitlines()]

    def dial(self, user="bob@example.test", password="secret2"):
        client = smtp(self.server, "submissions")
        self.addCleanup(client.close)
        client.login(user, password)
        client.ehlo()
        return client

    def fetch(self, domains="", behaviour="good"):
        """Asks, becomes the server, and gives back what came; None when there is nothing."""
        client = self.dial()
        code, text = client.docmd("ATRN", domains)
        if code == 453:
            return None
        self.assertEqual(code, 250, text)
        # A sink whose own port nobody knows: it serves the connection that was turned round.
        sink = Sink(behaviour)
        self.addCleanup(sink.stop)
        try:
            sink.talk(client.sock, client.sock.makefile("rb"))
        except OSError:
            pass
        client.close()
        return sink

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

    def test_who_hangs_up_has_it_the_next_time(self):
        names = [f"h{number}@branch.test" for number in range(4)]
        for name in names:
            self.submit(name)
        # Turned round, and gone without a word.
        client = self.dial()
        self.assertEqual(client.docmd("ATRN", "branch.test")[0], 250)
        client.close()
        # Gone in the middle of a message, which was not sent to its end.
        self.fetch(behaviour="dropdata")
        self.assertEqual(len(self.queued()), 4)

        found = []

        def fetched():
            sink = self.fetch()
            if sink:
                found.extend(sink.recipients())
            return not self.queued()
        until(fetched, what="all to be fetched")
        self.assertEqual(sorted(found), names)


if __name__ == "__main__":
    unittest.main()
