# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""martlet sendmail, and the pickup folder: whole files only, each once, whatever happens between."""
import json
import os
import random
import resource
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from clients import fetch, imap, uids
from server import MARTLET, Server, until


class Pickup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"pickup/rate": "1000"}).start()
        cls.folder = Path(cls.server.folder, "pickup")

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def setUp(self):
        self.to = self.server.new_account()

    def sendmail(self, *words, given=b"Subject: x\n\nhi\n", program=None):
        command = [program] if program else [MARTLET, "sendmail"]
        return subprocess.run([*command, *words], input=given, capture_output=True, timeout=30,
                              env={**os.environ, "MARTLET_DATA": self.server.folder})

    def messages(self, address=None):
        client = imap(self.server, address or self.to)
        found = [fetch(client, uid) for uid in uids(client)]
        client.logout()
        return found

    def arrived(self, count=1, address=None, timeout=30):
        return until(lambda: (lambda found: found if len(found) >= count else None)(self.messages(address)), timeout,
                     f"{count} messages")

    def leave(self, name, octets):
        """As a program does that knows the rule: written elsewhere, then renamed."""
        temporary = self.folder / ("." + name)
        temporary.write_bytes(octets)
        temporary.rename(self.folder / name)

    def envelope(self, sender="sender@example.org"):
        return b"X-Sender: <%s>\nX-Receiver: <%s>\n" % (sender.encode(), self.to.encode())


class Programs(Pickup):
    def test_a_message(self):
        body = b"one\n.two\n..\n.\nlast without an end"
        done = self.sendmail("-i", "-f", "sender@example.org", "-v", self.to, given=b"Subject: x\n\n" + body)
        self.assertEqual(done.returncode, 0, done.stderr)
        got = self.arrived()[0]
        self.assertTrue(got.endswith(b"\r\n\r\n" + body.replace(b"\n", b"\r\n")), got)
        self.assertTrue(got.startswith(b"Return-Path: <sender@example.org>\r\n"))
        for field in (b"\r\nDate: ", b"\r\nMessage-ID: <", b"\r\nFrom: sender@example.org\r\n", b"(pickup, from user "):
            self.assertIn(field, got)

    def test_recipients_of_the_header_without_bcc(self):
        hidden = self.server.new_account()
        text = b"From: Ann <%s>\nTo: %s\nBcc: %s\nSubject: t\n\nx\n" % (
            self.to.encode(), self.to.encode(), hidden.encode())
        self.assertEqual(self.sendmail("-ti", given=text).returncode, 0)
        for address in (self.to, hidden):
            self.assertNotIn(b"Bcc", self.arrived(address=address)[0])

    def test_an_unknown_recipient_is_reported_to_the_sender(self):
        self.assertEqual(self.sendmail("-f", self.to, "nobody@example.test").returncode, 0)
        report = self.arrived()[0]
        self.assertIn(b"5.1.1", report)
        self.assertIn(b"nobody@example.test", report)

    def test_what_is_set_aside_is_reported_to_the_sender_or_postmaster(self):
        postmaster = self.server.new_account()
        self.server.cli("settings", "set", "directory/postmaster", postmaster)
        self.addCleanup(self.server.cli, "settings", "unset", "directory/postmaster")
        time.sleep(0.5)
        self.leave("report1.eml", b"X-Sender: <%s>\nX-Receiver: <not an address\nSubject: lost\n\nx\n" % self.to.encode())
        report = self.arrived()[0]
        self.assertTrue(report.startswith(b"Return-Path: <>\r\n"))
        for text in (b"Auto-Submitted: auto-replied", b"X-Receiver holds what is no address", b"/pickup/bad/",
                     b"Subject: lost"):
            self.assertIn(text, report)
        # Nobody elsewhere gets mail for what somebody here wrote in his name, and nobody for what nobody sent.
        self.leave("report2.eml", b"X-Sender: <>\nX-Receiver: <not an address\n\nx\n")
        self.leave("report3.eml", b"From: eve@example.net\nSubject: to whom?\n\nx\n")
        report = self.arrived(address=postmaster)[0]
        self.assertIn(b"nobody is named who is to get it", report)
        self.assertIn(b"From: eve@example.net", report)
        self.assertEqual((len(self.messages(postmaster)), len(self.messages())), (1, 1))
        place = tempfile.mkdtemp(dir="/tmp")
        for name in ("sendmail", "mailq", "newaliases"):
            os.symlink(MARTLET, f"{place}/{name}")
        self.assertEqual(self.sendmail("-oi", "-f", "s@example.org", self.to, program=place + "/sendmail").returncode, 0)
        self.assertEqual(self.sendmail(program=place + "/mailq").returncode, 0)
        self.assertEqual(self.sendmail(program=place + "/newaliases").returncode, 0)
        self.arrived()

    def test_exit_codes(self):
        for words, given, code in [((), b"A: b\n\n", 64), (("-t",), b"A: b\n\n", 64), (("-Z",), b"", 64),
                                   (("-t",), b"To: <@>\n\n", 65), (("--pickup", "/nonexistent", "a@b.c"), b"x", 73)]:
            with self.subTest(words):
                self.assertEqual(self.sendmail(*words, given=given).returncode, code)

    def test_smtp_on_standard_input(self):
        script = (b"EHLO c.example\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<%s>\r\nDATA\r\nA: b\r\n\r\nx\r\n.\r\nQUIT\r\n"
                  % self.to.encode())
        done = self.sendmail("-bs", given=script)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"\r\n221 ", done.stdout)
        self.arrived()

    def test_while_the_server_is_down(self):
        server = Server()
        self.addCleanup(server.destroy)
        done = subprocess.run([MARTLET, "sendmail", "-f", "s@example.org", "alice@example.test"], input=b"A: b\n\nx\n",
                              capture_output=True, timeout=30, env={**os.environ, "MARTLET_DATA": server.folder})
        self.assertEqual(done.returncode, 0, done.stderr)
        down = subprocess.run([MARTLET, "sendmail", "-bs"], input=b"QUIT\r\n", capture_output=True, timeout=30,
                              env={**os.environ, "MARTLET_DATA": server.folder})
        self.assertEqual((down.returncode, down.stdout[:4]), (75, b"421 "))
        server.start()

        def there():
            client = imap(server, "alice@example.test", "secret1")
            return len(uids(client)) == 1
        until(there, 30, "the message")


