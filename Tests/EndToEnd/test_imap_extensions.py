# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Extensions of IMAP through the front-end, seen by a client that takes nothing but valid responses."""
import base64
import os
import signal
import unittest
import zlib

from server import Server, shared, until
from strictimap import Invalid, StrictClient, numbers

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


class Ordered(Extensions):
    def test_messages_in_order_and_in_conversations(self):
        client = self.client(select="SELECT INBOX")
        mails = [("Mon, 1 Jan 2024 10:00:00 +0000", "<a@x>", "", "lunch"),
                 ("Mon, 1 Jan 2024 09:00:00 +0000", "<b@x>", "<a@x>", "Re: lunch"),
                 ("Mon, 1 Jan 2024 12:00:00 +0500", "<c@x>", "<a@x> <b@x>", "Re: Re: lunch"),
                 ("Tue, 2 Jan 2024 10:00:00 +0000", "<d@x>", "", "=?UTF-8?Q?=C3=84pfel?=")]
        for date, name, references, subject in mails:
            self.append(client, f"Date: {date}\r\nMessage-ID: {name}\r\nReferences: {references}\r\n"
                                f"Subject: {subject}\r\n\r\nx\r\n".encode())
        untagged, _ = client.ok("SORT (DATE) UTF-8 ALL")
        self.assertEqual(untagged[0].data, [3, 2, 1, 4])
        untagged, _ = client.ok("UID SORT (REVERSE SUBJECT DATE) UTF-8 ALL")
        self.assertEqual(untagged[0].data, [3, 2, 1, 4])
        untagged, _ = client.ok("UID SORT RETURN (PARTIAL 2:3 COUNT) (DATE) UTF-8 ALL")
        self.assertEqual(untagged[0].data["COUNT"], 4)
        self.assertEqual(untagged[0].data["PARTIAL"][1], "2,1")
        untagged, _ = client.ok("THREAD REFERENCES UTF-8 ALL")
        self.assertEqual(untagged[0].data, [[1, 2, 3], [4]])
        untagged, _ = client.ok("THREAD ORDEREDSUBJECT UTF-8 ALL")
        self.assertEqual(untagged[0].data, [[3, [2], [1]], [4]])
        untagged, _ = client.ok("UID FETCH 1:* (UID) (PARTIAL -1:-2)")
        self.assertEqual([r.data["UID"] for r in untagged], [3, 4])

    def test_orders_follow_what_comes_and_goes(self):
        client = self.client(select="SELECT INBOX")
        for number in range(12):
            self.append(client, f"Date: {number + 1} Jan 2024 10:00:00 +0000\r\nFrom: a{number}@x\r\n"
                                f"Subject: Re: s{11 - number:02}\r\n\r\nx\r\n".encode())
        together, _ = client.ok("FETCH 1:12 ENVELOPE")
        for number, answer in enumerate(together, 1):
            alone, _ = client.ok(f"FETCH {number} ENVELOPE")
            self.assertEqual(alone[0].data, answer.data)
        self.assertEqual(len(together), 12)
        for criteria, order in (("DATE", range(1, 13)), ("SUBJECT", range(12, 0, -1)), ("REVERSE DATE", range(12, 0, -1))):
            untagged, _ = client.ok(f"SORT ({criteria}) UTF-8 ALL")
            self.assertEqual(untagged[0].data, list(order), criteria)
        client.ok("STORE 3 +FLAGS.SILENT (\\Deleted)")
        client.ok("EXPUNGE")
        self.append(client, b"Date: 15 Dec 2023 10:00:00 +0000\r\nSubject: s05a\r\n\r\nx\r\n")
        # What is kept of the first orders is of other numbers, and lacks a message: another session of the same process.
        for session in (client, self.client(select="SELECT INBOX")):
            for criteria, order in (("DATE", [12, *range(1, 12)]), ("SUBJECT", [11, 10, 9, 8, 7, 6, 12, 5, 4, 3, 2, 1])):
                untagged, _ = session.ok(f"SORT ({criteria}) UTF-8 ALL")
                self.assertEqual(untagged[0].data, order, criteria)
            untagged, _ = session.ok("SEARCH SENTSINCE 10-Jan-2024")
            self.assertEqual(untagged[0].data, [9, 10, 11])

    def test_texts_compare_whatever_their_case_form_and_charset(self):
        client = self.client(select="SELECT INBOX")
        for charset in ("utf-8", "iso-8859-1", "utf-16"):
            text = base64.b64encode("Crème brûlée".encode(charset)).decode()
            self.append(client, f"Subject: =?{charset}?B?{text}?=\r\nContent-Type: text/plain; charset={charset}\r\n"
                                f"Content-Transfer-Encoding: base64\r\n\r\n{text}\r\n".encode())
        self.append(client, b"Subject: creme\r\n\r\ncreme\r\n")
        # Read from the messages at first; that makes the store keep their texts, and looks through those later.
        for _ in range(3):
            for key in ("SUBJECT", "BODY", "TEXT"):
                for wanted in ("CRÈME BRÛLÉE", "cre\u0300me bru\u0302le\u0301e", "\uff23\uff32È"):
                    octets = wanted.encode()
                    untagged, _ = client.ok(b"SEARCH CHARSET UTF-8 %s {%d+}\r\n%s" % (key.encode(), len(octets), octets))
                    self.assertEqual(untagged[0].data, [1, 2, 3], (key, wanted))
                untagged, _ = client.ok(f"SEARCH {key} creme")
                self.assertEqual(untagged[0].data, [4])
        untagged, _ = client.ok("SORT (SUBJECT) UTF-8 ALL")
        self.assertEqual(untagged[0].data, [4, 1, 2, 3])
        untagged, _ = client.ok("THREAD ORDEREDSUBJECT UTF-8 ALL")
        self.assertEqual(untagged[0].data, [[1, [2], [3]], [4]])


