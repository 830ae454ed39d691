# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mail, through answers of any size and through lies: it arrives, or it waits; and the resolver may die meanwhile."""
import json
import os
import signal
import time
import unittest

import dnsserver
from clients import fetch, imap, smtp, uids
from dnsserver import MX, DNSServer, a, mx
from messages import message
from server import Server
from server import until as until_within
from sink import Sink
from test_resolver import SITUATIONS, mx_of

SIZES = (512, 1232, 1499, 1500, 1501, 4096, 65_535)
LIES = ("tcp-length-lies-up", "tcp-length-lies-down", "rdlength-lies-up", "rdlength-lies-down", "count-lies",
        "label-lies", "pointer-loop", "garbage", "half-an-answer", "truncated-tcp-too")


def until(condition, timeout=60, what="it"):
    return until_within(condition, max(timeout, 60), what)


class MailThroughAnswers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.dns = DNSServer()
        cls.lies = {name: DNSServer() for name in LIES}
        for number in (1, 2, 3):
            cls.dns.rule(f"mx{number}.sized.test", [a("127.0.0.1")])
        for size in SIZES:
            cls.dns.rule(f"s{size}.test", dnsserver.sized(size))
        for name, lab in cls.lies.items():
            SITUATIONS[name](lab, name + ".test")
        cls.server = Server({
            "queue/retry": "1s, 2s", "queue/low-disk": "0", "outbound/security": "none",
            "outbound/port": str(cls.sink.port), "resolver/forwarders": cls.dns.address,
            "resolver/zones": ", ".join(f"{name}.test {lab.address}" for name, lab in cls.lies.items()),
            "resolver/insecure-zones": "test", "resolver/unusable-addresses": "none", "resolver/timeout": "4s",
        }).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        cls.sink.stop()
        for lab in (cls.dns, *cls.lies.values()):
            lab.close()

    def submit(self, recipient):
        octets = message(b"for " + recipient.encode() + b"\r\n").replace(b"sender@example.org", b"alice@example.test")
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.sendmail("alice@example.test", [recipient], octets)
        return octets

    def queued(self, *options):
        return [json.loads(line) for line in self.server.cli("queue", "find", "--json", *options).splitlines()]

    def copies(self, recipient):
        return [m for m in self.sink.messages if recipient in m[1]]

    def test_answers_of_any_size(self):
        sent = {f"a@s{size}.test": self.submit(f"a@s{size}.test") for size in SIZES}
        for recipient, octets in sent.items():
            until(lambda: self.copies(recipient), what=f"mail to {recipient}")
            found = self.copies(recipient)
            self.assertEqual(len(found), 1)
            self.assertTrue(found[0][2].endswith(octets))

    def test_a_domain_that_leads_here_by_its_address_goes_back(self):
        """Under another name, or among others: RFC 5321 §5.1."""
        self.dns.rule("alias.here.test", [a("127.0.0.1")])
        self.dns.rule("elsewhere.here.test", [a("127.0.0.9")])
        self.dns.rule("here.test", [mx(10, "alias.here.test"), mx(20, "elsewhere.here.test")])
        self.dns.rule("bare.here.test", [a("127.0.0.1")])
        port = self.server.port("smtp")
        self.server.cli("settings", "set", "outbound/port", str(port))
        self.addCleanup(self.server.cli, "settings", "set", "outbound/port", str(self.sink.port))
        time.sleep(0.5)
        for name in ("here.test", "bare.here.test"):
            self.submit(f"a@{name}")

        def reports():
            client = imap(self.server, "alice@example.test", "secret1")
            found = [fetch(client, uid) for uid in uids(client)]
            client.logout()
            return [m for m in found if b"5.4.6" in m and b"here.test" in m]
        found = until(lambda: len(reports()) == 2 and reports(), what="two reports")
        for report in found:
            self.assertIn(b"The domain's mail comes to this server", report)

    def test_lies_keep_mail_and_no_more(self):
        before = self.server.workers("transport")
        for name in LIES:
            self.submit(f"a@{name}.test")
        for name in LIES:
            waiting = until(lambda: [m for m in self.queued("--to", f"a@{name}.test") if m["why"]], what=name)
            self.assertIn("is not known now", waiting[0]["why"], name)
        # Meanwhile other mail goes on its way.
        self.dns.rule("well.test", [a("127.0.0.1")])
        self.submit("a@well.test")
        until(lambda: self.copies("a@well.test"), what="other mail")
        self.assertEqual(self.server.workers("transport"), before)
        # Whoever tells the truth in the end has it, once.
        for name, lab in self.lies.items():
            lab.rule(f"mx.{name}.test", [a("127.0.0.1")])
            lab.rule(f"{name}.test", [mx(10, f"mx.{name}.test")])
        for name in LIES:
            until(lambda: self.copies(f"a@{name}.test"), 90, f"mail to {name}")
        until(lambda: not self.queued(), what="the queue to be empty")
        self.assertEqual([len(self.copies(f"a@{name}.test")) for name in LIES], [1] * len(LIES))

    def test_the_resolver_is_killed_in_the_middle_of_a_look_up(self):
        self.dns.rule("mx.slowly.test", [a("127.0.0.1")])
        names = [f"k{number}.slowly.test" for number in range(5)]

        def slowly(query):
            if query.type != MX:
                return query.nothing()
            time.sleep(1)
            return mx_of(query, mx(10, "mx.slowly.test"))
        for name in names:
            self.dns.rule(name, slowly)
        for name in names:
            self.submit(f"a@{name}")
            until(lambda: self.dns.asked(name, MX), what="the question")
            pid = self.server.workers("resolver").get("resolver-1")
            if pid:
                os.kill(pid, signal.SIGKILL)
            until(lambda: self.server.workers("resolver").get("resolver-1") not in (None, pid), what="its successor")
        for name in names:
            until(lambda: self.copies(f"a@{name}"), what=f"mail to {name}")
            self.assertEqual(len(self.copies(f"a@{name}")), 1)


if __name__ == "__main__":
    unittest.main()