class Folder(Pickup):
    def test_partial_and_temporary_files_are_never_taken(self):
        for name in ("x.tmp", ".hidden.eml", "eml", "y.eml.tmp"):
            (self.folder / name).write_bytes(self.envelope() + b"\nnot mail\n")
        with open(self.folder / "slow.eml", "wb") as slow:
            for part in (self.envelope(), b"Subject: slow\n\n", b"one\n", b"two\n"):
                slow.write(part)
                slow.flush()
                time.sleep(0.7)
            self.assertEqual(self.messages(), [])
        self.assertTrue(self.arrived()[0].endswith(b"one\r\ntwo\r\n"))
        time.sleep(1)
        self.assertEqual(len(self.messages()), 1)
        for name in ("x.tmp", ".hidden.eml", "eml", "y.eml.tmp"):
            (self.folder / name).unlink()

    def test_bad_files_are_set_aside_with_an_event(self):
        outside = self.folder.parent / "outside"
        outside.write_bytes(self.envelope() + b"\nx\n")
        self.leave("empty.eml", b"")
        self.leave("nobody.eml", b"Subject: x\n\n")
        self.leave("junk.eml", bytes(random.randrange(256) for _ in range(5000)))
        os.symlink(outside, self.folder / "link.eml")
        os.link(outside, self.folder / "second.eml")
        (self.folder / "folder.eml").mkdir()
        wanted = {"link.eml": "symbolic", "second.eml": "more than one name", "folder.eml": "no file"}
        until(lambda: not list(self.folder.glob("*.eml")), 20, "an empty folder")
        reasons = {}
        until(lambda: len(self.server.events(4164)) >= 6, 10, "six events")
        for event in self.server.events(4164):
            reasons[event["fields"]["pickup.file"]] = event["fields"]["pickup.reason"]
        for name, part in wanted.items():
            self.assertIn(part, reasons[name])
        self.assertEqual(len(list((self.folder / "bad").iterdir())), 6)
        self.assertTrue(outside.exists())
        self.assertEqual(self.messages(), [])

    def test_a_name_that_is_no_utf8(self):
        name = os.fsencode(self.folder) + b"/bad\xff.eml"
        with open(name + b".tmp", "wb") as file:
            file.write(self.envelope() + b"\nx\n")
        os.rename(name + b".tmp", name)
        self.arrived()

    def test_what_a_rule_holds_is_held(self):
        self.server.cli("settings", "set", "queue/hold", f"to:{self.to}")
        self.addCleanup(self.server.cli, "settings", "unset", "queue/hold")
        time.sleep(0.5)
        before = len(self.server.events(9406))
        self.leave("held.eml", self.envelope() + b"\nx\n")
        until(lambda: len(self.server.events(9406)) > before, 20, "it to be taken")
        held = [json.loads(line) for line in self.server.cli("queue", "find", "--json").splitlines()]
        self.assertEqual(len(held), 1)
        self.assertIn(f"queue/hold = to:{self.to}", held[0]["why"])
        self.assertEqual(self.messages(), [])
        self.server.cli("queue", "thaw", held[0]["id"])
        self.arrived()

    def test_times_beyond_what_the_server_allows(self):
        before = len(self.server.events(4164))
        self.leave("late.eml", b"X-Sender: <a@example.test> HOLDFOR=999999999\nX-Receiver: <%s>\n\nx\n" % self.to.encode())
        until(lambda: len(self.server.events(4164)) > before, 20, "an event")
        self.assertIn("at most 31536000 seconds", self.server.events(4164)[-1]["fields"]["pickup.reason"])
        # But for the report.
        until(lambda: not self.server.cli("queue", "find", "--json"), 20, "an empty queue")

    def test_files_that_are_not_ready_hold_up_nobody(self):
        count = 4000
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.assertGreater(hard, count + 100)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        opened = []
        try:
            for number in range(count):
                opened.append(open(self.folder / f"open{number}.eml", "wb"))
            self.leave("ready.eml", self.envelope() + b"\nx\n")
            self.arrived()
        finally:
            for file in opened:
                os.unlink(file.name)
                file.close()

    def test_several_recipients_also_elsewhere_and_a_null_sender(self):
        other = self.server.new_account()
        self.leave("a.eml", b"X-Sender: <>\nX-Receiver: %s\nX-Receiver: <%s>\nX-Receiver: <%s>\nSubject: x\n\nx\n"
                   % (self.to.encode(), other.encode(), self.to.encode()))
        self.assertEqual((len(self.arrived()), len(self.arrived(address=other))), (1, 1))

    def test_each_file_once_while_the_transport_is_killed(self):
        count = 120
        generator = random.Random(7)
        for number in range(count):
            self.leave(f"k{number}.eml", self.envelope() + b"Subject: k%d\n\nx\n" % number)
            if number % 12 == 11:
                time.sleep(generator.uniform(0, 0.4))
                for pid in self.server.workers("transport").values():
                    os.kill(pid, signal.SIGKILL)
        until(lambda: not list(self.folder.glob("*.eml")) and not list((self.folder / "claimed").iterdir()), 120,
              "an empty folder")
        found = self.arrived(count, timeout=120)
        subjects = sorted(m.split(b"Subject: k", 1)[1].split(b"\r\n", 1)[0] for m in found)
        self.assertEqual(subjects, sorted(b"%d" % n for n in range(count)))
        time.sleep(1)
        self.assertEqual(len(self.messages()), count)


if __name__ == "__main__":
    unittest.main()
