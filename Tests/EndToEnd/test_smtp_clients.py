# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What the server does about clients: limits, lists, greylisting, proxies, and lines that do not end as they should.

The tests come from many addresses by way of XCLIENT."""
import base64
import os
import signal
import smtplib
import socket
import struct
import time
import unittest

from clients import Lines, fetch, imap, smtp, uids
from dnsserver import DNSServer, a
from mailout import SETTINGS
from messages import message
from server import Server, tls_context, until
from sink import Sink

PATIENCE = 40
# Published sequences that some server somewhere takes for the end of a message.
SMUGGLING = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\r\n.\r\r\n",
             b"\n\n.\r\n", b"\r\n.\r\r\n", b"\r\n\x00.\r\n"]


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.dns = DNSServer()
        cls.dns.rule("7.2.0.192.bl.test", [a("127.0.0.2")])
        cls.dns.rule("8.2.0.192.bl.test", [a("127.0.0.2")])
        cls.dns.rule("8.2.0.192.wl.test", [a("127.0.0.1")])
        cls.dns.rule("9.2.0.192.mark.test", [a("127.0.0.4")])
        for owner in ("13.2.0.192.one.test", "13.2.0.192.two.test", "14.2.0.192.one.test"):
            cls.dns.rule(owner, [a("127.0.0.2")])
        cls.dns.rule(".".join("7" + "0" * 23 + "8bd01002") + ".bl.test", [a("127.0.0.2")])
        cls.server = Server({
            **SETTINGS, "outbound/smart-hosts": f"[127.0.0.1]:{cls.sink.port}", "smtp/xclient-networks": "127.0.0.0/8",
            "resolver/forwarders": cls.dns.address, "resolver/insecure-zones": "test", "resolver/timeout": "3s",
            "smtp/1/relay-networks": "198.51.100.0/24", "smtp/bare-newline-networks": "198.51.100.0/24",
        }).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        cls.sink.stop()
        cls.dns.close()

    def settings(self, values):
        """Sets some for the time of a test."""
        for path, value in values.items():
            self.server.cli("settings", "set", path, value)
            self.addCleanup(self.server.run, "settings", "unset", path)

    def client(self, address):
        """A session of a client at another address, behind EHLO."""
        client = smtp(self.server)
        self.addCleanup(client.close)
        client.ehlo("proxy.test")
        self.assertTrue(client.has_extn("xclient"))
        written = "IPV6:" + address if ":" in address else address
        code, text = client.docmd("XCLIENT", f"ADDR={written} PORT=4711")
        if code == 220:
            client.ehlo("client.test")
        return client, code, text

    def rcpt(self, address, recipient="alice@example.test", sender="sender@example.org"):
        client, code, text = self.client(address)
        if code == 220:
            code, text = client.mail(sender)
        if code == 250:
            code, text = client.rcpt(recipient)
        client.close()
        return code, text.decode()

    def test_a_proxy_becomes_whom_it_names(self):
        client, code, _ = self.client("198.51.100.9")
        self.assertEqual(code, 220)
        client.sendmail("sender@example.org", ["bob@example.test"], message())
        box = imap(self.server, "bob@example.test", "secret2")
        self.assertIn(b"[198.51.100.9]", fetch(box, uids(box)[-1], "BODY.PEEK[HEADER.FIELDS (RECEIVED)]"))
        self.server.event(9367, where=lambda e: e["fields"].get("smtp.client") == "198.51.100.9:4711")
        # It has that client's rights, and no others.
        self.assertEqual(self.rcpt("198.51.100.9", "someone@far.example")[0], 250)
        self.assertEqual(self.rcpt("203.0.113.9", "someone@far.example")[0], 550)
        with smtp(self.server) as client:
            client.ehlo("x")
            self.assertEqual(client.docmd("XCLIENT", "ADDR=example.org")[0], 501)
            self.assertEqual(client.docmd("XCLIENT", "LOGIN=alice")[0], 501)

    def test_limits_are_each_clients_own_and_live(self):
        self.settings({"smtp/messages-per-address": "3/1h", "smtp/connections-per-network": "8/1h"})

        def is_limited():
            code, text = self.rcpt("203.0.113.1")
            return code == 450 and text
        text = until(is_limited, PATIENCE, "the limit")
        self.assertRegex(text, r"4\.7\.0 Too many messages from 203\.0\.113\.1, try again in \d+ s")
        self.assertEqual(self.rcpt("203.0.114.1")[0], 250)
        # Another address of that network, until the network has had enough.
        answers = [self.rcpt(f"203.0.113.{n}") for n in range(2, 12)]
        self.assertEqual(answers[-1][0], 421)
        self.assertIn("Too many connections from the network of 203.0.113.11", answers[-1][1])
        self.server.event(9364)
        self.settings({"smtp/trusted-networks": "203.0.113.0/24"})
        until(lambda: self.rcpt("203.0.113.1")[0] == 250, PATIENCE, "the network to be trusted")

    def test_a_user_logs_on_only_so_often(self):
        self.settings({"smtp/connections-per-account": "2/1h"})

        def answers():
            address = self.server.new_account()
            words = base64.b64encode(f"\0{address}\0secret".encode()).decode()
            codes = []
            for _ in range(3):
                client = smtp(self.server, "submissions")
                self.addCleanup(client.close)
                client.ehlo("client.test")
                codes.append(client.docmd("AUTH", "PLAIN " + words)[0])
            return codes
        until(lambda: answers() == [235, 235, 421], PATIENCE, "the limit")
        self.server.event(9364, where=lambda e: "@example.test" in e["fields"]["smtp.who"])

    def test_lists_reject_mark_and_allow(self):
        self.settings({"smtp/dns-lists": "bl.test reject, wl.test allow, mark.test=127.0.0.4 mark"})

        def is_listed():
            code, text = self.rcpt("192.0.2.7")
            return code == 550 and text
        self.assertIn("5.7.1 192.0.2.7 is listed by bl.test", until(is_listed, PATIENCE, "the list to be asked"))
        self.assertEqual(self.rcpt("2001:db8::7")[0], 550)
        self.assertEqual(self.rcpt("192.0.2.8")[0], 250, "what one list allows no other refuses")
        self.assertEqual(self.rcpt("192.0.2.10")[0], 250)
        client, _, _ = self.client("192.0.2.9")
        client.sendmail("sender@example.org", ["bob@example.test"], message())
        box = imap(self.server, "bob@example.test", "secret2")
        self.assertIn(b"X-Martlet-Listed: mark.test (127.0.0.4)", fetch(box, uids(box)[-1], "BODY.PEEK[HEADER]"))
        self.server.event(9368)

    def test_lists_add_up(self):
        self.settings({"smtp/dns-lists": "one.test score 3, two.test score 3", "smtp/dns-list-threshold": "5"})

        def is_listed():
            code, text = self.rcpt("192.0.2.13")
            return code == 550 and text
        text = until(is_listed, PATIENCE, "the lists to be asked")
        self.assertIn("one.test (127.0.0.2)", text)
        self.assertIn("two.test (127.0.0.2)", text)
        self.assertEqual(self.rcpt("192.0.2.14")[0], 250)

    def test_lists_that_do_not_answer_hold_up_and_refuse_nothing(self):
        self.dns.rule("11.2.0.192.dead.test", lambda query: None)
        self.settings({"smtp/dns-list-timeout": "500ms", "smtp/dns-lists": "dead.test reject"})
        until(lambda: self.rcpt("192.0.2.11")[0] == 250 and self.server.events(9369), PATIENCE, "the lists to be left alone")
        begun = time.monotonic()
        self.assertEqual(self.rcpt("192.0.2.11")[0], 250)
        self.assertLess(time.monotonic() - begun, 10)

    def test_nothing_before_the_first_recipient_waits_for_lists(self):
        self.dns.rule("12.2.0.192.slow.test", lambda query: None)
        self.settings({"smtp/dns-list-timeout": "4s", "smtp/dns-lists": "slow.test reject"})

        def is_held_up():
            client, code, _ = self.client("192.0.2.12")
            begun = time.monotonic()
            client.mail("sender@example.org")
            answered = time.monotonic()
            self.assertEqual(client.rcpt("alice@example.test")[0], 250)
            client.close()
            return answered - begun < 2 and time.monotonic() - answered > 2
        until(is_held_up, PATIENCE, "the recipient to wait for the list, and only it")

    def test_strangers_are_put_off_once_also_over_a_restart(self):
        self.settings({"smtp/greylist-delay": "3s", "smtp/greylist": "yes"})

        def is_put_off():
            code, text = self.rcpt("203.0.115.1", sender=f"grey{time.monotonic()}@example.org")
            return code == 451 and "4.7.1 Greylisted: try again in 3 s" in text
        until(is_put_off, PATIENCE, "greylisting")
        self.assertEqual(self.rcpt("203.0.115.1", sender="grey@example.org")[0], 451)
        until(lambda: self.rcpt("203.0.115.99", sender="grey@example.org")[0] == 250, PATIENCE, "the stranger to be known")
        self.assertEqual(self.rcpt("203.0.116.1", sender="grey@example.org")[0], 451)
        self.assertEqual(self.rcpt("203.0.115.1", "nobody@example.test", "grey2@example.org")[0], 550)
        self.server.stop()
        self.server.start()
        self.assertEqual(self.rcpt("203.0.115.1", sender="grey@example.org")[0], 250)
        self.server.event(9370)

    def test_who_talks_first_is_noted_and_may_be_refused(self):
        def talk():
            with socket.create_connection(("127.0.0.1", self.server.port("smtp")), timeout=20) as connection:
                connection.sendall(b"EHLO early\r\nMAIL FROM:<a@b>\r\nQUIT\r\n")
                octets = b""
                while more := connection.recv(65536):
                    octets += more
                return octets
        self.assertIn(b"221 ", talk())
        self.server.event(9363)
        self.settings({"smtp/early-talkers": "refuse"})
        until(lambda: b"554 5.5.1 Wait for the answer to" in talk(), PATIENCE, "the refusal")

    def test_names_that_are_guessed_are_answered_slowly(self):
        self.settings({"smtp/tarpit-after": "2", "smtp/tarpit-delay": "1s"})

        def guess():
            client, _, _ = self.client("203.0.117.1")
            client.mail("sender@example.org")
            begun = time.monotonic()
            codes = [client.rcpt(f"nobody{n}@example.test")[0] for n in range(4)]
            client.close()
            self.assertEqual(codes, [550] * 4)
            return time.monotonic() - begun >= 2
        until(guess, PATIENCE, "slow answers")
        self.server.event(9365)

    # -- PROXY protocol

    V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11" + struct.pack("!H4s4sHH", 12, bytes([203, 0, 113, 77]), bytes(4), 4711, 25)

    def test_proxies_say_for_whom_they_call(self):
        for listener in ("submission", "imaps", "submissions"):
            self.settings({f"{listener}/proxy-networks": "127.0.0.0/8"})

        def greeting(listener, header):
            with socket.create_connection(("127.0.0.1", self.server.port(listener)), timeout=20) as connection:
                connection.sendall(header)
                if listener != "submission":
                    connection = tls_context().wrap_socket(connection, server_hostname="localhost")
                return connection.recv(1000)

        def is_silent():
            with socket.create_connection(("127.0.0.1", self.server.port("submission")), timeout=20) as connection:
                connection.sendall(b"EHLO x\r\n")
                return connection.recv(100) == b""
        until(is_silent, PATIENCE, "the proxies to be known")
        self.server.event(9102)
        for header in (b"PROXY TCP4 203.0.113.77 127.0.0.1 4711 587\r\n", self.V2):
            self.assertTrue(greeting("submission", header).startswith(b"220 "))
            until(lambda: greeting("submissions", header).startswith(b"220 "), PATIENCE, "TLS behind the header")
            until(lambda: greeting("imaps", header).startswith(b"* OK"), PATIENCE, "TLS behind the header")
        with socket.create_connection(("127.0.0.1", self.server.port("submission")), timeout=20) as connection:
            connection.sendall(self.V2)
            lines = connection.makefile("rb")
            lines.readline()
            connection.sendall(b"EHLO x\r\n")
            self.assertIn(b"203.0.113.77", lines.readline())

    # -- CR and LF on their own

    def script(self, sequence):
        return (b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nSubject: one\r\n\r\ntext"
                + sequence + b"MAIL FROM:<admin@example.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n"
                b"Subject: smuggled\r\n\r\nsmuggled\r\n.\r\nQUIT\r\n")

    def test_published_smuggling_sequences_are_refused(self):
        count = len(uids(imap(self.server, "alice@example.test", "secret1")))
        for sequence in SMUGGLING:
            with self.subTest(sequence=sequence), Lines(self.server, "smtp") as lines:
                lines.send(self.script(sequence))
                answers = [lines.reply().decode() for _ in range(7)]
                wanted = "250 2.0.0" if b"\x00" in sequence else "550 5.6.11 Bare "
                self.assertTrue(answers[-2].startswith(wanted), answers)
        self.assertEqual(len(uids(imap(self.server, "alice@example.test", "secret1"))), count)

    def test_what_is_made_whole_for_a_network_is_forwarded_whole(self):
        self.sink.messages.clear()
        for sequence in SMUGGLING:
            with self.subTest(sequence=sequence):
                client, _, _ = self.client("198.51.100.7")
                client.mail("a@b.example")
                client.rcpt("someone@far.example")
                client.docmd("DATA")
                client.send(b"Subject: one\r\n\r\ntext" + sequence + b"MAIL FROM:<admin@example.test>\r\nsmuggled\r\n.\r\n")
                self.assertEqual(client.getreply()[0], 250)
        until(lambda: len(self.sink.messages) >= len(SMUGGLING), PATIENCE, "the messages to leave")
        time.sleep(0.5)
        self.assertEqual(len(self.sink.messages), len(SMUGGLING), "nobody downstream saw more messages than were sent")
        for sender, _, octets in self.sink.messages:
            self.assertEqual(sender, "a@b.example")
            bare = octets.replace(b"\r\n", b"")
            self.assertNotIn(b"\n", bare)
            self.assertNotIn(b"\r", bare)
            self.assertIn(b"smuggled", octets)
        self.server.event(9366)


class FurtherListeners(unittest.TestCase):
    def test_a_listener_has_its_own_service_limits_and_certificate(self):
        server = Server({
            "smtp/5/listen": "127.0.0.1:26, [::1]:26", "smtp/5/service": "submission",
            "smtp/5/maximum-message-size": "100KiB", "smtp/inside/listen": "127.0.0.1:27",
            "smtp/inside/relay-networks": "127.0.0.0/8", "queue/low-disk": "0",
        })
        self.addCleanup(server.destroy)
        server.start()

        def features(port):
            with smtplib.SMTP("127.0.0.1", server.base + port, timeout=20) as client:
                client.ehlo("x")
                return dict(client.esmtp_features)
        self.assertEqual(features(26)["size"], str(100 << 10))
        self.assertIn("futurerelease", features(26))
        self.assertNotIn("auth", features(27))
        self.assertNotEqual(features(25)["size"], features(26)["size"])
        for port, code in ((25, 550), (27, 250)):
            with smtplib.SMTP("127.0.0.1", server.base + port, timeout=20) as client:
                client.ehlo("x")
                client.mail("a@b.example")
                self.assertEqual(client.rcpt("someone@far.example")[0], code)
        self.assertNotEqual(server.run("settings", "set", "smtp/6/listen", "nonsense").returncode, 0)


class SeveralWorkers(unittest.TestCase):
    def setUp(self):
        self.server = Server({"transport/workers": "3", "smtp/xclient-networks": "127.0.0.0/8"}).start()
        self.addCleanup(self.server.destroy)

    def kill_all(self):
        """Ends all transport workers, and waits for the next ones."""
        before = self.server.workers("transport")
        self.assertEqual(len(before), 3)
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        until(lambda: len(set(self.server.workers("transport").values()) - set(before.values())) == 3, PATIENCE, "workers")
        until(lambda: self.server.answers("smtp"), PATIENCE, "an answer")

    def rcpt(self, address, sender):
        with smtp(self.server) as client:
            client.ehlo("client.example.org")
            client.docmd("XCLIENT", f"ADDR={address} PORT=4711")
            client.ehlo("client.example.org")
            code, _ = client.mail(sender)
            return code if code != 250 else client.rcpt("alice@example.test")[0]

    def test_limits_hold_for_all_workers_together_and_over_their_death(self):
        self.server.cli("settings", "set", "smtp/1/messages-per-address", "20/24h")

        def accepted(address, count):
            codes = [self.rcpt(address, "sender@example.org") for _ in range(count)]
            self.assertLessEqual(set(codes), {250, 450})
            return codes.count(250)
        # Another address for each try, until all workers know the setting.
        until(lambda n=iter(range(1, 250)): accepted(f"198.51.100.{next(n)}", 60) == 20, PATIENCE, "the limit")
        self.assertEqual(accepted("203.0.113.1", 60), 20)
        self.kill_all()
        self.assertEqual(accepted("203.0.113.1", 20), 0)

    def test_who_was_put_off_by_one_worker_is_known_to_all_and_over_a_restart(self):
        for path, value in (("smtp/greylist-delay", "2s"), ("smtp/greylist", "yes")):
            self.server.cli("settings", "set", path, value)
        until(lambda: [self.rcpt("203.0.113.1", f"{time.monotonic()}@example.org") for _ in range(12)] == [451] * 12,
              PATIENCE, "greylisting by all workers")
        senders = [f"sender{n}@example.org" for n in range(12)]
        self.assertEqual([self.rcpt("203.0.113.1", sender) for sender in senders], [451] * 12)
        time.sleep(2.1)
        self.assertEqual([self.rcpt("203.0.113.1", sender) for sender in senders], [250] * 12)
        self.kill_all()
        self.assertEqual([self.rcpt("203.0.113.1", sender) for sender in senders], [250] * 12)
        self.server.stop()
        self.server.start()
        self.assertEqual([self.rcpt("203.0.113.1", sender) for sender in senders], [250] * 12)


if __name__ == "__main__":
    unittest.main()