class Bringing(Extensions):
    def test_several_messages_and_one_in_the_place_of_another(self):
        client, other = self.client(select="SELECT INBOX"), self.client("QRESYNC", select="SELECT INBOX")
        large = b"Subject: large\r\n\r\n" + b"x" * 2_000_000
        _, last = client.ok(b"APPEND INBOX {1+}\r\na (\\Seen) {%d+}\r\n%s {1+}\r\nc" % (len(large), large))
        self.assertEqual(last.code[2], "1:3")
        self.assertEqual([r.number for r in other.ok("NOOP")[0] if r.kind == "EXISTS"], [3])
        untagged, _ = client.ok("FETCH 2 (FLAGS BODY[])")
        self.assertEqual(untagged[0].data, {"FLAGS": {"\\Seen"}, "BODY[]": large})
        untagged, _ = client.ok(b"UID REPLACE 2 INBOX (\\Draft) {3+}\r\nnew")
        self.assertEqual(code(untagged, "APPENDUID")[1], "4")
        untagged, _ = other.ok("NOOP")
        self.assertEqual([r.data[0] for r in untagged if r.kind == "VANISHED"], [[2]])
        *_, last = client.run(b"APPEND INBOX {1+}\r\na {0+}\r\n")
        self.assertEqual((last.kind, last.code), ("NO", ["CANNOT"]))
        untagged, _ = client.ok("STATUS INBOX (MESSAGES)")
        self.assertEqual(untagged[-1].data[1]["MESSAGES"], 3)

    def test_one_command_handles_so_many_messages(self):
        server = Server({"imap/message-limit": "1000"}).start()
        self.addCleanup(server.destroy)
        client = StrictClient(server).log_on("alice@example.test", "secret1")
        self.clients.append(client)
        self.assertIn("MESSAGELIMIT=1000", client.ok("CAPABILITY")[0][0].data)
        several = lambda count: b"APPEND INBOX" + b" {1+}\r\nx" * count
        *_, last = client.run(several(1001))
        self.assertEqual((last.kind, last.code), ("NO", ["MESSAGELIMIT", "1000"]))
        client.ok(several(1000))
        client.ok(several(5))
        client.ok("SELECT INBOX")
        untagged, last = client.ok("UID FETCH 1:* (FLAGS)")
        uids = [r.data["UID"] for r in untagged if r.kind == "FETCH"]
        self.assertEqual((uids, last.code), (list(range(1005, 5, -1)), ["MESSAGELIMIT", "1000", "6"]))
        untagged, last = client.ok("UID FETCH 1:5 (FLAGS)")
        self.assertEqual(([r.data["UID"] for r in untagged], last.code), ([1, 2, 3, 4, 5], None))
        *_, last = client.run("COPY 1:* Sent")
        self.assertEqual((last.kind, last.code), ("NO", ["MESSAGELIMIT", "1000", "6"]))
        self.assertEqual(client.ok("MOVE 1:* Sent")[1].code, ["MESSAGELIMIT", "1000", "6"])
        self.assertEqual(client.ok("MOVE 1:* Sent")[1].code, None)
        untagged, _ = client.ok("STATUS Sent (MESSAGES)")
        self.assertEqual(untagged[-1].data[1]["MESSAGES"], 1005)
        # It is read when a session begins; other ones go on as they are.
        server.cli("settings", "set", "imap/message-limit-scope", "save")

        def told():
            with StrictClient(server).log_on("bob@example.test", "secret2") as other:
                return other.ok("CAPABILITY")[0][0].data

        until(lambda: "SAVELIMIT=1000" in told(), 10, "the other limit")
        self.assertIn("MESSAGELIMIT=1000", client.ok("CAPABILITY")[0][0].data)
        for value in ("999", "1", "100001", "-1"):
            self.assertNotEqual(server.run("settings", "set", "imap/message-limit", value).returncode, 0)

    def test_messages_have_uids_alone(self):
        client = self.client("UIDONLY", "UTF8=ACCEPT")
        client.ok('CREATE "Grüße"')
        text = "Subject: Grüße\r\n\r\nhallo".encode()
        client.ok('APPEND "Grüße" UTF8 (~{%d+}\r\n'.encode() % len(text) + text + b")")
        client.ok('SELECT "Grüße"')
        *_, last = client.run("FETCH 1 FLAGS")
        self.assertEqual((last.kind, last.code), ("BAD", ["UIDREQUIRED"]))
        untagged, _ = client.ok("UID FETCH 1 (FLAGS PREVIEW)")
        self.assertEqual((untagged[0].kind, untagged[0].data["PREVIEW"]), ("UIDFETCH", b"hallo"))
        client.ok("UID STORE 1 +FLAGS.SILENT (\\Deleted)")
        untagged, _ = client.ok("EXPUNGE")
        self.assertEqual(untagged[0].data, ([1], False))


