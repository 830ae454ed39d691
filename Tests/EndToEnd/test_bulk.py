# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""martlet import and export: what goes in comes out, however often it is interrupted."""
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from clients import imap
from messages import DELICATE, message
from server import MARTLET, QUICK, Server, shared, until

ODD = {
    "no end": b"A: b\r\n\r\nno line end", "header only": b"A: b\r\n", "bare LF": b"A: b\n\nx\ny\r\n",
    "CR CR LF": b"A: b\r\n\r\nx\r\r\ny\r\n", "own Status": b"Status: RO\r\nX-Keywords: no\r\n\r\nx\r\n",
    "From lines": b"A: b\r\n\r\nFrom x\r\n>From y\r\n\r\nFrom a@b Sat Jan  3 01:05:34 1998\r\nTo: z\r\n\r\n",
}


def contents(server, address):
    """Everything that a client can see of an account, but for UIDs."""
    with imap(server, address) as client:
        subscribed = sorted(client.lsub()[1], key=repr)
        names = []
        for line in client.list()[1]:
            flags, name = re.match(rb'\(([^)]*)\) "/" (.*)', line).groups()
            names.append((name, sorted(flag for flag in flags.split() if b"Children" not in flag)))
        boxes = {}
        for name, _ in names:
            client.select(name.decode(), readonly=True)
            rows = []
            kind, data = client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")
            for item in data:
                if isinstance(item, tuple):
                    head = item[0]
                    flags = sorted(re.search(rb"FLAGS \(([^)]*)\)", head)[1].split())
                    date = re.search(rb'INTERNALDATE "([^"]*)"', head)[1]
                    rows.append((flags, date, hashlib.sha256(item[1]).hexdigest()))
            boxes[name] = rows
        return names, subscribed, boxes


def fill(server, address):
    """Mailboxes and messages of all kinds."""
    with imap(server, address) as client:
        for name in ["Work/Plans", "a.b/c", "Entw&APw-rfe", "x.sbd", '"100% &- x"', "Empty"]:
            client.create(name)
        client.subscribe("Work/Plans")
        client.subscribe("Gone")
        client.unsubscribe("Junk")
        number = 0
        for octets in [*DELICATE.values(), *ODD.values(), message(), message()]:
            number += 1
            flags = ["", r"(\Seen)", r"(\Seen \Answered $Junk)", r"(\Flagged \Deleted \Draft one Two)"][number % 4]
            zone = ["+0000", "-0800", "+0530"][number % 3]
            box = ["INBOX", "Work/Plans", "Entw&APw-rfe", "a.b/c"][number % 4]
            kind, answer = client.append(box, flags or None, f'"{number:2d}-Jan-2020 10:00:00 {zone}"', octets)
            assert kind == "OK", answer
        twice = message()
        for _ in range(2):
            client.append("INBOX", None, '"01-Jan-2020 10:00:00 +0000"', twice)


