# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""martlet store export: what is in the SQLite file is what clients see, and the documented queries run on it."""
import hashlib
import json
import re
import sqlite3
import unittest

from clients import imap
from messages import DELICATE, message
from server import ROOT, Server


class StoreExport(unittest.TestCase):
    def test_the_file_has_what_clients_see(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        address = server.new_account()
        octets = [*DELICATE.values(), message(subject=b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", extra=b"In-Reply-To: <x@y>\r\n")]
        with imap(server, address) as client:
            client.create("Entw&APw-rfe")
            for number, one in enumerate(octets):
                box = "Entw&APw-rfe" if number % 3 == 0 else "INBOX"
                flags = r"(\Seen $Junk Work)" if number % 2 else None
                client.append(box, flags, '"02-Jan-2020 10:00:00 +0200"', one)
        file = server.folder + "/mail.db"
        done = json.loads(server.cli("store", "export", "--sqlite", file, "--bodies", "--json"))
        self.assertEqual((done["accounts"], done["messages"]), (3, len(octets)))
        self.check(file, address, octets)
        self.assertEqual(server.run("store", "export", "--sqlite", file).returncode, 73, "a file was written over")
        server.stop()
        offline = server.folder + "/offline.db"
        server.cli("store", "export", "--sqlite", offline, "--account", address)
        with sqlite3.connect(offline) as database:
            rows = lambda sql: database.execute(sql).fetchall()
            self.assertEqual(rows("SELECT count(*) FROM bodies"), [(0,)])
            with sqlite3.connect(file) as online:
                names = "uid, size, seen, subject, sha256"
                self.assertEqual(rows(f"SELECT {names} FROM messages"),
                                 online.execute(f"SELECT {names} FROM messages").fetchall())

    def check(self, file, address, octets):
        with sqlite3.connect(file) as database:
            rows = lambda sql: database.execute(sql).fetchall()
            self.assertEqual(rows("PRAGMA integrity_check"), [("ok",)])
            self.assertEqual(rows("PRAGMA foreign_key_check"), [])
            digests = {digest for digest, in rows("SELECT sha256 FROM messages")}
            self.assertEqual(digests, {hashlib.sha256(one).hexdigest() for one in octets})
            for digest, body in rows("SELECT sha256, octets FROM messages JOIN bodies ON message = messages.id"):
                self.assertEqual(hashlib.sha256(body).hexdigest(), digest)
            self.assertEqual(rows("SELECT count(*) FROM bodies"), [(len(octets),)])
            self.assertEqual(rows("SELECT DISTINCT internal_date, internal_zone FROM messages"), [(1577952000, 120)])
            self.assertEqual(rows("SELECT subject, in_reply_to FROM messages WHERE in_reply_to IS NOT NULL"),
                             [("Grüße", "<x@y>")])
            marked = len(octets) // 2
            self.assertEqual(rows("SELECT keyword, count(*) FROM keywords GROUP BY 1 ORDER BY 1"),
                             [("$Junk", marked), ("Work", marked)])
            self.assertEqual(rows("SELECT count(*) FROM messages WHERE seen"), [(marked,)])
            box = rows(f"SELECT b.name FROM mailboxes b JOIN accounts a ON a.id = account WHERE address = '{address}'")
            self.assertIn(("Entwürfe",), box)
            queries = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/store-export.md").read_text(), re.S)
            self.assertGreater(len(queries), 4)
            for query in queries:
                database.execute(query).fetchall()


if __name__ == "__main__":
    unittest.main()
