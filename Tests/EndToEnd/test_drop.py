# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The drop folder: mail for a program, as whole files with their envelope in front."""
import itertools
import json
import os
import shutil
import signal
import smtplib
import tempfile
import time
import unittest
from pathlib import Path

from clients import fetch, imap, smtp, uids
from messages import DELICATE, message
from server import Server, until

_numbers = itertools.count(1)


class Drop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"queue/retry": "1h"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def setUp(self):
        number = next(_numbers)
        self.domain = f"app{number}.example"
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-drop-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.connector = f"app{number}"
        self.server.cli("connector", "add", self.connector, "--space", self.domain, "--space", f"*.{self.domain}",
                        "--drop-folder", str(self.folder))
        # All processes know of it within 250 ms (docs/architecture.md).
        time.sleep(0.4)

    def send(self, text, *recipients, sender="sender@example.org"):
        with smtp(self.server) as client:
            return client.sendmail(sender, recipients, text)

    def files(self, count=1):
        """Whole files by name, once there are so many."""
        return until(lambda: len(found := sorted(self.folder.glob("*.eml"))) >= count and found, 20, f"{count} files")

    def content(self, file, *recipients, sender="<sender@example.org>"):
        """What follows the envelope, which is checked, and the Received field."""
        lines = [f"X-Sender: {sender}"] + [f"X-Receiver: <{r}>" for r in recipients] + ["X-Envelope-End: yes", ""]
        octets = file.read_bytes()
        head = "\r\n".join(lines).encode()
        self.assertEqual(octets[:len(head)], head)
        self.assertEqual(octets[len(head):][:9], b"Received:")
        return octets[len(head):]

    def test_each_message_is_a_file_as_it_came(self):
        for name, text in DELICATE.items():
            with self.subTest(name):
                self.send(text, f"orders@{self.domain}")
                file = self.files()[0]
                self.assertTrue(self.content(file, f"orders@{self.domain}").endswith(text))
                file.unlink()
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_recipients_of_one_message_are_in_one_file(self):
        recipients = [f"{name}@{self.domain}" for name in ("a", "b")] + [f"c@sub.{self.domain}"]
        self.send(message(), *recipients, sender="")
        found = self.files()
        self.assertEqual(len(found), 1)
        self.content(found[0], *recipients, sender="<>")

    def test_other_recipients_go_where_they_go(self):
        account = self.server.new_account()
        text = message()
        self.send(text, account, f"a@{self.domain}")
        self.assertTrue(self.content(self.files()[0], f"a@{self.domain}").endswith(text))
        client = imap(self.server, account)
        self.addCleanup(client.shutdown)
        self.assertTrue(fetch(client, until(lambda: uids(client), 20, "the mail")[-1]).endswith(text))

    def test_other_domains_are_still_refused(self):
        for stranger in ("a@elsewhere.example", f"a@not{self.domain}", f"a%{self.domain}@elsewhere.example"):
            with self.assertRaises(smtplib.SMTPRecipientsRefused) as caught:
                self.send(message(), stranger)
            self.assertEqual(caught.exception.recipients[stranger][0], 550)

    def test_a_folder_for_all_domains_makes_no_relay(self):
        self.server.cli("connector", "set", self.connector, "--space", "*")
        time.sleep(0.4)
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.send(message(), "a@elsewhere.example")

    def test_what_the_pickup_folder_takes(self):
        """A file that was dropped is mail again when it is moved there."""
        self.send(message(b"round trip\r\n", extra=b"X-Receiver: <eve@example.net>\r\n"), f"a@{self.domain}")
        file = self.files()[0]
        first = file.read_bytes()
        shutil.move(file, Path(self.server.folder, "pickup", "again.eml"))
        again = until(lambda: sorted(self.folder.glob("*.eml")), 30, "the file again")[0].read_bytes()
        self.assertTrue(again.endswith(first[first.index(b"Received:"):]), again)

    def test_while_the_folder_cannot_be_written_the_mail_waits(self):
        self.folder.rmdir()
        self.folder.write_bytes(b"in the way")
        text = message()
        self.send(text, f"a@{self.domain}")
        until(lambda: "451" in self.server.cli("queue", "find", "--json", "--to", f"a@{self.domain}"), 20,
              "the delay")
        self.assertIn("false", self.server.run("connector", "test", self.connector, "--json").stdout)
        self.folder.unlink()
        # The folder is made again; its parent is there.
        for line in self.server.cli("queue", "find", "--json", "--to", f"a@{self.domain}").splitlines():
            self.server.cli("queue", "force", json.loads(line)["id"])
        self.assertTrue(self.content(self.files()[0], f"a@{self.domain}").endswith(text))
        self.assertEqual(self.folder.stat().st_mode & 0o7777, 0o2770)

    def test_the_path_of_mail_is_explained(self):
        explained = self.server.cli("route", "explain", f"a@{self.domain}")
        self.assertIn(f"drop:{self.folder}", explained)


class Killed(unittest.TestCase):
    def test_files_are_whole_whatever_ends_the_server(self):
        """The transport is killed while it writes: each message is there once, whole, and nothing else."""
        server = Server().start()
        self.addCleanup(server.destroy)
        folder = Path(tempfile.mkdtemp(prefix="martlet-drop-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder, True)
        server.cli("connector", "add", "app", "--space", "app.example", "--drop-folder", str(folder))
        time.sleep(0.4)
        sent = {}
        for number in range(60):
            text = message(b"%05d\r\n" % number * 20_000)
            with smtp(server) as client:
                client.sendmail("sender@example.org", ["a@app.example"], text)
            sent[number] = text
            if number % 20 == 10:
                self.kill(server)
        until(lambda: len(list(folder.glob("*.eml"))) >= len(sent), 60, "all files")
        found = [file.read_bytes() for file in folder.glob("*.eml")]
        self.assertEqual(len(found), len(sent))
        for text in sent.values():
            self.assertEqual(sum(octets.endswith(text) for octets in found), 1)

    def kill(self, server):
        pid = next(iter(server.workers("transport").values()))
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in server.workers("transport").values() and server.answers("smtp"), 20, "a new worker")


if __name__ == "__main__":
    unittest.main()
