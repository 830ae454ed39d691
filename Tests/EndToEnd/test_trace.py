# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""martlet trace: what is said in sessions of a peer or a domain, without secrets; and the log of commands."""
import base64
import glob
import json
import time
import unittest

from clients import Lines, smtp
from messages import message
from server import Server
from server import until as until_within
from sink import Sink


def until(condition, timeout=30, what="it"):
    return until_within(condition, max(timeout, 30), what)


class Trace(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.server = Server({
            "queue/low-disk": "0", "outbound/security": "none",
            "outbound/smart-hosts": f"[127.0.0.1]:{cls.sink.port}",
        }).start()

    @classmethod
    def tearDownClass(cls):
        cls.sink.stop()
        cls.server.destroy()

    def begin(self, *options):
        trace = json.loads(self.server.cli("trace", "start", "--json", *options))
        self.addCleanup(lambda: self.server.run("trace", "remove", trace["id"]))
        return trace["id"]

    def text(self, trace):
        return self.server.cli("trace", "show", trace)

    def submit(self, recipient, sender="alice@example.test"):
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.sendmail(sender, [recipient], message(b"inside-out\r\n").replace(b"sender@example.org", sender.encode()))

    def traced(self, trace, act, *texts):
        """What the trace has once all of the texts are in it; tries again, because a trace begins with a next session."""
        def has_all():
            act()
            end = time.monotonic() + 5
            while time.monotonic() < end:
                found = self.text(trace)
                if all(text in found for text in texts):
                    return found
                time.sleep(0.2)
            return None
        return until(has_all, 60, f"{texts} in the trace")

    def test_a_peer_is_traced_live_and_its_secrets_are_not(self):
        trace = self.begin("127.0.0.1", "--direction", "in")
        found = self.traced(trace, lambda: self.submit("bob@example.test"), "C: mail FROM:<alice@example.test>", "S: 250",
                            "octets of content", "logged on as", "TLS")
        self.assertIn("AUTH", found)
        for secret in ("secret1", base64.b64encode(b"\0alice@example.test\0secret1").decode(),
                       base64.b64encode(b"secret1").decode(), base64.b64encode(b"alice@example.test").decode()):
            self.assertNotIn(secret, found)
        self.assertNotIn("inside-out", found)
        # A password where a command is due, as a client may send it after AUTH was refused.
        def misplaced():
            with Lines(self.server, "smtp") as lines:
                lines.reply()
                lines.reply(b"EHLO client.example.org")
                lines.reply(b"AUTH LOGIN hunter22")
                lines.reply(b"aHVudGVyMjI=")
                lines.reply(b"QUIT")
        found = self.traced(trace, misplaced, "AUTH LOGIN ***", "(12 octets that are no command)")
        self.assertNotIn("hunter22", found)
        self.assertNotIn("aHVudGVyMjI", found)
        self.server.cli("trace", "stop", trace)
        state = next(t["state"] for t in json.loads(self.server.cli("trace", "list", "--json")) if t["id"] == trace)
        self.assertEqual(state, "stopped")
        self.server.event(9170, timeout=30)
        self.server.event(9171, timeout=30)

    def test_a_domain_is_traced_outbound_and_content_only_when_asked_for(self):
        bare = self.begin("elsewhere.example", "--direction", "out")
        full = self.begin("elsewhere.example", "--direction", "out", "--content")
        act = lambda: self.submit("carol@mail.elsewhere.example")
        found = self.traced(bare, act, "C: RCPT TO:<carol@mail.elsewhere.example>", "S: 250", "octets of content")
        self.assertNotIn("inside-out", found)
        self.assertNotIn(" in ", found)
        self.traced(full, act, "C| inside-out")
        self.submit("dave@other.example")
        until(lambda: "dave@other.example" in self.sink.recipients())
        time.sleep(1)
        self.assertNotIn("dave@other.example", self.text(bare))

    def test_an_inbound_domain_is_traced_from_its_first_line(self):
        trace = self.begin("traced.example", "--direction", "in")
        def talk(domain):
            with smtp(self.server, "smtp") as client:
                client.ehlo("client.example.org")
                client.mail(f"someone@{domain}")
                client.rcpt("bob@example.test")
        found = self.traced(trace, lambda: (talk("traced.example"), talk("silent.example")),
                            "C: ehlo client.example.org", "S: 220", "someone@traced.example")
        self.assertNotIn("silent.example", found)

    def test_it_ends_by_time_and_by_size(self):
        short = self.begin("127.0.0.1", "--for", "2s")
        small = self.begin("127.0.0.1", "--maximum-size", "1024")
        def states():
            self.submit("bob@example.test")
            found = {t["id"]: t for t in json.loads(self.server.cli("trace", "list", "--json"))}
            return found[short], found[small]
        short, small = until(lambda: (s := states())[0]["state"] != "on" and s[1]["state"] != "on" and s, 60)
        self.assertEqual((short["state"], small["state"]), ("over: its time", "over: its size"))
        self.assertLess(small["octets"], 4096)

    def test_what_is_no_subject_is_refused(self):
        for subject in ("192.0.2.0/99", "a b", "", "../x", "x" * 300):
            self.assertNotEqual(self.server.run("trace", "start", subject).returncode, 0, subject)
        self.assertNotEqual(self.server.run("trace", "start", "example.org", "--direction", "sideways").returncode, 0)
        self.assertNotEqual(self.server.run("trace", "show", "../../directory").returncode, 0)

    def test_commands_are_logged_in_the_extended_format(self):
        self.server.cli("settings", "set", "smtp-log/enabled", "true")
        self.addCleanup(lambda: self.server.cli("settings", "unset", "smtp-log/enabled"))
        def logged():
            self.submit("bob@example.test")
            time.sleep(1)
            files = glob.glob(self.server.folder + "/log/w3c/*-transport-1.1.log")
            return files and open(files[0]).read()
        text = until(logged)
        lines = text.splitlines()
        fields = next(line for line in lines if line.startswith("#Fields: ")).split()[1:]
        rows = [dict(zip(fields, line.split(" "))) for line in lines if not line.startswith("#")]
        self.assertTrue(all(len(line.split(" ")) == len(fields) for line in lines if not line.startswith("#")))
        mail = [row for row in rows if row["cs-method"] == "MAIL"][-1]
        self.assertEqual((mail["c-ip"], mail["sc-status"]), ("127.0.0.1", "250"))
        self.assertEqual(mail["cs-username"], "alice@example.test")
        self.assertTrue(any(row["cs-method"] == "DATA" and row["sc-status"] == "250" for row in rows))
        self.assertNotIn("secret1", text)
        self.assertNotIn(base64.b64encode(b"\0alice@example.test\0secret1").decode(), text)


if __name__ == "__main__":
    unittest.main()