class RoundTrip(unittest.TestCase):
    def test_an_export_gives_the_same_account_again(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        source = server.new_account()
        fill(server, source)
        wanted = contents(server, source)
        targets = {}
        for form in ("mbox", "maildir"):
            folder = f"{server.folder}/export-{form}"
            done = json.loads(server.cli("export", form, "--account", source, folder, "--json"))
            self.assertEqual(done["damaged"], [])
            self.assertEqual(done["messages"], sum(len(rows) for rows in wanted[2].values()))
            targets[form] = server.new_account()
            summary = json.loads(server.cli("import", form, folder, "--account", targets[form], "--json"))
            self.assertEqual(summary["stored"], done["messages"])
            self.assertEqual(set(summary["findings"]) - {"nulls"}, set(), summary)
            again = json.loads(server.cli("import", form, folder, "--account", targets[form], "--json"))
            self.assertEqual((again["stored"], again["known"]), (0, done["messages"]))
        for form, target in targets.items():
            with self.subTest(form):
                self.assertEqual(contents(server, target), wanted)
        self.without_a_server(server, source, wanted)

    def without_a_server(self, server, source, wanted):
        target = server.new_account()
        server.stop()
        folder = f"{server.folder}/export-offline"
        server.cli("export", "mbox", "--account", source, folder)
        refused = server.run("export", "mbox", "--account", source, folder)
        self.assertEqual(refused.returncode, 66, "a folder that is not empty was written to")
        server.cli("import", "mbox", folder, "--account", target)
        server.start()
        self.assertEqual(contents(server, target), wanted)


class Maildir(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-maildir-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)
        for part in ("cur", "new", "tmp", ".Sub.Fold&AOQ-r/cur", ".Sub.Fold&AOQ-r/new", ".Sub.Fold&AOQ-r/tmp"):
            (self.folder / part).mkdir(parents=True)

    def put(self, path, octets, modified=1_600_000_000):
        (self.folder / path).write_bytes(octets)
        os.utime(self.folder / path, (modified, modified))

    def load(self, server, address, *options):
        result = server.run("import", "maildir", str(self.folder), "--account", address, "--json", *options)
        return result.returncode, json.loads(result.stdout)

    def test_many_of_one_size_and_date_are_each_known_once(self):
        server = shared()
        address = server.new_account()
        bodies = [b"A: b\n\n%04d\n" % (number // 2 if number < 6 else number) for number in range(40)]
        for number, body in enumerate(bodies):
            self.put(f"cur/{1500000000 + number}.M1.h:2,", body)
        status, done = self.load(server, address)
        self.assertEqual((status, done["stored"]), (0, 40), done)
        for number in range(40):
            (self.folder / f"cur/{1500000000 + number}.M1.h:2,").unlink()
        # In another order, with one copy more of a message, and one that is new.
        for number, body in enumerate([*reversed(bodies), bodies[0], b"A: b\n\nmore\n"]):
            self.put(f"cur/{1600000000 + number}.M1.h:2,", body)
        status, done = self.load(server, address)
        self.assertEqual((status, done["known"], done["stored"]), (0, 40, 2), done)

    def test_flags_keywords_dates_order_and_damage(self):
        server = shared()
        address = server.new_account()
        self.put("cur/1500000002.M1.h,S=9:2,FSa", b"A: 1\n\none\n")
        self.put("cur/1500000001.M1.h:2,RPTD", b"A: 2\r\n\r\ntwo\r\n", 1_500_000_000)
        self.put("new/1500000003.M1.h", b"A: 3\n\n\0three")
        self.put("tmp/1500000004.M1.h", b"not yet")
        self.put(".Sub.Fold&AOQ-r/cur/5.h:2,S", b"A: 5\n\nfive\n")
        self.put("cur/1500000005.M1.h:2,", b"")
        (self.folder / "cur/1500000006.M1.h:2,S").symlink_to("/nowhere")
        (self.folder / "dovecot-keywords").write_bytes(b"0 $Work\n")
        (self.folder / "subscriptions").write_bytes(b"Sub.Fold&AOQ-r\n")
        status, done = self.load(server, address)
        self.assertEqual((status, done["stored"]), (1, 4), done)
        self.assertEqual({kind: found["count"] for kind, found in done["findings"].items()},
                         {"unreadable": 1, "empty": 1, "nulls": 1})
        names, subscribed, boxes = contents(server, address)
        self.assertTrue(any(b"Sub/Fold&AOQ-r" in line for line in subscribed))
        found = [(flags, digest) for flags, _, digest in boxes[b"INBOX"]]
        digest = lambda octets: hashlib.sha256(octets).hexdigest()
        self.assertEqual(found, [
            (sorted([b"$Forwarded", b"\\Answered", b"\\Deleted", b"\\Draft"]), digest(b"A: 2\r\n\r\ntwo\r\n")),
            (sorted([b"$Work", b"\\Flagged", b"\\Seen"]), digest(b"A: 1\r\n\r\none\r\n")),
            ([], digest(b"A: 3\r\n\r\n\0three")),
        ])
        self.assertEqual(boxes[b"INBOX"][0][1], b"14-Jul-2017 02:40:00 +0000")
        self.assertEqual(len(next(rows for name, rows in boxes.items() if b"Fold" in name)), 1)
        # What is new since, and nothing else.
        self.put("cur/1500000009.M1.h:2,S", b"A: 9\n\nnine\n")
        status, done = self.load(server, address)
        self.assertEqual((done["stored"], done["known"]), (1, 4), done)
        # The order of dovecot-uidlist, below another mailbox.
        (self.folder / "dovecot-uidlist").write_bytes(b"3 V1 N9\n1 :1500000009.M1.h\n2 :1500000002.M1.h,S=9\n")
        status, done = self.load(server, address, "--folder", "Old")
        self.assertEqual(done["stored"], 5)
        boxes = contents(server, address)[2]
        self.assertEqual([row[2] for row in boxes[b"Old"]][:2],
                         [digest(b"A: 9\r\n\r\nnine\r\n"), digest(b"A: 1\r\n\r\none\r\n")])


class Mbox(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-mbox-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, count, size=3000, name="mbox"):
        with open(self.folder / name, "wb") as file:
            for number in range(count):
                body = b"%08d line\n" % number * (size // 14)
                file.write(b"From a@b Sat Jan  3 01:05:34 1998\nSubject: %d\n\n" % number + body + b"\n")
        return str(self.folder / name)

    def test_a_tree_with_damage(self):
        server = shared()
        address = server.new_account()
        line = b"From a@b Sat Jan  3 01:05:34 1998 +0100\n"
        (self.folder / "Work.sbd").mkdir()
        (self.folder / "inbox").write_bytes(
            b"junk\n" + line + b"A: 1\nStatus: RO\n\none\n\nFrom nobody\nTo: x\n\ntwo\n" + line + b"A: 3\n\n>From x\n")
        (self.folder / "Work.sbd/Plans").write_bytes(line + b"A: 4\n\n" + b"x" * 3_000_000 + b"\nend\n")
        (self.folder / "Empty").write_bytes(b"")
        (self.folder / "notes").write_bytes(b"Nothing of an mbox.\n")
        (self.folder / "inbox.msf").write_bytes(b"x")
        result = server.run("import", "mbox", str(self.folder), "--account", address)
        self.assertEqual(result.returncode, 1, result.stderr)
        for text in ("4 messages read, 4 stored", "1 separators without a date", "1 separators without an empty line",
                     "4 octets before the first separator", "1 files that are no mbox"):
            self.assertIn(text, result.stdout)
        boxes = contents(server, address)[2]
        self.assertEqual(boxes[b"INBOX"][0][:2], ([b"\\Seen"], b" 3-Jan-1998 01:05:34 +0100"), boxes[b"INBOX"])
        digest = hashlib.sha256(b"A: 4\r\n\r\n" + b"x" * 3_000_000 + b"\r\nend\r\n").hexdigest()
        self.assertEqual([row[2] for row in boxes[b"Work/Plans"]], [digest])
        self.assertEqual(boxes[b"Empty"], [])

    def begin(self, server, path, address):
        return subprocess.Popen([MARTLET, "import", "mbox", path, "--account", address, "--data", server.folder, "--json"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def count(self, server, address):
        boxes = json.loads(server.cli("mailbox", "list", "--account", address, "--json"))
        return next(box["messages"] for box in boxes if box["name"] == "INBOX")

    def subjects(self, server, address):
        lines = server.cli("message", "list", "--account", address, "--json").splitlines()
        return [int(json.loads(line)["subject"]) for line in lines]

    def test_interrupted_at_any_point_it_goes_on(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        total = 1500 if QUICK else 6000
        path = self.write(total)
        address = server.new_account()
        for share, number in [(10, signal.SIGINT), (3, signal.SIGKILL)]:
            with self.begin(server, path, address) as process:
                until(lambda: self.count(server, address) >= total // share or process.poll() is not None, 180)
                process.send_signal(number)
        # The back-end dies under it: the import itself goes on.
        with self.begin(server, path, address) as process:
            until(lambda: self.count(server, address) >= total // 2 or process.poll() is not None, 180)
            os.kill(server.workers("backend")["backend-1"], signal.SIGKILL)
            output = process.communicate(timeout=180)[0]
        self.assertEqual(process.returncode, 0)
        self.assertEqual(json.loads(output)["read"], total)
        self.assertEqual(self.subjects(server, address), list(range(total)))
        again = json.loads(server.cli("import", "mbox", path, "--account", address, "--json"))
        self.assertEqual((again["stored"], again["known"]), (0, total))

    def test_two_imports_into_one_account_are_not_done_at_once(self):
        server = shared()
        address = server.new_account()
        path = self.write(3)
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as other:
            other.connect(server.folder + "/run/admin.sock")
            other.sendall(b"POST /v1/accounts/%s/mail/import HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"20\r\n{\"mailbox\":{\"name\":\"Underway\"}}\n\r\n" % address.encode())
            until(lambda: "Underway" in server.cli("mailbox", "list", "--account", address), 10)
            refused = server.run("import", "mbox", path, "--account", address)
            self.assertEqual(refused.returncode, 73, refused.stderr)
            self.assertIn("under way", refused.stderr)
        until(lambda: server.run("import", "mbox", path, "--account", address).returncode == 0, 10)
        self.assertEqual(self.count(server, address), 3)


if __name__ == "__main__":
    unittest.main()