class Compressed(Extensions):
    def test_a_session_is_compressed_in_both_directions(self):
        client = self.client()
        client.compress()
        text = b"Subject: x\r\n\r\n" + b"the same again and again\r\n" * 20_000
        self.append(client, text)
        client.ok("SELECT INBOX")
        untagged, _ = client.ok("FETCH 1 BODY[]")
        self.assertEqual(untagged[0].data["BODY[]"], text)
        *_, last = client.run("COMPRESS DEFLATE")
        self.assertEqual((last.kind, last.code), ("NO", ["COMPRESSIONACTIVE"]))
        other = self.client(select="SELECT INBOX")
        tag = client.begin("IDLE")
        while client.response().kind != "+":
            pass
        other.ok("STORE 1 +FLAGS (\\Flagged)")
        self.assertEqual(client.response().data["FLAGS"], {"\\Seen", "\\Flagged"})
        client.send(b"DONE\r\n")
        client.end(tag)
        client.ok("LOGOUT")

    def test_commands_sent_along_with_compress_are_read_as_compressed(self):
        client = self.client()
        deflater = zlib.compressobj(wbits=-15)
        client.send(b"a COMPRESS DEFLATE\r\n" + deflater.compress(b"b NOOP\r\n") + deflater.flush(zlib.Z_SYNC_FLUSH))
        self.assertEqual(client.response().tag, "a")
        client.inflater, client.deflater = zlib.decompressobj(-15), deflater
        # What came with the answer is compressed already.
        client.buffer = bytearray(client.inflater.decompress(bytes(client.buffer)))
        self.assertEqual(client.response().tag, "b")
        client.ok("NOOP")

    def test_what_is_not_compressed_ends_the_session(self):
        client = self.client()
        client.ok("COMPRESS DEFLATE")
        client.send(b"\xff\xff\xffnot compressed\r\n")
        with self.assertRaises((ConnectionError, Invalid)):
            client.response()
        self.client().ok("NOOP")


