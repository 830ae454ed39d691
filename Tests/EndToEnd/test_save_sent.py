# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The sender's copy of submitted mail, filed by the server, by the client, and by both."""
import json
import re
import threading
import time
import unittest
from pathlib import Path

import milter
from clients import fetch, imap, smtp, uids
from messages import message
from milter import CONTINUE, DISCARD, REJECT, Milter, packet
from server import DOMAIN, Server, shared, until


class SaveSent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def setUp(self):
        self.address = self.server.new_account()
        self.to = self.server.new_account()
        self.server.cli("account", "set", self.address, "--save-sent", "on")
        # All processes know of it within 250 ms (docs/architecture.md).
        time.sleep(0.4)

    def written(self, body=b"said\r\n", sender=None):
        return message(body).replace(b"sender@example.org", (sender or self.address).encode())

    def submit(self, text, *recipients, sender=None):
        with smtp(self.server, "submissions") as client:
            client.login(self.address, "secret")
            return client.sendmail(sender or self.address, recipients or [self.to], text)

    def client(self, address=None):
        client = imap(self.server, address or self.address)
        self.addCleanup(client.shutdown)
        return client

    def append(self, client, text, folder="Sent", flags=r"(\Seen)"):
        """The UID that the answer names."""
        status, data = client.append(folder, flags, None, text)
        self.assertEqual(status, "OK", data)
        return int(re.search(rb"APPENDUID \d+ (\d+)", data[0])[1])

    def sent(self, count=1, folder="Sent"):
        """The UIDs of the copies, once there are so many."""
        client = self.client()
        return client, until(lambda: len(found := uids(client, folder)) >= count and found, 20, f"{count} copies")

    def flags(self, client, uid):
        return client.uid("FETCH", str(uid), "(FLAGS)")[1][0]

    def test_the_copy_is_what_the_sender_wrote(self):
        text = self.written()
        self.submit(text)
        client, found = self.sent()
        self.assertEqual(len(found), 1)
        self.assertEqual(fetch(client, found[0]), text)
        self.assertIn(rb"\Seen", self.flags(client, found[0]))
        reader = self.client(self.to)
        self.assertTrue(fetch(reader, until(lambda: uids(reader), 20, "the mail")[-1]).endswith(text))

    def test_one_to_oneself_is_in_both(self):
        text = self.written()
        self.submit(text, self.address)
        client, found = self.sent()
        self.assertEqual(fetch(client, found[0]), text)
        self.assertEqual(len(uids(client, "INBOX")), 1)

    def test_what_the_client_appends_later_is_the_copy_that_is_there(self):
        text = self.written()
        self.submit(text)
        client, found = self.sent()
        self.assertEqual(self.append(client, text, flags=r"(\Seen $Forwarded)"), found[0])
        self.assertEqual(uids(client, "Sent"), found)
        self.assertIn(b"$Forwarded", self.flags(client, found[0]))

    def test_what_the_client_appended_before_is_the_copy(self):
        text = self.written()
        client = self.client()
        uid = self.append(client, text)
        self.submit(text)
        # A second message says when the first one's copy would be there.
        self.submit(self.written(b"another\r\n"))
        client, found = self.sent(2)
        self.assertEqual((len(found), found[0]), (2, uid))

    def test_both_at_once_leave_one(self):
        client = self.client()
        for _ in range(8):
            text = self.written()
            answers = []
            appending = threading.Thread(target=lambda: answers.append(self.append(client, text)))
            appending.start()
            self.submit(text)
            appending.join()
            self.assertEqual(len(answers), 1)
        self.submit(self.written(b"another\r\n"))
        client, found = self.sent(9)
        self.assertEqual(len(found), 9)

    def test_fields_of_the_clients_own_are_kept(self):
        """Bcc and a line end less in what the client appends: its copy takes the place of the server's."""
        text = self.written()
        self.submit(text)
        client, found = self.sent()
        fuller = b"Bcc: eve@example.net\r\n" + text[:-2]
        uid = self.append(client, fuller)
        self.assertEqual(uids(client, "Sent"), [uid])
        self.assertNotEqual(uid, found[0])
        self.assertEqual(fetch(client, uid), fuller)

    def test_what_differs_is_kept_beside(self):
        text = self.written()
        self.submit(text)
        client, found = self.sent()
        self.append(client, text + b"and more\r\n")
        self.append(client, text, folder="Drafts")
        self.append(client, b"Resent-To: eve@example.net\r\n" + text)
        self.assertEqual(len(uids(client, "Sent")), 3)
        self.assertEqual(len(uids(client, "Drafts")), 1)

    def test_a_copy_that_was_taken_away_is_appended(self):
        text = self.written()
        self.submit(text)
        client, found = self.sent()
        client.select("Sent")
        client.uid("STORE", str(found[0]), "+FLAGS", r"(\Deleted)")
        client.expunge()
        uid = self.append(client, text)
        self.assertEqual(uids(client, "Sent"), [uid])

    def test_an_alias_sends_and_the_account_has_the_copy(self):
        alias = f"alias-{self.address}"
        self.server.cli("alias", "add", alias, self.address)
        time.sleep(0.4)
        text = self.written(sender=alias)
        self.submit(text, sender=alias)
        client, found = self.sent()
        self.assertEqual(fetch(client, found[0]), text)

    def test_mail_to_other_servers_is_filed_with_it(self):
        text = self.written()
        self.submit(text, "somebody@nowhere.invalid", self.to)
        client, found = self.sent()
        self.assertEqual(fetch(client, found[0]), text)
        self.assertEqual(self.append(client, text), found[0])

    def test_a_message_that_nobody_took_is_not_filed(self):
        self.server.cli("account", "set", self.to, "--quota", "1kB")
        time.sleep(0.4)
        with smtp(self.server, "submissions") as client:
            client.login(self.address, "secret")
            client.mail(self.address)
            self.assertEqual(client.rcpt(self.to)[0], 250)
            self.assertEqual(client.data(self.written(b"x" * 70 + b"\r\n") + b"x\r\n" * 2000)[0], 552)
        self.submit(self.written(), self.server.new_account())
        _, found = self.sent()
        self.assertEqual(len(found), 1)

    def test_over_quota_the_mail_goes_and_an_event_says_so(self):
        self.server.cli("account", "set", self.address, "--quota-messages", "1")
        time.sleep(0.4)
        client = self.client()
        self.append(client, message(), "INBOX")
        text = self.written()
        self.assertEqual(self.submit(text), {})
        event = self.server.event(9442, where=lambda e: self.address in e["fields"]["smtp.sender"])
        self.assertIn("552", event["fields"]["delivery.result"])
        reader = self.client(self.to)
        self.assertTrue(fetch(reader, until(lambda: uids(reader), 20, "the mail")[-1]).endswith(text))
        self.assertEqual(uids(client, "Sent"), [])

    def test_a_missing_mailbox_is_made_and_another_name_is_found(self):
        client = self.client()
        client.delete("Sent")
        self.submit(self.written())
        found = until(lambda: client.list('""', "Sent")[1][0], 20, "Sent")
        self.assertIn(rb"\Sent", found)
        client.rename("Sent", '"Gone out"')
        self.submit(self.written())
        self.sent(2, '"Gone out"')

    def test_off_is_off(self):
        self.server.cli("account", "set", self.address, "--save-sent", "off")
        self.assertIn("save sent:      off", self.server.cli("account", "show", self.address))
        time.sleep(0.4)
        text = self.written()
        self.submit(text)
        self.server.cli("account", "set", self.address, "--save-sent", "on")
        time.sleep(0.4)
        self.submit(self.written(b"another\r\n"))
        _, found = self.sent()
        self.assertEqual(len(found), 1)

    def test_without_message_id_the_same_octets_are_one(self):
        text = b"From: %s\r\nSubject: bare\r\n\r\nhello\r\n" % self.address.encode()
        self.submit(text)
        client, found = self.sent()
        self.assertTrue(fetch(client, found[0]).endswith(text))
        self.append(client, text)
        self.assertEqual(len(uids(client, "Sent")), 1)

    def test_a_large_message(self):
        text = self.written(b"0123456789abcdef\r\n" * 100_000)
        self.submit(text)
        client, found = self.sent()
        self.assertEqual(fetch(client, found[0]), text)
        self.assertEqual(self.append(client, text), found[0])


