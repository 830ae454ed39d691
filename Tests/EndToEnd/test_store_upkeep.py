# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The operator's verbs on the store, at a running server and without one."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from clients import imap, send
from livedamage import Reader
from load import Load
from messages import DELICATE, message
from server import MARTLET, Server, shared, until
from storedamage import Image

QUOTES = 'LIST "" "*" RETURN (SUBSCRIBED SPECIAL-USE)'
ITEMS = "UID FLAGS INTERNALDATE RFC822.SIZE SAVEDATE EMAILID THREADID ENVELOPE BODYSTRUCTURE BODY.PEEK[]"
STATUS = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE MAILBOXID"


def everything(server, address):
    """All that a client can learn of an account, as it was answered."""
    reader = Reader(server, address)
    knows = b"CONDSTORE" in reader.command("CAPABILITY")[0][0]
    (items, status) = (ITEMS + " MODSEQ", STATUS + " HIGHESTMODSEQ") if knows else (ITEMS, STATUS)
    listed = sorted(answer[0] for answer in reader.command(QUOTES))
    seen = {"": listed}
    for line in listed:
        name = line.split(b'"/" ', 1)[1].decode()
        counts = reader.command(f"STATUS {name} ({status})")[0][0]
        reader.command(f"EXAMINE {name}")
        fetched = reader.command(f"UID FETCH 1:* ({items})") if b"MESSAGES 0" not in counts else []
        seen[name] = [counts, sorted(fetched)]
    reader.lines.socket.close()
    return seen


def furnish(server, address):
    """Mail of every kind in an account: flags, keywords, dates, gaps, folders, subscriptions."""
    with imap(server, address) as client:
        client.create("Work")
        client.create("Work/Plans")
        client.subscribe("Work/Plans")
        client.unsubscribe("Sent")
        for number, octets in enumerate(DELICATE.values()):
            flags = [None, r"(\Seen)", r"(\Flagged $Junk Work)"][number % 3]
            client.append(["INBOX", "Work", "Work/Plans"][number % 3], flags,
                          f'"{number % 28 + 1:02}-Mar-2021 10:0{number % 10}:00 +0530"', octets)
        client.select("INBOX")
        client.uid("COPY", "1:2", "Archive")
        client.uid("STORE", "1", "+FLAGS", r"(\Deleted)")
        client.expunge()
    send(server, [address], message(b"delivered\r\n" * 3000))


@contextlib.contextmanager
def scratch():
    folder = tempfile.mkdtemp(prefix="martlet-backup-", dir="/tmp")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def restore(backup, data, *options):
    return subprocess.run([MARTLET, "store", "restore", backup, "--data", data, *options],
                          capture_output=True, text=True, timeout=60)