class Contexts(Extensions):
    def test_a_result_is_kept_up_to_date_by_deliveries_and_other_sessions(self):
        client = self.client()
        for subject in (b"b", b"d"):
            self.append(client, b"Subject: %s\r\n\r\nx" % subject)
        client.ok("SELECT INBOX")
        tag = client.begin("UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 UNSEEN")
        client.end(tag)
        other = self.client(select="SELECT INBOX")
        self.append(other, b"Subject: c\r\n\r\nx")
        other.ok("UID STORE 1 +FLAGS (\\Seen)")
        result = [1, 2]
        idle = client.begin("IDLE")
        while result != [3, 2]:
            response = client.response()
            for position, chosen in (response.data or {}).get("REMOVEFROM", []) if response.kind == "ESEARCH" else []:
                self.assertEqual(result[position - 1], int(chosen))
                del result[position - 1]
            for position, chosen in (response.data or {}).get("ADDTO", []) if response.kind == "ESEARCH" else []:
                result.insert(position - 1, int(chosen))
        client.send(b"DONE\r\n")
        client.end(idle)
        client.ok(f'CANCELUPDATE "{tag}"')

    def test_all_mailboxes_are_searched_at_once(self):
        client = self.client()
        client.ok("CREATE work/done")
        for mailbox in ("INBOX", "work/done"):
            self.append(client, b"Subject: needle\r\n\r\nx", mailbox)
        untagged, _ = client.ok("ESEARCH IN (personal) RETURN (COUNT) SUBJECT needle")
        self.assertEqual({response.data["MAILBOX"]: response.data["COUNT"] for response in untagged},
                         {b"INBOX": 1, b"work/done": 1})


class Annotations(Extensions):
    def test_annotations_outlive_the_back_end(self):
        server = Server({"imap/administrator": "mailto:root@example.test"}).start()
        try:
            address = server.new_account()
            with StrictClient(server).log_on(address) as client:
                client.ok(b"SETMETADATA INBOX (/private/comment {9+}\r\ntwo\r\nline /shared/comment \"x\")")
                client.ok("NOTIFY SET (PERSONAL (MailboxMetadataChange))")
                before = server.workers("backend")
                for pid in before.values():
                    os.kill(pid, signal.SIGKILL)
                self.assertEqual(client.response().code, ["NOTIFICATIONOVERFLOW"])
                until(lambda: server.workers("backend") not in ({}, before), what="another back-end")
                until(lambda: client.run("NOOP")[-1].kind == "OK", what="an answer")
                untagged, _ = client.ok("GETMETADATA (DEPTH infinity) INBOX (/private/comment /shared/comment)")
                self.assertEqual(untagged[0].data, [b"INBOX" if isinstance(untagged[0].data[0], bytes) else "INBOX",
                                                    ["/private/comment", b"two\r\nline", "/shared/comment", b"x"]])
                client.ok("CREATE Away")
                untagged, _ = client.ok('LIST "" (INBOX Away) RETURN (METADATA (/shared/comment))')
                self.assertEqual({str(r.data[0]) if isinstance(r.data[0], str) else r.data[0].decode(): r.data[1]
                                  for r in untagged if r.kind == "METADATA"},
                                 {"INBOX": ["/shared/comment", b"x"], "Away": ["/shared/comment", None]})
                untagged, _ = client.ok('GETMETADATA "" /shared/admin')
                self.assertEqual(untagged[0].data[1], ["/shared/admin", b"mailto:root@example.test"])
        finally:
            server.destroy()


class Notifications(Extensions):
    def test_what_others_do_is_told_without_asking(self):
        watcher, other = self.client(), self.client(select="SELECT INBOX")
        watcher.ok("NOTIFY SET (SELECTED (MessageNew (UID ENVELOPE) MessageExpunge FlagChange)) "
                   "(PERSONAL (MessageNew MessageExpunge MailboxName SubscriptionChange MailboxMetadataChange))")
        self.append(other, b"Subject: one\r\n\r\nx")
        told = watcher.response()
        self.assertEqual((told.kind, told.data), ("STATUS", (b"INBOX", {"MESSAGES": 1, "UIDNEXT": 2})))
        watcher.ok("SELECT INBOX")
        uid = self.append(other, b"Subject: two\r\n\r\nx")
        self.assertEqual((watcher.response().kind, watcher.response().data["UID"]), ("EXISTS", uid))
        other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        self.assertEqual(watcher.response().data, {"UID": 1, "FLAGS": {"\\Deleted"}})
        other.ok("EXPUNGE")
        self.assertEqual((told := watcher.response()).kind, "EXPUNGE", told)
        for command, kind, name in (("CREATE made", "LIST", b"made"), ("RENAME made new", "LIST", b"new"),
                                    ("SUBSCRIBE new", "LIST", b"new"), ("DELETE new", "LIST", b"new"),
                                    ('SETMETADATA Sent (/private/comment "x")', "METADATA", "Sent")):
            other.ok(command)
            told = watcher.response()
            self.assertEqual((told.kind, told.data[0 if kind == "METADATA" else 1]), (kind, name))


