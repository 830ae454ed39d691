# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mail in at port 25, out over IMAP and POP3: what was sent, byte for byte, below the trace header fields."""
import subprocess
import tempfile
import unittest
from pathlib import Path

from clients import fetch, imap, pop3, send, smtp, uids
from messages import DELICATE, digest, is_trace_only, message, split_trace
from server import shared


def curl(*arguments):
    return subprocess.run(["curl", "--silent", "--show-error", "--insecure", *arguments], capture_output=True, timeout=30)


class ByteForByte(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()
        cls.address = cls.server.new_account()
        for text in DELICATE.values():
            send(cls.server, [cls.address], text)

    def check(self, received, original, name):
        head, tail = split_trace(received, len(original))
        self.assertEqual(digest(tail), digest(original), name)
        self.assertTrue(is_trace_only(head), (name, head))
        self.assertIn(b"received:", head.lower(), name)

    def check_imap(self, tls):
        client = imap(self.server, self.address, tls=tls)
        numbers = uids(client)
        self.assertEqual(len(numbers), len(DELICATE))
        for number, (name, original) in zip(numbers, DELICATE.items()):
            with self.subTest(name):
                received = fetch(client, number)
                self.check(received, original, name)
                _, data = client.uid("FETCH", str(number), "(RFC822.SIZE)")
                self.assertIn(b"RFC822.SIZE %d" % len(received), data[0])
                _, header = split_trace(fetch(client, number, "BODY.PEEK[HEADER]"), 0)
                self.assertTrue(received.startswith(header))
                middle = fetch(client, number, "BODY.PEEK[]<10.100>")
                self.assertEqual(middle, received[10:110])
        client.logout()

    def test_imap(self):
        self.check_imap(tls=False)

    def test_imap_over_tls(self):
        self.check_imap(tls=True)

    def check_pop3(self, tls):
        client = pop3(self.server, self.address, tls=tls)
        self.assertEqual(client.stat()[0], len(DELICATE))
        for number, (name, original) in enumerate(DELICATE.items(), 1):
            with self.subTest(name):
                _, lines, _ = client.retr(number)
                received = b"".join(line + b"\r\n" for line in lines)
                self.check(received, original, name)
                size = int(client.list(number).split()[2])
                self.assertEqual(size, len(received))
        client.quit()

    def test_pop3(self):
        self.check_pop3(tls=False)

    def test_pop3_over_tls(self):
        self.check_pop3(tls=True)

    def test_curl_reads_the_same_over_all_four_ports(self):
        original = DELICATE["plain"]
        for name, path in [("imap", "INBOX;UID=1"), ("imaps", "INBOX;UID=1"), ("pop3", "1"), ("pop3s", "1")]:
            with self.subTest(name):
                url = f"{name}://127.0.0.1:{self.server.port(name)}/{path}"
                result = curl("--user", f"{self.address}:secret", url)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.check(result.stdout, original, name)


class CommandLineClients(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.address = self.server.new_account()

    def inbox(self):
        client = imap(self.server, self.address)
        return [fetch(client, number) for number in uids(client)]

    def test_swaks_sends(self):
        original = message(b"Said by swaks.\r\n..a dot\r\n")
        with tempfile.NamedTemporaryFile(suffix=".eml") as file:
            # swaks is given what goes over the wire: stuffed, and ended.
            file.write(original.replace(b"\r\n..", b"\r\n...") + b".\r\n")
            file.flush()
            result = subprocess.run(
                ["swaks", "--server", f"127.0.0.1:{self.server.port('smtp')}", "--from", "a@example.org", "--to",
                 self.address, "--no-data-fixup", "--data", "@" + file.name],
                capture_output=True, text=True, timeout=30,
            )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        [received] = self.inbox()
        self.assertEqual(digest(split_trace(received, len(original))[1]), digest(original))

    def test_curl_sends(self):
        original = message(b"Said by curl.\r\n.a dot\r\n")
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "message.eml")
            file.write_bytes(original)
            result = curl(
                f"smtp://127.0.0.1:{self.server.port('smtp')}/client.example.org", "--mail-from", "a@example.org",
                "--mail-rcpt", self.address, "--upload-file", str(file),
            )
        self.assertEqual(result.returncode, 0, result.stderr)
        [received] = self.inbox()
        self.assertEqual(digest(split_trace(received, len(original))[1]), digest(original))

    def test_lmtp(self):
        with smtp(self.server, "lmtp") as client:
            code, text = client.docmd("LHLO", "client.example.org")
            self.assertEqual(code, 250, text)
            self.assertEqual(client.docmd("MAIL", "FROM:<a@example.org>")[0], 250)
            self.assertEqual(client.docmd("RCPT", f"TO:<{self.address}>")[0], 250)
            self.assertEqual(client.docmd("DATA")[0], 354)
            original = message(b"Said over LMTP.\r\n")
            client.send(original + b".\r\n")
            self.assertEqual(client.getreply()[0], 250)
        [received] = self.inbox()
        self.assertEqual(split_trace(received, len(original))[1], original)


class Recipients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def replies(self, *recipients):
        with smtp(self.server) as client:
            client.ehlo("client.example.org")
            client.mail("a@example.org")
            return [client.rcpt(recipient) for recipient in recipients]

    def test_who_is_not_here_is_refused_at_rcpt(self):
        [(code, text), (other, _)] = self.replies("nobody@example.test", "alice@example.test")
        self.assertEqual((code, text[:5]), (550, b"5.1.1"))
        self.assertEqual(other, 250)

    def test_relay_is_closed(self):
        [(code, text)] = self.replies("someone@far.example.org")
        self.assertIn(code, (550, 551, 554), text)
        self.assertTrue(text.startswith(b"5.7."), text)

    def test_postmaster_is_always_accepted(self):
        with smtp(self.server) as client:
            client.ehlo("client.example.org")
            client.mail("a@example.org")
            self.assertEqual(client.docmd("RCPT", "TO:<Postmaster>")[0], 250)
            self.assertEqual(client.docmd("RCPT", "TO:<postmaster@example.test>")[0], 250)

    def test_one_copy_each_through_aliases_and_detail(self):
        address = self.server.new_account()
        name = address.split("@")[0]
        alias = f"all-{name}@example.test"
        self.server.cli("alias", "add", alias, address)
        send(self.server, [alias, address, f"{name}+list@example.test", address.upper()], message())
        client = imap(self.server, address)
        self.assertGreaterEqual(len(uids(client)), 1)

    def test_two_recipients_get_the_same(self):
        one, two = self.server.new_account(), self.server.new_account()
        original = message(b"for two\r\n")
        send(self.server, [one, two], original)
        for address in (one, two):
            client = imap(self.server, address)
            [number] = uids(client)
            self.assertTrue(fetch(client, number).endswith(original))


if __name__ == "__main__":
    unittest.main()