class Backup(unittest.TestCase):
    def test_a_backup_under_load_restores_to_identical_contents_elsewhere(self):
        server = Server({"backend/workers": "2", "store/upkeep-rate": "0"}).start()
        self.addCleanup(server.destroy)
        quiet = [server.new_account() for _ in range(4)]
        for address in quiet:
            furnish(server, address)
        busy = [server.new_account() for _ in range(4)]
        with scratch() as place:
            with Load(server, busy, senders=4, readers=2) as load:
                until(lambda: load.counts["acknowledged"] > 40, what="some load")
                with load.lock:
                    promised = {address: set(tokens) for address, tokens in load.acknowledged.items()}
                done = json.loads(server.cli("store", "backup", place + "/backup", "--json"))
                until(lambda: load.counts["acknowledged"] > sum(map(len, promised.values())) + 10, what="more load")
            self.assertEqual([row["store"] for row in done], ["1", "2"])
            self.assertFalse(os.path.exists(place + "/backup.part"))
            expected = {address: everything(server, address) for address in quiet}
            server.stop()
            again = server.run("store", "backup", place + "/offline")
            self.assertEqual(again.returncode, 0, again.stderr)
            for name in ["backup", "offline"]:
                self.restored(f"{place}/{name}", f"{place}/{name}-data", expected, promised)

    def restored(self, backup, data, expected, promised):
        self.assertEqual(restore(backup, data, "--dry-run").returncode, 0)
        self.assertFalse(os.path.exists(data))
        done = restore(backup, data, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(json.loads(done.stdout)["stores"]), 2)
        self.assertEqual(sorted(os.listdir(data)), ["directory.db", "martlet.conf", "store"])
        other = Server(folder=data).start()
        self.addCleanup(other.destroy)
        for address, contents in expected.items():
            self.assertEqual(everything(other, address), contents)
        for address, tokens in promised.items():
            with imap(other, address) as client:
                client.select("INBOX", readonly=True)
                data = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (X-TOKEN)])")[1]
            there = {part[1].split()[1].decode() for part in data if isinstance(part, tuple)}
            self.assertLessEqual(tokens, there)
        self.assertEqual(other.run("store", "check").returncode, 0)
        # And mail goes on: UIDs follow those that were given.
        before = {name: counts for name, (counts, *_) in everything(other, next(iter(expected))).items()}
        send(other, [next(iter(expected))], message(b"after the restore\r\n"))
        self.assertNotEqual(before, {n: c for n, (c, *_) in everything(other, next(iter(expected))).items()})
        other.stop()

    def test_what_cannot_be_backed_up_or_restored_is_refused_and_leaves_nothing(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        send(server, ["alice@example.test"], message(b"kept\r\n" * 1000))
        with scratch() as place:
            os.mkdir(place + "/there")
            self.assertEqual(server.run("store", "backup", place + "/there").returncode, 73)
            self.assertEqual(server.run("store", "backup", place + "/no/such").returncode, 73)
            self.assertEqual(server.run("store", "backup").returncode, 64)
            server.cli("store", "backup", place + "/good")
            # Where there is mail, or a server runs.
            self.assertEqual(restore(place + "/good", server.folder).returncode, 73)
            self.assertEqual(restore(place + "/there", place + "/new").returncode, 66)
            self.assertEqual(restore(place + "/none", place + "/new").returncode, 66)
            for path in ["directory.db", "backend-1/MANIFEST", "martlet.conf",
                         "backend-1/shard-00/segment-0000000001.log", "BACKUP.json"]:
                if not os.path.exists(f"{place}/good/{path}"):
                    continue
                with self.subTest(path):
                    shutil.rmtree(place + "/bad", ignore_errors=True)
                    shutil.copytree(place + "/good", place + "/bad")
                    octets = bytearray(Path(place, "bad", path).read_bytes())
                    octets[len(octets) // 2] ^= 1
                    Path(place, "bad", path).write_bytes(octets)
                    for options in [["--dry-run"], []]:
                        result = restore(place + "/bad", place + "/new", *options)
                        self.assertIn(result.returncode, (65, 66, 70), result.stderr)
                        self.assertTrue(result.stderr)
                    self.assertEqual(os.listdir(place + "/new") if os.path.exists(place + "/new") else [], [])
            # What the manifest has, too, is no loss; a comparison tells of it.
            for path in ["backend-1/FORMAT", "backend-1/shard-00/removed"]:
                Path(place, "good", path).rename(place + "/aside")
                result = restore(place + "/good", place + "/new", "--dry-run")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(path, result.stderr)
                result = restore(place + "/good", place + "/renewed")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn(f"{path} of the backup is damaged; it was made again", result.stdout)
                renewed = Path(place, "renewed", "store", path).read_bytes()
                self.assertEqual(renewed, Path(place, "aside").read_bytes())
                shutil.rmtree(place + "/renewed")
                Path(place, "aside").rename(Path(place, "good", path))
            # Settings of the new machine stay; nothing is served while a restore is under way.
            os.makedirs(place + "/new/restoring")
            served = subprocess.run([MARTLET, "serve", "--data", place + "/new"], capture_output=True, timeout=30)
            self.assertEqual(served.returncode, 78, served.stderr)
            Path(place, "new/martlet.conf").write_text("imap/share-retry-attempts = 17\n")
            self.assertTrue(json.loads(restore(place + "/good", place + "/new", "--json").stdout)["keptSettings"])
            self.assertIn("17", Path(place, "new/martlet.conf").read_text())

    def test_ended_early_there_is_no_backup_and_the_next_one_is_made(self):
        server = Server({"store/upkeep-rate": "64 KiB"}).start()
        self.addCleanup(server.destroy)
        for _ in range(20):
            send(server, ["alice@example.test"], message(b"0123456789\r\n" * 4000))
        with scratch() as place:
            command = [MARTLET, "store", "backup", "--paced", place + "/backup", "--data", server.folder]
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            until(lambda: os.path.isdir(place + "/backup.part/backend-1"), what="the backup to begin")
            running.send_signal(signal.SIGINT)
            running.wait(10)
            self.assertFalse(os.path.exists(place + "/backup"))
            # What it held is let go.
            self.assertEqual(json.loads(server.cli("store", "compact", "--json"))[0]["stopped"], None)
            server.cli("store", "backup", place + "/backup")
            self.assertEqual(os.listdir(place), ["backup"])
            self.assertEqual(restore(place + "/backup", place + "/new").returncode, 0)


class Verbs(unittest.TestCase):
    def verb(self, server, *words, status=0):
        result = server.run("store", *words, "--json", timeout=60)
        self.assertEqual(result.returncode, status, (words, result.stdout, result.stderr))
        return json.loads(result.stdout)

    def all(self, server):
        [stat] = self.verb(server, "stat", "--live")
        self.assertGreater(stat["octets"], stat["liveOctets"])
        self.assertGreater(stat["liveOctets"], 0)
        [check] = self.verb(server, "check")
        self.assertEqual((check["findings"], check["found"]), (0, []))
        self.assertGreater(check["messages"], 3)
        self.assertEqual(self.verb(server, "scrub", "--paced")[0]["findings"], 0)
        self.assertEqual(self.verb(server, "repair")[0]["findings"], 0)
        self.assertGreaterEqual(self.verb(server, "reindex")["accounts"], 1)
        self.assertEqual(self.verb(server, "reindex", "--missing", "--account", "alice@example.test")["accounts"], 1)
        [compacted] = self.verb(server, "compact")
        self.assertIsNone(compacted["stopped"])
        self.assertGreater(compacted["octetsAfter"], 1000)
        for words in [["stat"], ["check"]]:
            self.assertTrue(server.cli("store", *words).strip(), words)
            self.assertEqual(server.run("store", *words, "--store", "7").returncode, 66, words)

    def test_all_of_them_with_and_without_a_server(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        furnish(server, server.new_account())
        send(server, ["alice@example.test"], message(b"one\r\n"))
        before = everything(server, "user1@example.test")
        self.all(server)
        self.assertEqual(everything(server, "user1@example.test"), before)
        self.assertEqual(server.run("store", "reindex", "--account", "nobody@example.test").returncode, 66)
        server.stop()
        self.all(server)
        server.start()
        self.assertEqual(everything(server, "user1@example.test"), before)
        server.cli("settings", "set", "store/search-index", "off")
        until(lambda: server.run("store", "reindex").returncode == 65, what="the setting to be known")

    def test_damage_is_found_named_and_mended_as_far_as_it_goes(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        for number in range(6):
            send(server, ["alice@example.test"], message(b"line %d\r\n" % number * 2000, subject=b"n%d" % number))
        [form] = Path(server.folder, "store").rglob("FORMAT")
        self.verb(server, "reindex")
        server.stop()
        image = Image(str(form.parent))
        record = max((r for r in image.records if b"Subject" not in r.metadata), key=lambda r: r.end - r.start)
        place = (record.start + record.end) // 2
        with open(form.parent / record.path, "r+b") as file:
            file.seek(place)
            file.write(bytes(octet ^ 0x5A for octet in image.files[record.path][place:place + 8]))
        texts = next(path for path in image.files if path.endswith(".text"))
        Path(form.parent, texts).write_bytes(image.files[texts][:-1])
        for _ in range(2):
            [report] = self.verb(server, "check", status=1)
            kinds = {finding["kind"]: finding for finding in report["found"]}
            self.assertEqual(set(kinds), {"message", "texts"}, report)
            hit = kinds["message"]
            self.assertEqual((hit["address"], hit["mailbox"], hit["isInMail"]), ("alice@example.test", "INBOX", True))
            self.assertIn("alice@example.test INBOX UID", server.run("store", "check").stdout)
            if server.process.poll() is not None:
                server.start()
        self.assertEqual(self.verb(server, "scrub", status=1)[0]["damagedMessages"], 1)
        [repaired] = self.verb(server, "repair", status=1)
        self.assertEqual((repaired["messagesDamaged"], repaired["filesRenewed"]), (1, [texts]))
        self.assertEqual({f["kind"] for f in self.verb(server, "check", status=1)[0]["found"]}, {"message"})
        server.cli("message", "quarantine", "add", "--account", "alice@example.test", "--uid", str(hit["uid"]))
        with imap(server, "alice@example.test", "secret1") as client:
            client.select("INBOX", readonly=True)
            self.assertEqual(len(client.uid("SEARCH", "ALL")[1][0].split()), 5)


if __name__ == "__main__":
    unittest.main()
