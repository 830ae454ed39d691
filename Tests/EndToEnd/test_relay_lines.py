# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Lines that clients had better not send: each is answered, and what comes behind it is held up by nothing."""
import random
import unittest

from clients import Lines
from messages import message
from server import Server

#: Larger than what a front-end sends on while older commands are unanswered, and with lines like announcements in it.
BODY = b"see foo {12}\r\nx COMPRESS DEFLATE\r\n" + 4_000 * b"all work and no play makes mail larger than a window\r\n"


class RelayLines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def log_on(self):
        lines = Lines(self.server, "imaps", timeout=20)
        self.addCleanup(lines.socket.close)
        lines.line()
        self.assertTrue(lines.imap(b"LOGIN alice@example.test secret1")[-1].startswith(b"OK"))
        return lines

    def append(self, lines, before=b"", plus=b""):
        """A whole message goes in, and the session goes on."""
        octets = message(BODY)
        lines.send(before + b"A2 APPEND INBOX {%d%s}\r\n" % (len(octets), plus))
        if not plus:
            lines.lines_until(rb"\+ ")
        lines.send(octets + b"\r\n")
        self.assertTrue(lines.lines_until(b"A2 ")[-1].startswith(b"A2 OK"))
        self.assertTrue(lines.imap(b"NOOP")[-1].startswith(b"OK"))
        lines.imap(b"EXAMINE INBOX")
        fetched = lines.imap(b"FETCH * RFC822.SIZE")
        self.assertIn(b"RFC822.SIZE %d)" % len(octets), fetched[-2])

    def test_lines_that_are_no_commands(self):
        for line in (b"FOO", b"", b"x" * 70 + b" NOOP", b"* NOOP", b"z FOO", b"\0\0"):
            for plus in (b"", b"+"):
                with self.subTest(line=line, plus=plus):
                    lines = self.log_on()
                    self.append(lines, line + b"\r\n", plus)
                    lines = self.log_on()
                    lines.send(line + b"\r\n")
                    self.assertRegex(lines.line(), rb"^\S+ BAD ")
                    self.append(lines, plus=plus)

    def test_lines_that_end_idle(self):
        for line in (b"DONE", b"z FOO", b"x COMPRESS DEFLATE", b"x UNAUTHENTICATE", b"x APPEND INBOX {5}", b"", b"FOO"):
            for waits in (True, False):
                with self.subTest(line, waits=waits):
                    lines = self.log_on()
                    lines.imap(b"EXAMINE INBOX")
                    lines.send(b"i IDLE\r\n" if waits else b"i IDLE\r\n" + line + b"\r\n")
                    lines.lines_until(rb"\+ ")
                    if waits:
                        lines.send(line + b"\r\n")
                    self.assertRegex(lines.lines_until(b"i ")[-1], rb"^i OK" if line == b"DONE" else rb"^i BAD")
                    self.append(lines)

    def test_names_like_announcements(self):
        for name in (b"x{5}", b"y{200}", b"z{3+}"):
            with self.subTest(name):
                lines = self.log_on()
                answer = lines.imap(b'SELECT "' + name + b'"')[-1]
                self.assertTrue(answer.startswith(b"NO [NONEXISTENT]") and not answer.endswith(b"}"), answer)
                self.append(lines)

    def test_long_lines(self):
        lines = self.log_on()
        # Scattered UIDs, none of which is there.
        numbers = sorted(random.Random(7).sample(range(10_000_000, 4_000_000_000), 20_000))
        line = b"UID FETCH " + b",".join(b"%d" % number for number in numbers) + b" FLAGS"
        self.assertGreater(len(line), 200_000)
        lines.imap(b"EXAMINE INBOX")
        self.assertTrue(lines.imap(line)[-1].startswith(b"OK"))
        self.append(lines)
        # And one that is too long even so.
        self.assertRegex(lines.imap(b"UID FETCH " + 600_000 * b"1," + b"1 FLAGS")[-1], b"^BAD Line of more than")
        self.append(lines)
