# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What tests of mail to other servers have in common: settings that do not wait, a server with a sink, and its queue."""
import json
import unittest

from clients import fetch, imap, smtp, uids
from messages import message
from server import Server
from server import until as until_within
from sink import Sink

SETTINGS = {
    "queue/retry": "500ms, 1s",
    "queue/in-doubt-wait": "500ms",
    "queue/low-disk": "0",
    "outbound/security": "none",
    "transport/local-delivery-deadline": "1s",
    "service/recovery": "restart 0s; reset 1s; breaker 1000",
}


def until(condition, timeout=30, what="it"):
    """As everywhere, with patience for a machine that has other things to do."""
    return until_within(condition, max(timeout, 30), what)


class MailOut(unittest.TestCase):
    """A server whose mail for others goes to one sink; tests begin with a sink that is good and empty."""

    settings = SETTINGS

    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.server = Server({**cls.settings, "outbound/smart-hosts": f"[127.0.0.1]:{cls.sink.port}"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        cls.sink.stop()

    def setUp(self):
        self.sink.behaviour = "good"
        self.sink.messages.clear()
        self.sink.unanswered.clear()

    def tearDown(self):
        """What a test that failed has left in the queue is no other test's matter."""
        for message in self.queued():
            self.server.run("queue", "freeze", message["id"])
            until(lambda: self.server.run("queue", "remove", message["id"]).returncode == 0
                  or not self.queued(), what="the queue to be cleared")

    def freeze(self, name):
        """Freezes what is queued for a recipient, and gives back its name once no try of it is under way."""
        waiting = until(lambda: self.queued("--to", name))[0]["id"]
        self.assertIn("frozen", self.server.cli("queue", "freeze", waiting))
        until(lambda: self.queued("--to", name, "--state", "frozen"), what="the try to be over")
        return waiting

    def submit(self, recipients, text=b"hello\r\n", options=(), sender="alice@example.test"):
        """Submits a message as alice, and gives back its octets."""
        octets = message(text).replace(b"sender@example.org", sender.encode())
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.sendmail(sender, recipients, octets, rcpt_options=list(options))
        return octets

    def queued(self, *options):
        return [json.loads(line) for line in self.server.cli("queue", "find", "--json", *options).splitlines()]

    def empty(self, timeout=30):
        until(lambda: not self.queued(), timeout, "the queue to be empty")

    def inbox(self, address="alice@example.test", password="secret1"):
        client = imap(self.server, address, password)
        return [fetch(client, uid) for uid in uids(client)]

    def report(self, text, timeout=30):
        """The newest message in alice's inbox that contains the text, once there is one."""
        return until(lambda: [m for m in self.inbox() if text in m], timeout, f"a report with {text}")[-1]
