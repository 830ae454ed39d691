# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Extensions of IMAP through the front-end, seen by a client that takes nothing but valid responses."""
import base64
import os
import signal
import unittest

from server import Server, shared, until
from strictimap import StrictClient, numbers

PARTS = (b"Subject: parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
         b"--x\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
         b"--x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--x--\r\n")


def code(responses, word):
    """The arguments of a response code that must be there."""
    return next(response.code[1:] for response in responses if response.code_is(word))


class Extensions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def setUp(self):
        self.address = self.server.new_account()
        self.clients = []

    def tearDown(self):
        for client in self.clients:
            client.close()

    def client(self, *enabled, select=None):
        client = StrictClient(self.server).log_on(self.address)
        self.clients.append(client)
        if enabled:
            self.assertEqual(client.enable(*enabled), list(enabled))
        if select:
            client.ok(select)
        return client

    def append(self, client, text, mailbox="INBOX", flags=""):
        _, last = client.ok(b"APPEND %s (%s) {%d+}\r\n%s" % (mailbox.encode(), flags.encode(), len(text), text))
        return int(last.code[2])


class ModSequences(Extensions):
    def test_a_client_that_comes_back_learns_what_is_different(self):
        first = self.client("QRESYNC")
        for number in range(10):
            self.append(first, b"Subject: %d\r\n\r\nx" % number)
        untagged, _ = first.ok("SELECT INBOX")
        validity, known = code(untagged, "UIDVALIDITY")[0], code(untagged, "HIGHESTMODSEQ")[0]
        first.close()

        other = self.client(select="SELECT INBOX")
        other.ok("STORE 2,4 +FLAGS.SILENT (\\Deleted)")
        other.ok("EXPUNGE")
        other.ok("UID STORE 7 +FLAGS.SILENT ($Work \\Seen)")
        new = self.append(other, b"Subject: new\r\n\r\nx")

        again = self.client("QRESYNC")
        untagged, _ = again.ok(f"SELECT INBOX (QRESYNC ({validity} {known} 1:10))")
        self.assertEqual([r.data for r in untagged if r.kind == "VANISHED"], [([2, 4], True)])
        self.assertEqual([(r.number, r.data["UID"], r.data["FLAGS"]) for r in untagged if r.kind == "FETCH"],
                         [(5, 7, {"$Work", "\\Seen"})])
        untagged, _ = again.ok(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {known} VANISHED)")
        self.assertEqual([r.data["UID"] for r in untagged if r.kind == "FETCH"], [7, new])
        self.assertEqual([r.data for r in untagged if r.kind == "VANISHED"], [([2, 4], True)])

    def test_of_two_who_change_one_message_one_is_told_to_look_again(self):
        a, b = self.client("CONDSTORE"), self.client("CONDSTORE")
        self.append(a, b"Subject: x\r\n\r\nx")
        seen = [int(code(client.ok("SELECT INBOX")[0], "HIGHESTMODSEQ")[0]) for client in (a, b)]
        _, last = a.ok(f"STORE 1 (UNCHANGEDSINCE {seen[0]}) +FLAGS.SILENT ($Mine)")
        self.assertIsNone(last.code)
        untagged, last = b.ok(f"STORE 1 (UNCHANGEDSINCE {seen[1]}) +FLAGS.SILENT ($Mine)")
        self.assertEqual(last.code, ["MODIFIED", "1"])
        told = [r.data for r in untagged if r.kind == "FETCH"]
        self.assertEqual([item["FLAGS"] for item in told], [{"$Mine"}])
        b.ok(f"STORE 1 (UNCHANGEDSINCE {told[0]['MODSEQ']}) -FLAGS ($Mine)")

    def test_status_counts_up_with_every_change(self):
        client = self.client()
        values = []
        for command in (None, "STORE 1 +FLAGS (\\Seen)", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE"):
            if command:
                client.ok(command)
            else:
                self.append(client, b"Subject: x\r\n\r\nx")
                client.ok("SELECT INBOX")
            untagged, _ = client.ok("STATUS INBOX (HIGHESTMODSEQ)")
            values.append(next(r.data[1]["HIGHESTMODSEQ"] for r in untagged if r.kind == "STATUS"))
        self.assertEqual(values, sorted(set(values)))


class RevisionTwo(Extensions):
    def test_a_session_of_the_second_revision(self):
        client = self.client("IMAP4rev2")
        client.ok('CREATE "Entwürfe/Ä & Ö"')
        untagged, _ = client.ok('LIST "" "E*"')
        self.assertEqual([r.data[1].decode() for r in untagged], ["Entwürfe", "Entwürfe/Ä & Ö"])
        for number in range(3):
            self.append(client, b"Subject: %d\r\n\r\nx" % number, mailbox='"Entwürfe"')
        untagged, _ = client.ok('SELECT "Entwürfe"')
        self.assertFalse([r for r in untagged if r.kind == "RECENT" or r.code_is("UNSEEN")])
        self.assertEqual([r.data[1].decode() for r in untagged if r.kind == "LIST"], ["Entwürfe"])
        untagged, last = client.ok("UID SEARCH 2:*")
        self.assertEqual(untagged[0].data, {"UID": True, "TAG": last.tag, "ALL": [2, 3]})
        client.ok("SEARCH RETURN (SAVE) 2:3")
        untagged, last = client.ok("UID MOVE $ INBOX")
        self.assertEqual(numbers(code(untagged, "COPYUID")[1]), [2, 3])
        untagged, _ = client.ok('STATUS "Entwürfe" (MESSAGES SIZE DELETED)')
        self.assertEqual(untagged[-1].data[1], {"MESSAGES": 1, "SIZE": 15, "DELETED": 0})
        # Another session still reads names as it always did.
        old = self.client()
        untagged, _ = old.ok('LIST "" E%')
        self.assertEqual([r.data[1] for r in untagged], [b"Entw&APw-rfe"])

    def test_parts_without_their_encoding(self):
        client = self.client(select="SELECT INBOX")
        picture = bytes(range(256)) * 40
        text = PARTS % base64.b64encode(picture)
        client.ok(b"APPEND INBOX ~{%d+}\r\n%s" % (len(text), text))
        untagged, _ = client.ok("FETCH 1 (BINARY.SIZE[2] BINARY.PEEK[2] BINARY.PEEK[1] BINARY.PEEK[2]<9000.5000>)")
        items = untagged[0].data
        self.assertEqual(items["BINARY.SIZE[2]"], len(picture))
        self.assertEqual(items["BINARY[2]"], picture)
        self.assertEqual(items["BINARY[1]"], b"plain")
        self.assertEqual(items["BINARY[2]<9000>"], picture[9000:])


class AcrossBackEnds(unittest.TestCase):
    def test_what_was_enabled_stays_enabled_when_the_back_end_dies(self):
        server = Server().start()
        try:
            address = server.new_account()
            with StrictClient(server) as client, StrictClient(server) as other:
                client.log_on(address)
                other.log_on(address)
                client.enable("IMAP4rev2")
                client.ok("APPEND INBOX {1+}\r\nx")
                other.ok("STATUS INBOX (HIGHESTMODSEQ)")
                before = server.workers("backend")
                for pid in before.values():
                    os.kill(pid, signal.SIGKILL)
                until(lambda: server.workers("backend") not in ({}, before), what="another back-end")
                for each in (client, other):
                    until(lambda: each.run("NOOP")[-1].kind == "OK", what="an answer")
                client.ok("SELECT INBOX")
                untagged, _ = client.ok("SEARCH ALL")
                self.assertEqual(untagged[0].kind, "ESEARCH")
                other.ok("SELECT INBOX")
                untagged, _ = other.ok("STORE 1 +FLAGS (\\Seen)")
                self.assertIn("MODSEQ", untagged[0].data)
        finally:
            server.destroy()