class Catenation(Extensions):
    def test_a_draft_gets_another_text_and_keeps_its_attachment(self):
        client = self.client(select="SELECT INBOX")
        picture = base64.encodebytes(os.urandom(300_000)).replace(b"\n", b"\r\n")
        old = self.append(client, PARTS % picture)
        head = b"Subject: new\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        text = b"--x\r\nContent-Type: text/plain\r\n\r\nanother\r\n--x\r\n"
        tag = client.begin(b"APPEND INBOX (\\Draft) CATENATE (TEXT {%d}" % len(head + text))
        url = b"/INBOX/;UID=%d/;SECTION=2" % old
        for octets in (head + text + b" URL {%d}\r\n" % len(url + b".MIME"),
                       url + b".MIME URL %s TEXT {9}\r\n" % url, b"\r\n--x--\r\n)\r\n"):
            self.assertEqual(client.response().tag, "+")
            client.send(octets)
        *_, last = client.end(tag)
        self.assertEqual((last.kind, last.code[0]), ("OK", "APPENDUID"))
        untagged, _ = client.ok(f"UID FETCH {last.code[2]} (BODY.PEEK[] BINARY.PEEK[2])")
        whole = head + text + (PARTS % picture).split(b"--x\r\n")[2]
        self.assertEqual(untagged[0].data["BODY[]"], whole)
        self.assertEqual(untagged[0].data["BINARY[2]"], base64.b64decode(picture))
        *_, last = client.run("APPEND INBOX CATENATE (TEXT {1+}\r\nx URL /INBOX/;UID=999 TEXT {2+}\r\nyz)")
        self.assertEqual((last.kind, last.code), ("NO", ["BADURL", "/INBOX/;UID=999"]))


class LoggingOff(Extensions):
    def test_a_connection_goes_on_with_another_account(self):
        client, other = self.client("QRESYNC", select="SELECT INBOX"), self.server.new_account()
        client.ok("UNAUTHENTICATE")
        client.log_on(other)
        self.append(client, b"Subject: other\r\n\r\nx")
        client.ok("SELECT INBOX")
        untagged, _ = client.ok("FETCH 1 (FLAGS ENVELOPE)")
        self.assertNotIn("MODSEQ", untagged[0].data)
        with StrictClient(self.server).log_on(self.address) as first:
            untagged, _ = first.ok("STATUS INBOX (MESSAGES)")
            self.assertEqual(untagged[0].data[1], {"MESSAGES": 0})

    def test_compression_ends_and_may_begin_anew(self):
        client = self.client()
        secret = base64.b64encode(b"\0" + self.address.encode() + b"\0" + b"secret")
        for finish in (zlib.Z_SYNC_FLUSH, zlib.Z_FINISH):
            client.compress()
            client.ok("NOOP")
            last = client.deflater.compress(b"u UNAUTHENTICATE\r\n") + client.deflater.flush(finish)
            # The log-on comes along, as it is.
            client.socket.sendall(last + b"l AUTHENTICATE PLAIN " + secret + b"\r\n")
            answer, rest = bytearray(), bytearray()
            inflater, client.inflater, client.deflater = client.inflater, None, None
            while not answer.endswith(b"u OK UNAUTHENTICATE completed\r\n"):
                octet = client.socket.recv(1)
                self.assertTrue(octet, f"closed after {bytes(answer)}")
                rest += octet
                answer += inflater.decompress(octet)
            while (octet := client.socket.recv(1)) != b"l":
                self.assertTrue(octet, f"closed after {bytes(rest[-20:])}")
            client.buffer = bytearray(b"l")
            self.assertEqual((response := client.response()).tag, "l", response)
            self.assertEqual(response.kind, "OK")
        client.ok("SELECT INBOX")


class AcrossBackEnds(unittest.TestCase):
    def test_what_was_enabled_stays_enabled_when_the_back_end_dies(self):
        server = Server().start()
        try:
            address = server.new_account()
            with StrictClient(server) as client, StrictClient(server) as other:
                client.log_on(address)
                other.log_on(address)
                client.enable("IMAP4rev2")
                client.compress()
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