class BackEndAway(unittest.TestCase):
    def test_the_copy_waits_in_the_queue(self):
        server = Server({"submission/save-sent": "on", "transport/local-delivery-deadline": "1s"}).start()
        self.addCleanup(server.destroy)
        sender = f"alice@{DOMAIN}"
        text = message().replace(b"sender@example.org", sender.encode())
        server.cli("service", "stop", "backend-1")
        with smtp(server, "submissions") as client:
            client.login(sender, "secret1")
            self.assertEqual(client.sendmail(sender, [f"bob@{DOMAIN}"], text), {})
        server.cli("service", "start", "backend-1")
        client = until(lambda: self.log_on(server, sender), 30, "log-on")
        found = until(lambda: uids(client, "Sent"), 60, "the copy")
        self.assertEqual(fetch(client, found[0]), text)
        self.assertEqual(len(found), 1)

    def log_on(self, server, address):
        try:
            return imap(server, address, "secret1")
        except Exception:
            return None


class WithFilters(unittest.TestCase):
    """A filter that changes, holds, drops or refuses what is submitted."""

    @classmethod
    def setUpClass(cls):
        cls.filter = Milter()
        cls.server = Server({"submission/save-sent": "on", "milter/f/address": cls.filter.address,
                             "smtp/3/milters": "f"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        cls.filter.stop()

    def setUp(self):
        self.address, self.to = self.server.new_account(), self.server.new_account()
        self.filter.script = {}

    def submit(self, body=b"said\r\n", *recipients, end=b""):
        """What was written, and the answer's code."""
        self.filter.script = {"end": end + (b"" if end in (packet(DISCARD), packet(REJECT)) else packet(CONTINUE))}
        text = message(body).replace(b"sender@example.org", self.address.encode())
        with smtp(self.server, "submissions") as client:
            client.login(self.address, "secret")
            client.mail(self.address)
            for recipient in recipients or [self.to]:
                self.assertEqual(client.rcpt(recipient)[0], 250)
            return text, client.data(text)[0]

    def messages(self, address, folder, count):
        """The octets of all there, once there are so many."""
        client = imap(self.server, address)
        self.addCleanup(client.shutdown)
        found = until(lambda: len(now := uids(client, folder)) >= count and now, 20, f"{count} in {folder}") if count else []
        return [fetch(client, uid) for uid in found or uids(client, folder)]

    def only_the_next_is_filed(self):
        """The copies of what came before would be there with that of a message that is sent now."""
        text, code = self.submit(b"the next\r\n")
        self.assertEqual(code, 250)
        self.assertEqual(self.messages(self.address, "Sent", 1), [text])

    def test_the_copy_is_what_was_sent(self):
        changes = (milter.insert_header(0, "X-First", "f") + milter.add_header("X-Added", "a")
                   + milter.replace_body(b"changed\r\n"))
        for recipients in ([self.to], [self.to, "somebody@nowhere.invalid"]):
            with self.subTest(recipients):
                before = len(self.messages(self.address, "Sent", 0))
                text, code = self.submit(b"said\r\n", *recipients, end=changes)
                self.assertEqual(code, 250)
                copies = self.messages(self.address, "Sent", before + 1)
                self.assertEqual(len(copies), before + 1)
                self.assertEqual(copies[-1], b"X-First: f\r\n" + text.split(b"\r\n\r\n")[0]
                                 + b"\r\nX-Added: a\r\n\r\nchanged\r\n")
                self.assertTrue(self.messages(self.to, "INBOX", before + 1)[-1].endswith(copies[-1]))
        # What the client appends is what it wrote: its copy takes the place of the server's.
        client = imap(self.server, self.address)
        self.addCleanup(client.shutdown)
        self.assertEqual(client.append("Sent", None, None, text)[0], "OK")
        copies = self.messages(self.address, "Sent", 2)
        self.assertEqual((len(copies), copies[-1]), (2, text))

    def test_the_account_has_the_copy_whoever_the_filter_makes_the_sender(self):
        text, _ = self.submit(end=milter.change_sender("<somebody@example.net>") + milter.add_recipient(f"<{self.address}>"))
        self.assertEqual(self.messages(self.address, "Sent", 1), [text])
        self.assertEqual(len(self.messages(self.address, "INBOX", 1)), 1)
        self.assertTrue(self.messages(self.to, "INBOX", 1)[0].startswith(b"Return-Path: <somebody@example.net>"))

    def test_what_is_dropped_or_refused_leaves_no_copy(self):
        for end, expected in ((packet(DISCARD), 250), (packet(REJECT), 550),
                              (milter.delete_recipient(f"<{self.to}>"), 250)):
            with self.subTest(end):
                self.assertEqual(self.submit(end=end)[1], expected)
        self.only_the_next_is_filed()
        self.assertEqual(len(self.messages(self.to, "INBOX", 1)), 1)

    def held(self, count):
        """The messages that are held, once there are so many."""
        def frozen():
            lines = self.server.cli("queue", "find", "--json").splitlines()
            found = [m["id"] for m in map(json.loads, lines) if m["state"] == "frozen"]
            return found if len(found) == count else None
        return until(frozen, 20, f"{count} held") if count else frozen()

    def test_what_is_held_has_its_copy_when_it_goes_on(self):
        hold = milter.quarantine("odd") + milter.replace_body(b"changed\r\n")
        text, code = self.submit(end=hold)
        self.assertEqual(code, 250)
        first = self.held(1)[0]
        self.assertEqual(self.submit(b"never\r\n", end=hold)[1], 250)
        second = next(one for one in self.held(2) if one != first)
        self.only_the_next_is_filed()
        self.server.cli("queue", "remove", second)
        self.server.cli("queue", "thaw", first)
        copies = self.messages(self.address, "Sent", 2)
        self.assertEqual((len(copies), copies[-1]), (2, text.split(b"\r\n\r\n")[0] + b"\r\n\r\nchanged\r\n"))
        self.assertEqual(self.held(0), [])


if __name__ == "__main__":
    unittest.main()
