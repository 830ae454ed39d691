# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Servers that go away at every octet, talk nonsense, or break TLS: nothing is lost, and nothing comes twice but what the
end of a message left in doubt."""
import unittest

from dnsserver import DNSServer, a, mx
from faultysink import Fault, FaultySink
from mailout import SETTINGS, MailOut, until
from server import Server

NONSENSE = {
    "greeting-554": {"": b"554 5.3.2 closed today\r\n"},
    "greeting-421": {"": b"421 4.3.2 busy\r\n"},
    "greeting-octets": {"": bytes(range(1, 256)) + b"\r\n"},
    "greeting-zeros": {"": b"\0" * 5000 + b"\r\n"},
    "greeting-999": {"": b"999 what\r\n"},
    "greeting-empty-lines": {"": b"\r\n\r\n\r\n"},
    "greeting-other-protocol": {"": b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"},
    "greeting-two-codes": {"": b"220-one\r\n250 two\r\n"},
    "greeting-endless": {"": b"220-" + b"on and on " * 20_000 + b"\r\n"},
    "greeting-many-lines": {"": b"220-line\r\n" * 50_000 + b"220 end\r\n"},
    "ehlo-nonsense": {"EHLO": b"25\xff-\r\n"},
    "ehlo-huge-size": {"EHLO": b"250-sink\r\n250-SIZE 99999999999999999999999999\r\n250 LIMITS RCPTMAX=-1\r\n"},
    "mail-354": {"MAIL": b"354 not yet\r\n"},
    "rcpt-two-codes": {"RCPT": b"250-2.1.5 one\r\n451 4.3.0 two\r\n"},
    "rcpt-451": {"RCPT": b"451 4.7.1 greylisted\r\n"},
    "data-250": {"DATA": b"250 what for\r\n"},
    "data-three": {"DATA": b"3\r\n"},
    "end-nonsense": {".": b"thanks a lot\r\n"},
    "end-354": {".": b"354 more\r\n"},
    "end-451": {".": b"451 4.3.0 disk full\r\n"},
}


def faults():
    """Every fault, with a number by which it has a domain and an address."""
    found = [Fault(f"{name}", replies=replies) for name, replies in NONSENSE.items()]
    found += [Fault(f"tls-{kind}", tls=kind) for kind in ("refuse", "close", "garbage", "half")]
    said = len(b"220 sink ESMTP\r\n" + FaultySink.OFFERS + b"250 2.0.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n"
               + FaultySink.ANSWER)
    for reset in (False, True):
        kind = "reset" if reset else "end"
        # By an end at every octet that is said; the rest at some of them.
        found += [Fault(f"said-{n}-{kind}", said=n, reset=reset) for n in range(0, said + 1, 5 if reset else 1)]
        found += [Fault(f"heard-{n}-{kind}", heard=n, reset=reset) for n in range(0, 1100, 23 if reset else 11)]
    return found


class Faults(MailOut):
    @classmethod
    def setUpClass(cls):
        cls.faults = faults()
        cls.places = {f"x@d{n}.faults.test": f"127.7.{n // 200}.{n % 200 + 1}" for n in range(len(cls.faults))}
        cls.named = dict(zip(cls.places, cls.faults))
        cls.faulty = FaultySink(dict(zip(cls.places.values(), cls.faults)))
        cls.dns = DNSServer()
        for n, address in enumerate(cls.places.values()):
            cls.dns.rule(f"d{n}.faults.test", [mx(10, f"mx{n}.faults.test")])
            cls.dns.rule(f"mx{n}.faults.test", [a(address)])
        cls.server = Server({
            **SETTINGS, "queue/in-doubt-limit": "100", "outbound/port": str(cls.faulty.port),
            "outbound/security": "may", "smtp/maximum-recipients": "1000", "resolver/forwarders": cls.dns.address,
            "resolver/insecure-zones": "test", "resolver/unusable-addresses": "none",
        }).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        cls.faulty.stop()
        cls.dns.close()

    def setUp(self):
        pass

    def test_at_every_octet(self):
        recipients = list(self.places)
        # Messages of many recipients: each has a fate of its own in the one ledger.
        octets = {}
        for start in range(0, len(recipients), 40):
            part = recipients[start:start + 40]
            text = self.submit(part, b".one dot\r\n..two\r\n" + b"a line of the message\r\n" * 10)
            octets.update(dict.fromkeys(part, text))
        until(lambda: all(any(c.is_answered for c in self.faulty.copies(name)) for name in recipients), 120,
              "all to arrive")
        self.empty(60)
        for name in recipients:
            with self.subTest(self.named[name].name):
                copies = self.faulty.copies(name)
                answered = [copy for copy in copies if copy.is_answered]
                # Whose answer went out whole has it once; each other copy is one that was left in doubt.
                self.assertEqual(len(answered), 1, copies)
                self.assertLessEqual(len(copies), 2)
                self.assertTrue(all(copy.octets.endswith(octets[name]) for copy in copies))
        # Each fault was met: the good connection was not the first.
        self.assertEqual(self.faulty.faults, {})
        # What came twice is what the server itself called in doubt.
        doubled = {name for name in recipients if len(self.faulty.copies(name)) > 1}
        doubted = {recipient.strip("<>") for event in self.server.events(9705)
                   for recipient in event["fields"]["smtp.recipients"]}
        unexplained = doubled - self.told_to_come_again() - doubted
        self.assertEqual({name: self.named[name].name for name in unexplained}, {})
        self.assertEqual(self.server.events(4097), [])
        self.assertEqual([m for m in self.inbox() if b"report" in m], [])

    def told_to_come_again(self):
        """They took a message to its end, and then said that they did not."""
        return {name for name, fault in self.named.items() if fault.name in ("end-451", "end-354", "end-nonsense")}


if __name__ == "__main__":
    unittest.main()
