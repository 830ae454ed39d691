# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Starting, stopping and starting again; and what is said when that cannot be."""
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from clients import fetch, imap, send, smtp, uids
from messages import message
from server import MARTLET, QUICK, ROOT, Server, children_of, free_port_base, is_free, until


class Starting(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.destroy)

    def refused(self, *arguments, **options):
        """The status and words of a start that must not succeed."""
        result = subprocess.run(
            [MARTLET, "serve", *arguments], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, **options
        )
        self.assertNotEqual(result.returncode, 0)
        return result.returncode, result.stderr + result.stdout

    def test_a_second_start_keeps_the_mail(self):
        self.server.start()
        original = message(b"kept\r\n")
        send(self.server, ["alice@example.test"], original)
        client = imap(self.server, "alice@example.test", "secret1")
        [number] = uids(client)
        validity = client.response("UIDVALIDITY")
        client.store(str(1), "+FLAGS", "(\\Flagged)")
        client.logout()
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        client = imap(self.server, "alice@example.test", "secret1")
        self.assertEqual(uids(client), [number])
        self.assertEqual(client.response("UIDVALIDITY"), validity)
        self.assertTrue(fetch(client, number).endswith(original))

    def test_everything_killed_at_once_loses_nothing_acknowledged(self):
        self.server.start()
        for number in range(20):
            send(self.server, ["alice@example.test"], message(b"%d\r\n" % number))
        self.server.kill()
        self.server.start()
        self.assertEqual(len(uids(imap(self.server, "alice@example.test", "secret1"))), 20)

    def test_stopping_says_goodbye_and_leaves_no_process(self):
        self.server.start()
        client = imap(self.server, "alice@example.test", "secret1")
        workers = children_of(self.server.process.pid)
        self.assertGreaterEqual(len(workers), 3)
        self.assertEqual(self.server.stop(), 0)
        self.assertIn(b"BYE", client.sock.recv(4096))
        for pid in workers:
            self.assertFalse(Path(f"/proc/{pid}").exists(), pid)
        self.assertTrue(is_free(self.server.port("imap")))

    def test_workers_do_not_outlive_service_control(self):
        self.server.start()
        workers = children_of(self.server.process.pid)
        os.kill(self.server.process.pid, signal.SIGKILL)
        self.server.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), 10, "the end of the workers")

    def test_a_port_in_use(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.server.port("imap")))
            other.listen()
            _, words = self.refused("--data", self.server.folder, "--port-base", str(self.server.base))
        self.assertIn(str(self.server.port("imap")), words)
        self.assertRegex(words, r"in use|cannot listen")
        events = self.server.events(4007, 4020)
        self.assertTrue(any(str(self.server.port("imap")) in str(event) for event in events), events)

    def test_an_instance_that_runs_already(self):
        self.server.start()
        _, words = self.refused("--data", self.server.folder, "--port-base", str(free_port_base()))
        self.assertIn("already runs", words)
        self.assertIn(str(self.server.process.pid), words)

    def test_a_folder_that_cannot_be_written(self):
        for folder in ("/proc/martlet", "/dev/null/martlet"):
            with self.subTest(folder):
                status, words = self.refused("--data", folder)
                self.assertEqual(status, 73, words)
                self.assertIn(folder, words)

    @unittest.skipIf(os.geteuid() != 0, "needs root to become another user")
    def test_a_folder_of_another_user(self):
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            os.chmod(folder, 0o555)
            program = Path(MARTLET)
            if any(not (parent.stat().st_mode & 0o001) for parent in program.parents):
                self.skipTest("the program is not within reach of other users")
            status, words = self.refused("--data", folder, user=65534, group=65534)
            self.assertEqual(status, 73, words)
            self.assertIn(folder, words)

    def test_a_settings_file_with_mistakes(self):
        Path(self.server.folder, "martlet.conf").write_text(
            "# first line\nsmtp/maximum-recipients = many\nno/such-setting = 1\nimap/port = 143\n"
        )
        self.server.spawn()
        self.server.wait_until_ready()
        events = str([event for event in self.server.events() if "settings" in event["name"]])
        self.assertIn("many", events)
        self.assertIn("no/such-setting", events)
        with smtp(self.server) as client:
            self.assertEqual(client.ehlo("client.example.org")[0], 250)


class Script(unittest.TestCase):
    """script/server, as the README has it."""

    @unittest.skipIf(QUICK, "takes a build")
    def test_background_start_sends_reads_and_stops(self):
        base = free_port_base()
        with tempfile.TemporaryDirectory(prefix="martlet-e2e-", dir="/tmp") as folder:
            command = [
                str(ROOT / "script/server"), "--data", folder, "--port-base", str(base), "--account",
                "alice@example.test:secret1", "--account", "bob@example.test:sec:ret2", "--background", "--debug",
            ]
            environment = {**os.environ, "MARTLET_STRICT": os.environ.get("MARTLET_STRICT", "1")}
            result = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
            self.assertEqual(result.returncode, 0, result.stderr)
            pid = int(Path(folder, "run/martlet.pid").read_text().split()[0])
            try:
                said = result.stdout.splitlines()
                self.assertIn(f"kill {pid}", result.stdout)
                for words in ("swaks --server 127.0.0.1", "curl --user"):
                    line = next(line for line in said if words in line)
                    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30)
                    self.assertEqual(done.returncode, 0, (line, done.stdout, done.stderr))
                self.assertIn("Subject: First", done.stdout)
                submit = next(line for line in said if "--auth-password" in line)
                done = subprocess.run(["bash", "-c", submit], capture_output=True, text=True, timeout=30)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                again = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
                self.assertNotEqual(again.returncode, 0)
                self.assertIn("already runs", again.stderr)
            finally:
                os.kill(pid, signal.SIGTERM)
                deadline = time.monotonic() + 20
                while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                    time.sleep(0.05)
            self.assertFalse(Path(f"/proc/{pid}").exists())

    def test_what_it_refuses(self):
        script = str(ROOT / "script/server")
        with socket.socket() as other:
            base = free_port_base()
            other.bind(("127.0.0.1", base + 993))
            other.listen()
            for arguments, words in [
                (["--account", "alice"], "USER:PASSWORD"), (["--port-base", "x"], "--port-base"), (["--frob"], "--frob"),
                (["--data", "/proc/x"], "cannot write"),
                (["--data", tempfile.mkdtemp(dir="/tmp", prefix="martlet-e2e-"), "--port-base", str(base)], str(base + 993)),
            ]:
                with self.subTest(arguments):
                    result = subprocess.run([script, *arguments], capture_output=True, text=True, timeout=30)
                    self.assertNotEqual(result.returncode, 0)
                    self.assertIn(words, result.stderr)


if __name__ == "__main__":
    unittest.main()
