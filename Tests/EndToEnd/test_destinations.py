# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Rules for single domains, domains that have the same servers, and senders whose domain takes no mail."""
import json
import time
import unittest

from clients import fetch, imap, smtp, uids
from dnsserver import DNSServer, a, mx
from messages import message
from server import Server
from server import until as until_within
from sink import Sink


def until(condition, timeout=30, what="it"):
    return until_within(condition, max(timeout, 30), what)


class Destinations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.dns = DNSServer()
        cls.dns.rule("mx.provider.test", [a("127.0.0.1")])
        for number in range(4):
            cls.dns.rule(f"d{number}.test", [mx(10, "mx.provider.test")])
        cls.dns.rule("own.test", [a("127.0.0.1")])
        cls.dns.rule("nomail.test", [mx(0, "")])
        cls.server = Server({
            "queue/retry": "1s", "queue/low-disk": "0", "outbound/port": str(cls.sink.port),
            "resolver/forwarders": cls.dns.address, "resolver/insecure-zones": "test",
            "resolver/unusable-addresses": "none", "resolver/timeout": "3s",
        }).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        cls.sink.stop()
        cls.dns.close()

    def setUp(self):
        self.sink.behaviour = "good"
        self.sink.messages.clear()

    def cli(self, *arguments):
        answer = self.server.cli(*arguments)
        time.sleep(0.4)
        return answer

    def submit(self, *recipients, text=b"hello\r\n"):
        octets = message(text).replace(b"sender@example.org", b"alice@example.test")
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.sendmail("alice@example.test", recipients, octets)

    def queued(self, *options):
        return [json.loads(line) for line in self.server.cli("queue", "find", "--json", *options).splitlines()]

    def test_domains_of_the_same_servers_wait_together(self):
        names = [f"a@d{number}.test" for number in range(4)]
        for name in names:
            self.submit(name)
        until(lambda: sorted(self.sink.recipients()) == names, what="all to arrive")
        self.sink.behaviour = "later"
        for name in names:
            self.submit(name)
        waiting = until(lambda: len(found := self.queued("--state", "retry")) == 4 and found, what="all to wait")
        destinations = {m["destination"] for m in waiting}
        self.assertEqual(len(destinations), 1, destinations)
        self.assertRegex(destinations.pop(), r"^mx:d\d\.test$")
        self.sink.behaviour = "good"
        self.sink.messages.clear()
        until(lambda: sorted(self.sink.recipients()) == names, what="all to arrive")
        # Each went as mail of its own domain.
        self.assertEqual(sorted(len(m[1]) for m in self.sink.messages), [1, 1, 1, 1])

    def test_the_life_of_a_rule(self):
        self.cli("destination", "add", "slow", "--domain", "own.test", "--domain", "*.own.test", "--connections", "1",
                 "--recipients-per-message", "2", "--maximum-size", "64KiB", "--retry", "300ms, 2s")
        listed = json.loads(self.server.cli("destination", "list", "--json"))
        self.assertEqual([(r["name"], r["domains"], r["connections"], r["retry"]) for r in listed],
                         [("slow", ["own.test", "*.own.test"], 1, "300ms, 2s")])
        explained = json.loads(self.server.cli("route", "explain", "a@own.test", "--json"))
        self.assertEqual(explained["rule"], "slow")
        # More recipients than one transaction may have make several.
        self.submit(*(f"r{number}@own.test" for number in range(5)))
        until(lambda: len(self.sink.recipients()) == 5, what="all to arrive")
        self.assertEqual(sorted(len(m[1]) for m in self.sink.messages), [1, 2, 2])
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.ehlo()
            client.docmd("MAIL", "FROM:<alice@example.test> SIZE=100000")
            code, text = client.rcpt("a@own.test")
            self.assertEqual((code, text[:5]), (552, b"5.3.4"))
            self.assertEqual(client.rcpt("a@d1.test")[0], 250)
        # TLS that the server does not have: the message waits.
        self.cli("destination", "set", "slow", "--security", "require")
        self.submit("tls@own.test")
        waiting = until(lambda: [m for m in self.queued("--to", "tls@own.test") if m["why"]], what="a reason")
        self.assertIn("TLS", waiting[0]["why"])
        self.cli("destination", "set", "slow", "--security", "")
        until(lambda: "tls@own.test" in self.sink.recipients(), what="the message to arrive")
        self.assertNotEqual(self.server.run("destination", "set", "slow", "--connector", "nowhere").returncode, 0)
        self.assertNotEqual(self.server.run("destination", "add", "slow", "--domain", "x.test").returncode, 0)
        self.assertNotEqual(self.server.run("destination", "add", "bad", "--domain", "a b").returncode, 0)
        self.cli("destination", "remove", "slow")
        self.assertEqual(json.loads(self.server.cli("destination", "list", "--json")), [])
        self.assertNotIn("destination/slow", self.server.cli("settings", "list"))

    def test_a_rule_has_an_end_of_its_own(self):
        self.cli("destination", "add", "hasty", "--domain", "own.test", "--expire", "2s")
        self.addCleanup(self.cli, "destination", "remove", "hasty")
        self.assertEqual(json.loads(self.server.cli("destination", "list", "--json"))[0]["expire"], "2s")
        self.sink.behaviour = "later"
        self.submit("x@own.test", "x@d1.test")

        def report():
            client = imap(self.server, "alice@example.test", "secret1")
            found = [fetch(client, uid) for uid in uids(client)]
            return [m for m in found if b"Action: failed" in m and b"x@own.test" in m]
        self.assertNotIn(b"x@d1.test", until(report, what="the report")[0].split(b"message/rfc822")[0])
        # The other recipient of the same message waits on.
        self.assertEqual([m["state"] for m in self.queued("--to", "x@d1.test")], ["retry"])
        self.sink.behaviour = "good"
        until(lambda: "x@d1.test" in self.sink.recipients(), what="the other to arrive")
        self.assertNotIn("x@own.test", self.sink.recipients())

    def test_senders_whose_domain_takes_no_mail(self):
        def answer(sender):
            with smtp(self.server) as client:
                client.ehlo()
                return client.mail(sender)

        self.assertEqual(answer("x@nomail.test")[0], 250)
        self.cli("settings", "set", "smtp/1/refuse-null-mx-senders", "yes")
        self.addCleanup(self.cli, "settings", "unset", "smtp/1/refuse-null-mx-senders")
        code, text = until(lambda: (found := answer("x@nomail.test"))[0] == 550 and found, what="the refusal")
        self.assertEqual((code, text[:6]), (550, b"5.7.27"))
        self.assertEqual(answer("x@own.test")[0], 250)
        self.assertEqual(answer("")[0], 250)

    def test_members_of_a_group_may_not_send_there(self):
        self.cli("group", "add", "temps@example.test", "alice@example.test")
        self.addCleanup(self.cli, "group", "remove", "temps@example.test")
        self.cli("connector", "add", "guarded", "--space", "guarded.test", "--deny-sender", "group:temps@example.test")
        self.addCleanup(self.cli, "connector", "remove", "guarded")

        def answer(user, password):
            with smtp(self.server, "submissions") as client:
                client.login(user, password)
                client.mail(user)
                return client.rcpt("a@guarded.test")[0]

        until(lambda: answer("alice@example.test", "secret1") == 550, what="the group to be known")
        self.assertEqual(answer("bob@example.test", "secret2"), 250)


if __name__ == "__main__":
    unittest.main()
