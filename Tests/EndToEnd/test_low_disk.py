# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A disk that fills up: mail is refused before it is full, goes out all the same, and is taken again by itself."""
import os
import shutil
import smtplib
import subprocess
import tempfile
import unittest

from clients import smtp
from messages import message
from server import Server
from server import until as until_within
from sink import Sink

DISK = 192 << 20
LOW = 100 << 20


def until(condition, timeout=60, what="it"):
    return until_within(condition, max(timeout, 60), what)


class LowDisk(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="martlet-low-", dir="/tmp")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", self.folder],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            os.rmdir(self.folder)
            self.skipTest(f"no file system of its own can be had here: {mounted.stderr.strip()}")
        self.sink = Sink()
        self.sink.stop()
        self.server = Server({
            "queue/low-disk": str(LOW), "queue/retry": "500ms, 1s", "store/reserved-space": "0",
            "outbound/security": "none", "outbound/smart-hosts": f"[127.0.0.1]:{self.sink.port}",
        }, folder=self.folder).start()

    def tearDown(self):
        if hasattr(self, "server"):
            self.server.destroy()
            self.sink.stop()
            subprocess.run(["umount", "-l", self.folder], check=False)
            shutil.rmtree(self.folder, ignore_errors=True)

    def submit(self, name, octets=3 << 20):
        """Submits a large message; what was answered."""
        text = message(b"x" * 70 + b"\r\n" if octets < 100 else (b"x" * 70 + b"\r\n") * (octets // 72))
        text = text.replace(b"sender@example.org", b"alice@example.test")
        try:
            with smtp(self.server, "submissions") as client:
                client.login("alice@example.test", "secret1")
                client.sendmail("alice@example.test", [f"{name}@elsewhere.example"], text)
                return 250, b""
        except smtplib.SMTPRecipientsRefused as error:
            return next(iter(error.recipients.values()))
        except smtplib.SMTPResponseException as error:
            return error.smtp_code, error.smtp_error

    def free(self):
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def test_accept_stops_before_the_disk_is_full_and_starts_again_by_itself(self):
        taken = []
        for number in range(60):
            code, text = self.submit(f"m{number}")
            if code != 250:
                break
            taken.append(f"m{number}@elsewhere.example")
        self.assertEqual(code, 452, text)
        self.assertTrue(text.startswith(b"4.3.1"), text)
        self.assertGreater(len(taken), 10)
        # What was under way when the mark was reached, and no more.
        self.assertGreater(self.free(), LOW - (16 << 20))
        self.server.event(9711, timeout=30)
        self.assertEqual(self.server.events(9710), [])
        # Small mail is refused too: it is about the disk, and not about the message.
        self.assertEqual(self.submit("small", 10)[0], 452)
        # What is queued goes on its way and makes room.
        self.sink.start()
        until(lambda: len(self.sink.recipients()) >= len(taken), 120, "the mail to go out")
        until(lambda: self.free() > LOW + LOW // 16, 120, "room to be there again")
        self.server.event(9712, timeout=60)
        until(lambda: self.submit("after", 10)[0] == 250, what="mail to be taken again")
        until(lambda: "after@elsewhere.example" in self.sink.recipients())
        self.assertEqual(sorted(set(self.sink.recipients()) - {"after@elsewhere.example"}), sorted(taken))
        self.assertEqual(len(self.sink.recipients()), len(taken) + 1)
        self.assertEqual(self.server.events(9710), [])


if __name__ == "__main__":
    unittest.main()
