# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""IMAP libraries that programs in Python use: IMAPClient and aioimaplib, from PyPI (script/clients --libraries)."""
import asyncio
import datetime
import importlib
import site
import unittest

import corpus
import hostile
from clients import Lines, send
from messages import DELICATE, message
from server import ROOT, shared, tls_context

for folder in (ROOT / ".build/clients").glob("lib/python3*/site-packages"):
    site.addsitedir(str(folder))


def library(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        raise unittest.SkipTest(f"{name} is not there (script/clients --libraries)")


class IMAPClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.module = library("imapclient")

    def setUp(self):
        self.server = shared()
        self.address = self.server.new_account()
        self.client = self.log_on()

    def log_on(self):
        client = self.module.IMAPClient(
            "localhost", self.server.port("imaps"), ssl_context=tls_context(), timeout=20)
        self.addCleanup(client.shutdown)
        client.login(self.address, "secret")
        # It sends literals only when it has asked.
        client.capabilities()
        return client

    def test_starttls(self):
        client = self.module.IMAPClient("localhost", self.server.port("imap"), ssl=False, timeout=20)
        client.starttls(tls_context())
        client.plain_login(self.address, "secret")
        self.assertIn(b"IDLE", client.capabilities())
        client.logout()

    def test_mailboxes(self):
        client = self.client
        self.assertEqual(client.namespace().personal[0][1], "/")
        client.create_folder("Entwürfe/日本語")
        client.subscribe_folder("Entwürfe/日本語")
        names = [name for _, _, name in client.list_folders()]
        self.assertIn("Entwürfe/日本語", names)
        self.assertIn("Entwürfe/日本語", [name for _, _, name in client.list_sub_folders()])
        client.unsubscribe_folder("Entwürfe/日本語")
        self.assertNotIn("Entwürfe/日本語", [name for _, _, name in client.list_sub_folders()])
        self.assertEqual(client.find_special_folder(b"\\Sent"), "Sent")
        self.assertIn(b"\\HasChildren", [flags for flags, _, name in client.list_folders() if name == "Entwürfe"][0])
        client.rename_folder("Entwürfe/日本語", "Ablage")
        self.assertTrue(client.folder_exists("Ablage"))
        self.assertEqual(client.folder_status("Ablage", ["MESSAGES", "UIDNEXT"]), {b"MESSAGES": 0, b"UIDNEXT": 1})
        client.delete_folder("Ablage")
        self.assertFalse(client.folder_exists("Ablage"))
        with self.assertRaises(self.module.exceptions.IMAPClientError):
            client.select_folder("Ablage")
        self.assertTrue(any(root for root in client.get_quota_root("INBOX")))

    def test_messages(self):
        client = self.client
        when = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)
        for number in range(4):
            text = message(b"text %d\r\n" % number, subject=b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= %d" % number)
            client.append("INBOX", text, flags=[b"$Label"] if number else [self.module.SEEN], msg_time=when)
        client.select_folder("INBOX")
        self.assertEqual(client.search("UNSEEN"), [2, 3, 4])
        self.assertEqual(client.search(["SUBJECT", "GRÜßE 2"], charset="UTF-8"), [3])
        self.assertEqual(client.search(["KEYWORD", "$Label", "NOT", ["BODY", "text 3"]]), [2, 3])
        fetched = client.fetch([1, 2], ["ENVELOPE", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "BODYSTRUCTURE", "BODY.PEEK[]"])
        self.assertEqual(fetched[1][b"FLAGS"], (self.module.SEEN,))
        self.assertEqual(fetched[2][b"FLAGS"], (b"$Label",))
        self.assertEqual(fetched[2][b"ENVELOPE"].subject, b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= 1")
        self.assertEqual(str(fetched[2][b"ENVELOPE"].from_[0]), "Sender <sender@example.org>")
        self.assertEqual(fetched[2][b"INTERNALDATE"].timestamp(), when.timestamp())
        self.assertEqual(len(fetched[2][b"BODY[]"]), fetched[2][b"RFC822.SIZE"])
        self.assertFalse(fetched[2][b"BODYSTRUCTURE"].is_multipart)
        self.assertEqual(client.add_flags([2], [self.module.FLAGGED]), {2: (self.module.FLAGGED, b"$Label")})
        self.assertEqual(client.set_flags([2], [self.module.ANSWERED]), {2: (self.module.ANSWERED,)})
        self.assertEqual(client.remove_flags([2], [self.module.ANSWERED]), {2: ()})
        client.create_folder("Ablage")
        client.copy([1, 2], "Ablage")
        client.move([3], "Ablage")
        self.assertEqual(client.folder_status("Ablage")[b"MESSAGES"], 3)
        client.delete_messages([1, 4])
        client.uid_expunge([1])
        self.assertEqual(client.search(), [2, 4])
        client.expunge()
        self.assertEqual(client.search(), [2])
        self.assertEqual(client.sort(["REVERSE SUBJECT"]), [2])
        client.unselect_folder()

    def test_every_octet(self):
        client = self.client
        for original in DELICATE.values():
            client.append("INBOX", original)
        client.select_folder("INBOX")
        fetched = client.fetch("1:*", ["BODY.PEEK[]", "BODYSTRUCTURE", "ENVELOPE"])
        self.assertEqual([fetched[uid][b"BODY[]"] for uid in sorted(fetched)], list(DELICATE.values()))

    def test_several_messages_at_once(self):
        client = self.client
        sent = [message(b"text %d\r\n" % number) for number in range(4)]
        client.multiappend("INBOX", sent[:2] + [{"msg": sent[2], "flags": ["\\Seen"]}, sent[3]])
        client.select_folder("INBOX")
        fetched = client.fetch("1:*", ["BODY.PEEK[]", "FLAGS"])
        self.assertEqual([fetched[uid][b"BODY[]"] for uid in sorted(fetched)], sent)
        self.assertEqual([fetched[uid][b"FLAGS"] for uid in sorted(fetched)], [(), (), (b"\\Seen",), ()])

    def test_what_hurts_readers(self):
        """Envelopes and structures of hostile and of broken messages are read by a parser that is not ours."""
        client = self.client
        sent = [octets for _, octets in [*hostile.messages(200, scale=0.0005), *corpus.files()] if b"\0" not in octets]
        with Lines(self.server, "imaps", timeout=60) as lines:
            lines.line()
            lines.imap(b"LOGIN %s secret" % self.address.encode())
            for start in range(0, len(sent), 50):
                literals = b"".join(b" {%d+}\r\n%s" % (len(octets), octets) for octets in sent[start:start + 50])
                self.assertTrue(lines.imap(b"APPEND INBOX" + literals)[-1].startswith(b"OK"))
        client.select_folder("INBOX")
        for start in range(1, len(sent) + 1, 50):
            fetched = client.fetch(f"{start}:{start + 49}", ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "BODY.PEEK[]"])
            for uid, items in fetched.items():
                self.assertEqual(items[b"BODY[]"], sent[uid - 1])
                self.assertEqual(items[b"RFC822.SIZE"], len(sent[uid - 1]))
                self.assertTrue(items[b"BODYSTRUCTURE"])
        self.assertEqual(client.search(), list(range(1, len(sent) + 1)))

    def test_sort_and_thread(self):
        client = self.client
        for subject, extra in ((b"b", b""), (b"a", b""), (b"Re: b", b"In-Reply-To: <first@thread.test>\r\n")):
            client.append("INBOX", message(subject=subject, extra=extra))
        client.select_folder("INBOX")
        self.assertEqual(client.sort("SUBJECT"), [2, 1, 3])
        self.assertEqual(client.thread("REFERENCES"), ((1, 3), (2,)))

    def test_idle(self):
        client = self.client
        client.select_folder("INBOX")
        client.idle()
        send(self.server, [self.address], message())
        told = []
        while not any(answer[-1] == b"EXISTS" for answer in told):
            told += client.idle_check(timeout=20)
        self.assertIn((1, b"EXISTS"), told)
        client.idle_done()
        self.assertEqual(client.search(), [1])

    def test_conditional_store(self):
        client = self.client
        client.append("INBOX", message())
        client.enable("CONDSTORE")
        self.assertIn(b"HIGHESTMODSEQ", client.select_folder("INBOX"))
        before = client.fetch([1], ["MODSEQ"])[1][b"MODSEQ"][0]
        client.add_flags([1], [self.module.SEEN])
        self.assertEqual(list(client.fetch("1:*", ["FLAGS"], [f"CHANGEDSINCE {before}"])), [1])
        after = client.fetch([1], ["MODSEQ"])[1][b"MODSEQ"][0]
        self.assertGreater(after, before)
        self.assertEqual(client.fetch("1:*", ["FLAGS"], [f"CHANGEDSINCE {after}"]), {})


class Aioimaplib(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.module = library("aioimaplib")

    def setUp(self):
        self.server = shared()
        self.address = self.server.new_account()

    async def log_on(self):
        client = self.module.IMAP4_SSL(
            host="localhost", port=self.server.port("imaps"), timeout=20, ssl_context=tls_context())
        await client.wait_hello_from_server()
        await self.ok(client.login(self.address, "secret"))
        return client

    async def ok(self, command):
        answer = await command
        self.assertEqual(answer.result, "OK", answer)
        return answer.lines

    def octets(self, fetched):
        """The literals among the lines of an answer."""
        return [bytes(line) for line in fetched if isinstance(line, bytearray)]

    async def test_messages(self):
        client = await self.log_on()
        for original in DELICATE.values():
            await self.ok(client.append(original, mailbox="INBOX", flags="\\Seen"))
        await self.ok(client.select("INBOX"))
        self.assertEqual(await self.ok(client.uid_search("SEEN")), await self.ok(client.uid_search("ALL")))
        fetched = await self.ok(client.uid("fetch", "1:*", "(FLAGS BODY.PEEK[])"))
        self.assertEqual(self.octets(fetched), list(DELICATE.values()))
        await self.ok(client.create("Ablage"))
        await self.ok(client.uid("store", "1:2", "+FLAGS (\\Flagged $Label)"))
        self.assertEqual((await self.ok(client.uid_search("KEYWORD $Label")))[0], b"1 2")
        await self.ok(client.uid("copy", "1", "Ablage"))
        await self.ok(client.uid("move", "2:3", "Ablage"))
        await self.ok(client.uid("store", "4:*", "+FLAGS.SILENT (\\Deleted)"))
        await self.ok(client.expunge())
        self.assertEqual((await self.ok(client.uid_search("ALL")))[0], b"1")
        self.assertIn(b"Ablage (MESSAGES 3)", b" ".join(bytes(line) for line in await self.ok(
            client.status("Ablage", "(MESSAGES)"))).replace(b'"', b""))
        await self.ok(client.logout())

    async def test_idle(self):
        client = await self.log_on()
        await self.ok(client.select("INBOX"))
        idle = await client.idle_start(timeout=60)
        await asyncio.to_thread(send, self.server, [self.address], message())
        told = []
        while not any(bytes(line).endswith(b"EXISTS") for line in told):
            told += await asyncio.wait_for(client.wait_server_push(), 20)
        self.assertIn(b"1 EXISTS", [bytes(line) for line in told])
        client.idle_done()
        await asyncio.wait_for(idle, 20)
        self.assertEqual((await self.ok(client.uid_search("ALL")))[0], b"1")
        await self.ok(client.logout())

    async def test_many_at_once(self):
        clients = await asyncio.gather(*(self.log_on() for _ in range(8)))
        await asyncio.gather(*(self.ok(client.append(message(), mailbox="INBOX")) for client in clients))
        await asyncio.gather(*(self.ok(client.select("INBOX")) for client in clients))
        found = await asyncio.gather(*(self.ok(client.uid_search("ALL")) for client in clients))
        self.assertEqual({answer[0] for answer in found}, {b"1 2 3 4 5 6 7 8"})
        await asyncio.gather(*(self.ok(client.logout()) for client in clients))


if __name__ == "__main__":
    unittest.main()
