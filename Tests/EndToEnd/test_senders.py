# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Programs and servers of others that send mail to Martlet, with all that they may choose."""
import hashlib
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

import senders
from clients import Lines, fetch, imap, smtp, uids
from server import shared, tls_context, until

BODY = b"".join(b"%s line %d\r\n" % (b"." * (n % 4), n) for n in range(3000)) + b".\r\n..\r\n \r\n.end\r\n"
MESSAGE = b"From: sender@example.org\r\nTo: x@example.test\r\nSubject: from another\r\n\r\n" + BODY


class Sender(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def setUp(self):
        self.to = self.server.new_account()

    def body(self, address=None):
        """The only message's body, once it is there."""
        def look():
            client = imap(self.server, address or self.to)
            found = uids(client)
            octets = fetch(client, found[0]) if found else None
            client.logout()
            self.assertLessEqual(len(found), 1)
            return octets
        octets = until(look, 60, "the message")
        self.octets = octets
        return octets.split(b"\r\n\r\n", 1)[1]

    def file(self, octets):
        handle, path = tempfile.mkstemp(dir="/tmp")
        os.write(handle, octets)
        os.close(handle)
        self.addCleanup(os.unlink, path)
        return path

    def run_program(self, *command, given=None):
        done = subprocess.run(command, input=given, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, (done.stdout + done.stderr).decode(errors="replace"))
        return done


class Programs(Sender):
    def test_swaks(self):
        for tls in ([], ["--tls"]):
            with self.subTest(tls):
                self.to = self.server.new_account()
                # It puts a line end behind what it is given.
                self.run_program("swaks", "--server", f"127.0.0.1:{self.server.port('smtp')}", *tls, "--from",
                                 "sender@example.org", "--to", self.to, "--data", "@" + self.file(MESSAGE[:-2]))
                self.assertEqual(self.body(), BODY)

    def test_msmtp(self):
        if not shutil.which("msmtp"):
            self.skipTest("msmtp is not installed")
        for name, extra in [("submission", ["--tls-starttls=on"]), ("submissions", ["--tls-starttls=off"])]:
            with self.subTest(name):
                self.to = self.server.new_account()
                self.run_program(
                    "msmtp", "--host=127.0.0.1", f"--port={self.server.port(name)}", "--tls=on", *extra,
                    "--tls-certcheck=off", "--auth=plain", f"--user={self.to}", "--passwordeval=echo secret",
                    f"--from={self.to}", self.to,
                    given=MESSAGE.replace(b"sender@example.org", self.to.encode()).replace(b"\r\n", b"\n"),
                )
                self.assertEqual(self.body(), BODY)

    def test_smtplib_curl(self):
        with smtp(self.server) as client:
            client.starttls(context=tls_context())
            client.sendmail("sender@example.org", [self.to], MESSAGE)
        self.assertEqual(self.body(), BODY)
        for name, extra in [("smtp", []), ("smtp", ["--ssl-reqd", "--insecure"])]:
            with self.subTest(extra):
                self.to = self.server.new_account()
                self.run_program(
                    "curl", "--silent", "--show-error", "--url", f"smtp://127.0.0.1:{self.server.port(name)}", *extra,
                    "--mail-from", "sender@example.org", "--mail-rcpt", self.to, "--upload-file", self.file(MESSAGE),
                )
                self.assertEqual(self.body(), BODY)

    def test_git_send_email(self):
        if not os.path.exists("/usr/lib/git-core/git-send-email"):
            self.skipTest("git-email is not installed")
        patch = (b"From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n"
                 b"From: Ann <%s>\nDate: Mon, 1 Jan 2024 00:00:00 +0000\nSubject: [PATCH] dots\n\n.\n..\n"
                 b"---\n a | 1 +\n\n--\n2.39\n\n" % self.to.encode())
        folder = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        self.run_program("git", "init", "--quiet", folder)
        Path(folder, "1.patch").write_bytes(patch)
        self.run_program(
            "git", "-c", "user.name=Ann", "-c", f"user.email={self.to}", "-c", "sendemail.smtpPass=secret",
            "-c", "sendemail.smtpSSLCertPath=", "-C", folder,
            "send-email", f"--to={self.to}", f"--from={self.to}", "--smtp-server=127.0.0.1",
            f"--smtp-server-port={self.server.port('submission')}", "--smtp-encryption=tls", f"--smtp-user={self.to}",
            "--suppress-cc=all", "--confirm=never", "--quiet", folder + "/1.patch",
        )
        self.assertIn(b".\r\n..\r\n---\r\n a | 1 +\r\n", self.body())


class Servers(Sender):
    def test_postfix(self):
        if not shutil.which("postfix"):
            self.skipTest("Postfix is not installed")
        for tls in ("none", "encrypt"):
            with self.subTest(tls=tls):
                relay = senders.Postfix(self.server.port("smtp"), tls=tls)
                try:
                    self.to = self.server.new_account()
                    with smtplib.SMTP("127.0.0.1", relay.port, timeout=30) as client:
                        client.sendmail("sender@example.org", [self.to], MESSAGE)
                    try:
                        self.assertEqual(self.body(), BODY)
                    except AssertionError:
                        raise AssertionError(relay.log()[-3000:])
                    self.assertEqual(b"ESMTPS" in self.octets.split(b"by postfix.example.org")[0], tls == "encrypt")
                finally:
                    relay.stop()

    def test_exim(self):
        if not senders.exim_program():
            self.skipTest("Exim cannot be had")
        for chunking in (False, True):
            for tls in (False, True):
                with self.subTest(chunking=chunking, tls=tls):
                    self.to = self.server.new_account()
                    relay = senders.Exim(self.server.port("smtp"), chunking, tls)
                    try:
                        code, said = relay.send("sender@example.org", [self.to], MESSAGE.replace(b"\r\n", b"\n"))
                        self.assertEqual(code, 0, said)
                        self.assertIn(" => ", said)
                        self.assertEqual(self.body(), BODY, said)
                        # Exim's log says K where the message went in chunks, and X= where TLS was used.
                        sent = next(line for line in said.splitlines() if " => " in line)
                        self.assertEqual((" K " in sent, " X=" in sent), (chunking, tls), sent)
                    finally:
                        relay.stop()


class BufferSizes(Sender):
    """A3.2: message data over TLS in records of these sizes; what is in the mailbox has the same sum."""

    SIZES = (1, 2, 511, 512, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 65537)

    def transact(self, connection, octets, size):
        lines = connection.makefile("rb")

        def reply():
            while True:
                line = lines.readline()
                if line[3:4] != b"-":
                    return line
        for command in (b"EHLO c.example", b"MAIL FROM:<a@b.c>", b"RCPT TO:<%s>" % self.to.encode(), b"DATA"):
            connection.sendall(command + b"\r\n")
            self.assertIn(reply()[:1], b"23")
        for at in range(0, len(octets), size):
            connection.sendall(octets[at:at + size])
        return reply()

    def test_over_tls(self):
        dots = b"".join(b"%s%d %s\r\n" % (b"." * (n % 3), n, b"x" * (n % 90)) for n in range(1500))
        for size in self.SIZES:
            with self.subTest(size):
                self.to = self.server.new_account()
                # Octet by octet a shorter one: each is a record, and takes a system call on either side.
                text = dots if size > 2 else dots[:dots.index(b"\r\n", 9000) + 2]
                message = b"Subject: %d\r\n\r\n" % size + text
                stuffed = b"\r\n".join(b"." + l if l[:1] == b"." else l for l in message.split(b"\r\n")) + b".\r\n"
                plain = self.server.connect("smtp", 60)
                plain.recv(1000)
                plain.sendall(b"EHLO c.example\r\n")
                plain.recv(4096)
                plain.sendall(b"STARTTLS\r\n")
                plain.recv(1000)
                with tls_context().wrap_socket(plain, server_hostname="localhost") as connection:
                    self.assertTrue(self.transact(connection, stuffed, size).startswith(b"250"))
                got = self.body()
                self.assertEqual(hashlib.sha256(got).hexdigest(), hashlib.sha256(text).hexdigest())


class Aborts(Sender):
    def test_at_every_octet(self):
        """Nothing is delivered before the final dot, nothing is lost after the 250, nothing is left behind."""
        from aborts import Aborts as Run
        run = Run(self.server, [self.to])
        run.every_octet()
        before = run.figures()
        run.every_octet()
        after = run.figures()
        self.assertEqual(run.problems(), [])
        self.assertLessEqual(after["descriptors"], before["descriptors"] + 4)

class Many(Sender):
    def test_many_at_once(self):
        """A short one of script/soak smtp-senders."""
        from manysenders import Mailboxes, is_good, one_round
        found = one_round(Mailboxes(self.server, 6), connections=100, messages=600, octets=2000)
        self.assertTrue(is_good(found), found)


if __name__ == "__main__":
    unittest.main()
