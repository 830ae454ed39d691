# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What no client should send: each gives a specific answer, the server stays, and where it matters says so."""
import os
import random
import socket
import unittest

from clients import Lines, imap, send, uids
from messages import message
from server import shared, until

PLAIN = ("smtp", "submission", "lmtp", "imap", "pop3")
REFUSAL = {
    "smtp": rb"^5\d\d 5\.|^500|^421", "submission": rb"^5\d\d 5\.|^500|^421", "lmtp": rb"^5\d\d 5\.|^500|^421",
    "imap": rb"^(\*|[\w.]+) (BAD|BYE)|^\* OK \[", "pop3": rb"^-ERR",
}


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()
        cls.before = cls.server.workers()

    def setUp(self):
        self.seen = len(self.server.events())

    def faults(self, count):
        """Waits for so many events of sessions with faults since the test began."""
        numbers = (9361, 9456, 9508)
        until(lambda: sum(e["id"] in numbers for e in self.server.events()[self.seen:]) >= count, 5, f"{count} events")

    def tearDown(self):
        self.assertEqual(self.server.workers(), self.before, "a worker was started anew")

    def test_unknown_commands(self):
        for name in PLAIN:
            with self.subTest(name), Lines(self.server, name) as lines:
                lines.reply() if name in ("smtp", "submission", "lmtp") else lines.line()
                lines.send(b"FROBNICATE now\r\n" if name != "imap" else b"a FROBNICATE now\r\n")
                self.assertRegex(lines.line(), REFUSAL[name])
                lines.send({"imap": b"b NOOP\r\n", "pop3": b"CAPA\r\n"}.get(name, b"NOOP\r\n"))
                self.assertRegex(lines.line(), {"imap": rb"^b OK", "pop3": rb"^\+OK"}.get(name, rb"^250"))
        self.faults(len(PLAIN))

    def test_lines_of_a_megabyte(self):
        for name in PLAIN:
            with self.subTest(name), Lines(self.server, name) as lines:
                lines.reply() if name in ("smtp", "submission", "lmtp") else lines.line()
                try:
                    lines.send(b"a" * (1 << 20) + b"\r\n")
                except (BrokenPipeError, ConnectionResetError):
                    pass
                answer = lines.line()
                self.assertRegex(answer, REFUSAL[name], name)
        self.faults(len(PLAIN))

    def test_a_line_that_never_ends(self):
        for name in PLAIN:
            with self.subTest(name), Lines(self.server, name) as lines:
                lines.reply() if name in ("smtp", "submission", "lmtp") else lines.line()
                sent = 0
                try:
                    while sent < 128 << 20:
                        lines.send(b"a" * 65536)
                        sent += 65536
                except OSError:
                    pass
                self.assertLess(sent, 128 << 20, f"{name} read 128 MiB of one line")

    def test_binary_noise(self):
        generator = random.Random(42)
        for name in PLAIN + ("imaps", "pop3s", "submissions"):
            for round in range(5):
                with self.subTest(name, round=round):
                    with socket.create_connection(("127.0.0.1", self.server.port(name)), timeout=10) as connection:
                        try:
                            connection.sendall(generator.randbytes(65536) + b"\r\n")
                            connection.shutdown(socket.SHUT_WR)
                            while connection.recv(65536):
                                pass
                        except (BrokenPipeError, ConnectionResetError):
                            pass
        self.still_works()

    def test_a_client_that_closes_its_half(self):
        """The answer still comes, and then the end."""
        for name, command, answer in [("smtp", b"NOOP", rb"^250"), ("imap", b"a NOOP", rb"^a OK"), ("pop3", b"CAPA", rb"^\+OK")]:
            with self.subTest(name), Lines(self.server, name, timeout=5) as lines:
                lines.reply() if name == "smtp" else lines.line()
                lines.send(command + b"\r\n")
                lines.socket.shutdown(socket.SHUT_WR)
                self.assertRegex(lines.line(), answer)
                self.assertTrue(lines.is_closed())
        self.faults(3)

    def test_half_a_message_is_no_message(self):
        address = self.server.new_account()
        with Lines(self.server, "smtp") as lines:
            lines.reply()
            lines.reply(b"EHLO client.example.org")
            lines.reply(b"MAIL FROM:<a@example.org>")
            lines.reply(b"RCPT TO:<%s>" % address.encode())
            lines.reply(b"DATA")
            lines.send(message()[:-20])
            lines.socket.shutdown(socket.SHUT_WR)
            lines.socket.settimeout(5)
            self.assertTrue(lines.is_closed())
        self.assertEqual(uids(imap(self.server, address)), [])

    def test_smuggling_is_refused_and_an_event(self):
        address = self.server.new_account()
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"):
            with self.subTest(end), Lines(self.server, "smtp") as lines:
                lines.reply()
                lines.reply(b"EHLO client.example.org")
                lines.reply(b"MAIL FROM:<a@example.org>")
                lines.reply(b"RCPT TO:<%s>" % address.encode())
                lines.reply(b"DATA")
                inner = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\nsmuggled\r\n" % address.encode()
                lines.send(message(b"first") + end + inner + b".\r\n")
                self.assertRegex(lines.reply(), rb"^5\d\d ")
        self.assertEqual(uids(imap(self.server, address)), [])
        self.server.event(9353)

    def test_plain_text_on_a_tls_port(self):
        for name in ("imaps", "pop3s", "submissions"):
            with self.subTest(name):
                with socket.create_connection(("127.0.0.1", self.server.port(name)), timeout=10) as connection:
                    connection.sendall(b"EHLO there\r\na LOGIN x y\r\n" * 4)
                    try:
                        while connection.recv(4096):
                            pass
                    except ConnectionResetError:
                        pass
        self.still_works()

    def test_imap_literals_without_measure(self):
        with Lines(self.server, "imap") as lines:
            lines.line()
            for size in (b"99999999999999999999", b"4294967295", b"-1", b"x"):
                with self.subTest(size):
                    lines.send(b"a LOGIN {" + size + b"}\r\n")
                    answer = lines.line()
                    self.assertRegex(answer, rb"^(a|\*) (BAD|NO|BYE)")
                    if answer.startswith(b"* BYE"):
                        break

    def test_too_many_errors_end_the_connection(self):
        with Lines(self.server, "smtp") as lines:
            lines.reply()
            answer = b""
            for _ in range(1000):
                try:
                    answer = lines.reply(b"FROBNICATE")
                except (BrokenPipeError, ConnectionResetError):
                    break
                if not answer or answer.startswith(b"421"):
                    break
            self.assertRegex(answer, rb"^421|^$")

    def test_many_connections_that_say_nothing(self):
        held = []
        try:
            for _ in range(200):
                held.append(self.server.connect("imap"))
            self.still_works()
        finally:
            for connection in held:
                connection.close()

    def still_works(self):
        address = self.server.new_account()
        send(self.server, [address], message())
        client = imap(self.server, address)
        self.assertEqual(len(uids(client)), 1)
        client.logout()


class Descriptors(unittest.TestCase):
    def test_connections_leave_nothing_open(self):
        server = shared()
        counts = lambda: {pid: len(os.listdir(f"/proc/{pid}/fd")) for pid in server.workers().values()}
        imap(server, server.new_account()).logout()
        before = counts()
        for _ in range(50):
            server.connect("smtp").close()
            server.connect("imap").close()
            server.connect("imaps").close()
            server.connect("pop3").close()
        until(lambda: all(counts().get(pid, 0) <= count + 5 for pid, count in before.items()), 10, "closing")


if __name__ == "__main__":
    unittest.main()
