# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""martlet track: the life of a message across receive, queue, delivery and store; after kill -9; without a server."""
import json
import os
import re
import signal
import time
import unittest

from clients import smtp
from mailout import SETTINGS, MailOut, until
from server import Server
from sink import Sink


class Track(MailOut):
    def submit(self, *recipients, sender="alice@example.test"):
        """Submits a message; its Message-ID."""
        octets = super().submit(recipients, sender=sender)
        return re.search(rb"(?mi)^Message-ID: *(\S+)", octets)[1].decode()

    def track(self, *options):
        """What is found; nothing is no error here."""
        result = self.server.run("track", "--json", *options)
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return json.loads(result.stdout)

    def steps(self, *options, having, count=1):
        """The steps of the only message that is found, once there are so many of (stage, outcome)."""
        def found():
            messages = self.track(*options)["messages"]
            steps = messages[0]["steps"] if len(messages) == 1 else []
            good = [step for step in steps if (step["stage"], step["outcome"]) == having]
            return steps if len(good) >= count else None
        return until(found, what=f"{having} of {options}")

    def test_a_message_for_a_mailbox_here(self):
        message_id = self.submit("bob@example.test")
        steps = self.steps("--message-id", message_id, having=("store", "stored"))
        stages = [(step["stage"], step["outcome"]) for step in steps]
        self.assertEqual(sorted(stages), [("deliver", "delivered"), ("receive", "accepted"), ("store", "stored")])
        store = next(step for step in steps if step["stage"] == "store")
        self.assertEqual(store["recipients"], ["bob@example.test"])
        self.assertEqual((store["details"]["mailbox"], store["process"]), ("INBOX", "backend-1"))
        self.assertGreater(int(store["details"]["uid"]), 0)
        receive = next(step for step in steps if step["stage"] == "receive")
        self.assertEqual((receive["user"], receive["sender"]), ("alice@example.test", "alice@example.test"))
        self.assertTrue(receive["reply"].startswith("250 2.0.0 "), receive)
        self.assertIn("TLSv1", receive["details"]["tls"])

    def test_every_try_of_a_message_for_elsewhere_has_the_final_reply(self):
        self.sink.behaviour = "later"
        message_id = self.submit("tries@elsewhere.example")
        self.steps("--recipient", "tries@elsewhere.example", having=("attempt", "deferred"), count=2)
        self.sink.behaviour = "good"
        steps = self.steps("--message-id", message_id.strip("<>"), having=("attempt", "delivered"))
        tries = [step for step in steps if step["stage"] == "attempt"]
        self.assertTrue(all(step["reply"].startswith("451 ") and step["next"] for step in tries[:-1]), tries)
        self.assertTrue(tries[-1]["reply"].startswith("250 "), tries)
        self.assertEqual([step["details"]["attempt"] for step in tries], [str(n + 1) for n in range(len(tries))])
        queued = next(step for step in steps if step["stage"] == "queue")
        by_queue_id = self.track("--queue-id", queued["queueId"])["messages"]
        self.assertEqual(by_queue_id[0]["trace"], self.track("--message-id", message_id)["messages"][0]["trace"])
        text = self.server.cli("track", "--message-id", message_id)
        self.assertRegex(text, r"attempt deferred tries@elsewhere\.example: 451 ")
        self.assertRegex(text, r"attempt delivered tries@elsewhere\.example: 250 ")

    def test_a_refusal_and_its_report(self):
        self.sink.behaviour = "never"
        message_id = self.submit("nobody@elsewhere.example")
        steps = self.steps("--message-id", message_id, having=("report", "queued"))
        self.assertTrue(any(s["outcome"] == "bounced" and s["reply"].startswith("550 ") for s in steps), steps)
        report = next(step for step in steps if step["stage"] == "report")
        self.assertEqual(report["recipients"], ["nobody@elsewhere.example"])
        self.assertEqual(report["details"]["to"], "alice@example.test")
        self.steps("--trace", report["details"]["report-trace"], having=("store", "stored"))

    def test_what_rcpt_refuses_is_known_too(self):
        with smtp(self.server, "smtp") as client:
            client.ehlo("client.example.org")
            client.mail("stranger@example.net")
            self.assertEqual(client.rcpt("nobody@example.test")[0], 550)
        steps = self.steps("--sender", "example.net", "--recipient", "nobody@example.test", having=("recipient", "refused"))
        self.assertTrue(steps[0]["reply"].startswith("550 5.1.1 "))

    def test_what_an_administrator_does_is_known_too(self):
        self.sink.behaviour = "later"
        message_id = self.submit("taken-out@elsewhere.example")
        steps = self.steps("--message-id", message_id, having=("queue", "queued"))
        queue_id = next(step["queueId"] for step in steps if step["stage"] == "queue")
        self.server.cli("queue", "freeze", queue_id)
        until(lambda: self.server.run("queue", "remove", queue_id).returncode == 0)
        steps = self.steps("--message-id", message_id, having=("queue", "removed"))
        self.assertIn(("queue", "frozen"), [(step["stage"], step["outcome"]) for step in steps])

    def test_nothing_known_and_nothing_asked(self):
        self.assertEqual(self.server.run("track", "--message-id", "no@where").returncode, 1)
        self.assertEqual(self.server.run("track").returncode, 64)
        self.assertEqual(self.server.run("track", "--since", "yesterday").returncode, 64)

    def test_switched_off_live(self):
        self.server.cli("settings", "set", "tracking/enabled", "false")
        try:
            def is_off():
                # What is kept is there within a fraction of a second; the setting may take a moment to arrive.
                message_id = self.submit("bob@example.test")
                time.sleep(1)
                return not self.track("--message-id", message_id)["messages"]
            until(is_off, what="nothing to be kept")
        finally:
            self.server.cli("settings", "unset", "tracking/enabled")


class AfterDeath(unittest.TestCase):
    def test_the_log_survives_kill_9_says_what_it_lacks_and_is_read_without_a_server(self):
        with_sink = Sink()
        server = Server({**SETTINGS, "outbound/smart-hosts": f"[127.0.0.1]:{with_sink.port}"}).start()
        try:
            case = Track()
            case.server = server
            first = case.submit("one@elsewhere.example")
            case.steps("--message-id", first, having=("attempt", "delivered"))
            old = server.workers("transport")["transport-1"]
            os.kill(old, signal.SIGKILL)
            until(lambda: server.workers("transport").get("transport-1", old) != old)
            second = until(lambda: self.submitted(case), what="a message to be taken")
            case.steps("--message-id", second, having=("attempt", "delivered"))
            # The second may have come before the gap was noted; the third cannot have.
            third = case.submit("three@elsewhere.example")
            case.steps("--message-id", third, having=("attempt", "delivered"))
            gaps = case.track("--message-id", first)["gaps"]
            self.assertTrue(any(gap["process"] == "transport-1" for gap in gaps), gaps)
            self.assertIn("Missing: transport-1", server.cli("track", "--message-id", first))
            server.stop()
            self.assertEqual(len(case.track("--message-id", first)["messages"]), 1)
            self.assertEqual(len(case.track("--message-id", second)["messages"]), 1)
            self.assertEqual(case.track("--message-id", third)["gaps"], [])
        finally:
            server.destroy()
            with_sink.stop()

    @staticmethod
    def submitted(case):
        try:
            return case.submit("two@elsewhere.example")
        except OSError:
            return None


if __name__ == "__main__":
    unittest.main()
