# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Sessions whose view still has mail that another session expunged, and that compaction took away since."""
import poplib
import unittest

from clients import imap, pop3
from messages import message
from server import Server

ADDRESS, PASSWORD, COUNT = "alice@example.test", "secret1", 40
BODY = b"needle\r\n" + 5_000 * b"all work and no play makes mail large\r\n"


class WithAServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()


class Renamed(WithAServer):
    def test_the_selected_mailbox_is_the_one_that_was_selected(self):
        reader, writer = imap(self.server, ADDRESS, PASSWORD), imap(self.server, ADDRESS, PASSWORD)
        writer.create("plans")
        writer.append("plans", None, None, message(b"the one that was selected\r\n"))
        reader.select("plans")
        # Both names are those of others now.
        writer.rename("plans", "old")
        writer.create("plans")
        writer.append("plans", None, None, message(b"another\r\n"))
        status, data = reader._simple_command("APPEND", "INBOX", 'CATENATE (URL ";UID=1/;SECTION=TEXT")')
        self.assertEqual(status, "OK", data)
        status, data = reader.xatom("ESEARCH", "IN (selected) ALL")
        self.assertEqual(status, "OK", data)
        found = reader.untagged_responses["ESEARCH"][0]
        self.assertIn(b'MAILBOX old ', found.replace(b'"', b""))
        reader.select("INBOX", readonly=True)
        self.assertIn(b"the one that was selected", reader.fetch("*", "(BODY.PEEK[])")[1][0][1])

    def test_words_for_front_ends_are_not_for_clients(self):
        client = imap(self.server, ADDRESS, PASSWORD)
        client.enable("MARTLET-DEFLATE MARTLET-SILENCE CONDSTORE")
        self.assertEqual(client.untagged_responses["ENABLED"], [b"CONDSTORE"])
        self.assertEqual(client.xatom("COMPRESS", "DEFLATE")[0], "OK")


class Expunged(WithAServer):
    def setUp(self):
        """Two sessions that saw all the mail, before a third expunged it and it was compacted away."""
        writer, self.reader = imap(self.server, ADDRESS, PASSWORD), imap(self.server, ADDRESS, PASSWORD)
        for _ in range(COUNT):
            self.assertEqual(writer.append("INBOX", None, None, message(BODY, b"needle"))[0], "OK")
        self.reader.select("INBOX")
        self.drop = pop3(self.server, ADDRESS, PASSWORD)
        self.assertEqual(self.drop.stat()[0], COUNT)
        writer.select("INBOX")
        writer.store(f"1:{COUNT}", "+FLAGS.SILENT", "(\\Deleted)")
        self.assertEqual(writer.expunge()[0], "OK")
        for _ in range(2):
            self.server.cli("store", "compact")

    def test_what_is_expunged_is_gone_and_not_damaged(self):
        # By numbers the client is told; FETCH and SEARCH may not tell which are gone (RFC 9051 section 7.5.1).
        for item in ("BODY.PEEK[]", "BODY.PEEK[]<0.60>", "ENVELOPE", "BODYSTRUCTURE", "PREVIEW", "BINARY.PEEK[1]",
                     "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"):
            with self.subTest(item):
                status, data = self.reader.fetch("2:3", f"({item})")
                self.assertEqual((status, data[-1][:25]), ("NO", b"[EXPUNGEISSUED] 2 of the "))
        self.assertEqual(self.reader.fetch("1", "(FLAGS)")[0], "OK")
        # Found is what has a text already.
        self.assertEqual(self.reader.search(None, "BODY", "needle")[0], "OK")
        for command in (("SORT", "(SUBJECT)"), ("SORT", "(DATE)"), ("THREAD", "REFERENCES")):
            call = self.reader.sort if command[0] == "SORT" else self.reader.thread
            self.assertEqual(call(command[1], "UTF-8", "ALL")[0], "OK", command)
        # UIDs that are not there are passed over (section 6.4.9).
        first = int(self.reader.untagged_responses.get("UIDNEXT", [b"1"])[0]) - COUNT
        status, data = self.reader.uid("FETCH", f"{first}:*", "(BODY.PEEK[])")
        self.assertEqual(status, "OK")
        self.assertFalse([part for part in data if isinstance(part, tuple)])
        for number in (1, COUNT):
            with self.assertRaisesRegex(poplib.error_proto, "is gone"):
                self.drop.retr(number)
        with self.assertRaisesRegex(poplib.error_proto, "is gone"):
            self.drop.top(2, 1)
        self.drop.quit()
        self.reader.logout()
        # The disk is not what is wrong.
        for event in (12003, 9454, 12802):
            self.assertEqual(self.server.events(event), [])
