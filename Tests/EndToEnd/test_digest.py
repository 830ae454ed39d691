# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The daily report to postmaster, and the queue without a server."""
import json
import time
import unittest

from clients import fetch, imap, smtp, uids
from messages import message
from server import Server
from server import until as until_within
from sink import Sink


def until(condition, timeout=30, what="it"):
    return until_within(condition, max(timeout, 30), what)


class Digest(unittest.TestCase):
    def setUp(self):
        self.sink = Sink("never")
        self.server = Server({
            "queue/retry": "1h", "queue/low-disk": "0", "outbound/security": "none",
            "outbound/smart-hosts": f"[127.0.0.1]:{self.sink.port}", "directory/postmaster": "alice@example.test",
        }).start()

    def tearDown(self):
        self.server.destroy()
        self.sink.stop()

    def submit(self, *recipients):
        with smtp(self.server, "submissions") as client:
            client.login("bob@example.test", "secret2")
            client.sendmail("bob@example.test", recipients,
                            message(b"hello\r\n").replace(b"sender@example.org", b"bob@example.test"))

    def reports(self):
        client = imap(self.server, "alice@example.test", "secret1")
        return [text for text in (fetch(client, uid) for uid in uids(client)) if b"Subject: Daily report" in text]

    def test_what_failed_and_what_waits_is_told_once_a_day(self):
        self.submit("nobody@elsewhere.example")
        until(lambda: self.server.events(4117), what="the failure")
        self.sink.behaviour = "later"
        self.submit("patient@elsewhere.example")
        until(lambda: "retry" in self.server.cli("queue", "find", "--json"), what="the message to wait")
        text = self.server.cli("queue", "digest", "--since", "1h")
        self.assertIn("could not be delivered to: 1\n", text)
        self.assertIn("nobody@elsewhere.example", text)
        self.assertIn("Messages in the queue: 1\n", text)
        self.assertEqual(self.reports(), [])
        self.server.cli("queue", "digest", "--since", "1h", "--send")
        found = until(self.reports, what="the report")
        self.assertIn(b"Auto-Submitted: auto-generated", found[0])
        self.assertIn(b"nobody@elsewhere.example", found[0])
        # By itself: the time is now, and the last report was a moment ago.
        self.server.cli("settings", "set", "digest/enabled", "true")
        path = self.server.folder + "/queue/digest.json"
        def last():
            try:
                return json.load(open(path))["last"]
            except (OSError, ValueError):
                return None
        first = until(last, what="the beginning to be noted")
        with open(path, "w") as file:
            json.dump({"last": first - 86_400}, file)
        self.server.cli("settings", "set", "digest/time", time.strftime("%H:%M"))
        until(lambda: len(self.reports()) == 2, 60, what="the report by itself")
        self.assertGreaterEqual(until(lambda: last() > first - 60 and last()), first)
        time.sleep(12)
        self.assertEqual(len(self.reports()), 2)

    def test_the_queue_is_looked_at_and_changed_without_a_server(self):
        self.sink.behaviour = "later"
        self.submit("one@elsewhere.example")
        self.submit("two@elsewhere.example")
        rows = lambda: [json.loads(line) for line in self.server.cli("queue", "find", "--json").splitlines()]
        until(lambda: len([row for row in rows() if row["why"]]) == 2, what="both to wait")
        before = {row["id"]: row for row in rows()}
        self.server.stop()
        after = {row["id"]: row for row in rows()}
        self.assertEqual(set(after), set(before))
        for name, row in after.items():
            self.assertEqual((row["why"], row["sender"], row["messageId"]),
                             (before[name]["why"], before[name]["sender"], before[name]["messageId"]))
        first, second = sorted(after)
        self.assertIn("Messages: 2", self.server.cli("queue", "list"))
        self.assertIn("451", self.server.cli("queue", "why", first))
        self.assertIn("one@elsewhere.example", self.server.cli("queue", "show", first))
        self.assertIn("hello", self.server.cli("queue", "export", first))
        self.server.cli("queue", "freeze", second)
        self.server.cli("queue", "remove", first)
        self.assertNotEqual(self.server.run("queue", "force", second).returncode, 0)
        self.assertNotEqual(self.server.run("queue", "return", second).returncode, 0)
        self.assertEqual([(row["id"], row["state"]) for row in rows()], [(second, "frozen")])
        self.sink.behaviour = "good"
        self.server.start()
        self.assertEqual([(row["id"], row["state"]) for row in rows()], [(second, "frozen")])
        self.server.cli("queue", "thaw", second)
        self.server.cli("queue", "force", second)
        until(lambda: self.sink.recipients() == ["two@elsewhere.example"], what="the message to go out")


if __name__ == "__main__":
    unittest.main()
