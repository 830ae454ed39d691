# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What the store promises beyond storing: quota, identifiers, busy accounts, removal of accounts."""
import json
import os
import poplib
import re
import smtplib
import time
import unittest
from pathlib import Path

from clients import Lines, imap, pop3, send, smtp, uids
from messages import message
from pace import slack
from server import Server, shared, until


def number(server, address):
    return json.loads(server.cli("account", "show", address, "--json"))["id"]


class Quota(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.address = self.server.new_account()
        self.client = imap(self.server, self.address)
        self.addCleanup(self.client.shutdown)

    def limit(self, *what):
        """Changes an account; all processes know of it within 250 ms (docs/architecture.md)."""
        self.server.cli("account", "set", *what)
        time.sleep(0.4)

    def refused(self, recipients, text, size=None):
        """The code and text with which port 25 refuses, and whether that was at RCPT."""
        with smtp(self.server) as client:
            client.ehlo("x")
            client.mail("sender@example.org", [f"SIZE={size}"] if size else [])
            code, reply = client.rcpt(recipients)
            if code != 250:
                return code, reply, True
            code, reply = client.data(text)
            return code, reply, False

    def test_append_copy_and_delivery_are_refused_and_moving_is_not(self):
        self.limit(self.address, "--quota-messages", "3", "--quota", "1GB")
        self.assertIn("1000000000", self.server.cli("account", "show", self.address))
        listed = self.server.cli("account", "list", "--json")
        account = next(a for a in json.loads(listed) if a["address"] == self.address)
        self.assertEqual((account["quota"], account["quotaMessages"]), (1_000_000_000, 3))
        for _ in range(2):
            send(self.server, [self.address], message())
        self.assertEqual(self.client.append("INBOX", None, None, message())[0], "OK")
        self.assertEqual(self.client.select("INBOX")[0], "OK")
        with self.assertRaisesRegex(smtplib.SMTPRecipientsRefused, "552.*5.2.2"):
            send(self.server, [self.address], message())
        status, data = self.client.append("INBOX", None, None, message())
        self.assertEqual((status, data[0][:11]), ("NO", b"[OVERQUOTA]"))
        status, data = self.client.copy("1", "Sent")
        self.assertEqual((status, data[0][:11]), ("NO", b"[OVERQUOTA]"))
        self.assertEqual(self.client.uid("MOVE", "1", "Trash")[0], "OK")
        self.assertEqual(self.client.store("1", "+FLAGS", "(\\Deleted)")[0], "OK")
        self.assertEqual(self.client.expunge()[0], "OK")
        send(self.server, [self.address], message())
        self.server.event(9271, where=lambda e: e["fields"]["store.account"] == number(self.server, self.address))

    def test_a_message_that_would_not_fit_is_refused_by_its_size_and_by_its_octets(self):
        self.limit(self.address, "--quota", "10KiB")
        code, reply, at_rcpt = self.refused(self.address, message(), size=20_000)
        self.assertEqual((code, reply[:5], at_rcpt), (552, b"5.2.2", True))
        code, reply, at_rcpt = self.refused(self.address, message(b"x" * 70 + b"\r\n" * 1 + b"y\r\n" * 5000))
        self.assertEqual((code, reply[:5], at_rcpt), (552, b"5.2.2", False))
        send(self.server, [self.address], message())
        self.assertEqual(len(uids(self.client)), 1)

    def test_only_the_full_recipient_is_refused(self):
        other = self.server.new_account()
        self.limit(self.address, "--quota-messages", "1")
        send(self.server, [self.address, other], message())
        with smtp(self.server) as client:
            refused = client.sendmail("sender@example.org", [self.address, other], message())
        self.assertEqual(list(refused), [self.address])
        self.assertEqual(refused[self.address][0], 552)
        self.assertEqual(len(uids(imap(self.server, other))), 2)

    def test_lmtp_refuses_too(self):
        self.limit(self.address, "--quota-messages", "1")
        with Lines(self.server, "lmtp") as lines:
            lines.reply()
            lines.reply(b"LHLO x")
            for expected in (b"250", b"552 5.2.2"):
                lines.reply(b"MAIL FROM:<sender@example.org>")
                answer = lines.reply(b"RCPT TO:<%s>" % self.address.encode())
                self.assertTrue(answer.startswith(expected), answer)
                if expected == b"250":
                    lines.reply(b"DATA")
                    self.assertTrue(lines.reply(message() + b"\r\n.").startswith(b"250"))
                lines.reply(b"RSET")

    def test_the_default_of_the_server_and_what_is_told_to_clients(self):
        self.client.append("INBOX", None, None, message())
        capabilities = self.client.capability()[1][0].split()
        self.assertIn(b"QUOTA", capabilities)
        status, data = self.client.getquotaroot("INBOX")
        self.assertEqual((status, data[1]), ("OK", [b'"" ()']))
        self.server.cli("settings", "set", "store/quota-messages", "1")
        self.addCleanup(self.server.cli, "settings", "unset", "store/quota-messages")
        until(lambda: self.client.getquota('""')[1] == [b'"" (MESSAGE 1 1)'], what="the default")
        self.assertEqual(self.client.append("INBOX", None, None, message())[0], "NO")
        self.limit(self.address, "--quota-messages", "none", "--quota", "1MiB")
        until(lambda: b"(STORAGE 1 1024)" in self.client.getquota('""')[1][0], what="the account's own")
        self.assertEqual(self.client.append("INBOX", None, None, message())[0], "OK")
        self.limit(self.address, "--quota-messages", "default")
        until(lambda: self.client.append("INBOX", None, None, message())[0] == "NO", what="the default again")
        shown = self.server.cli("account", "show", self.address)
        self.assertRegex(shown, r"quota messages: +default")


class Identifiers(unittest.TestCase):
    def test_threads_and_identities_over_restart_copy_and_rename(self):
        server = shared()
        address = server.new_account()
        for name, more in (("one", ""), ("two", "In-Reply-To: <one@x>\r\n"), ("three", "References: <zero@x> <one@x>\r\n"),
                           ("four", "")):
            text = f"Message-ID: <{name}@x>\r\n{more}Subject: {name}\r\n\r\ntext\r\n"
            send(server, [address], text.encode())

        def identities(client, mailbox="INBOX"):
            client.select(mailbox, readonly=True)
            found = client.fetch("1:*", "(EMAILID THREADID)")[1]
            return [re.search(rb"EMAILID \((.+?)\) THREADID \((.+?)\)", line).groups() for line in found]

        client = imap(server, address)
        before = identities(client)
        threads = [thread for _, thread in before]
        self.assertEqual(len(set(threads[:3])), 1)
        self.assertNotEqual(threads[3], threads[0])
        self.assertEqual(len({email for email, _ in before}), 4)
        self.assertEqual(client.search(None, "THREADID", threads[0].decode())[1], [b"1 2 3"])
        client.select("INBOX")
        client.copy("2", "Archive")
        client.rename("Archive", "Old")
        mailbox = client.status("Old", "(MAILBOXID)")[1][0]
        server.cli("service", "restart", "backend")
        client.shutdown()
        client = imap(server, address)
        self.assertEqual(identities(client), before)
        self.assertEqual(identities(client, "Old"), [before[1]])
        self.assertEqual(client.status("Old", "(MAILBOXID)")[1][0], mailbox)
        client.shutdown()


class BusyAccounts(unittest.TestCase):
    """Acceptance A2.2."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server({"drill/enabled": "on"}).start()
        cls.held = cls.server.new_account()
        cls.free = cls.server.new_account()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def setUp(self):
        self.hold(True)
        self.addCleanup(self.hold, False)

    def hold(self, holds):
        value = str(number(self.server, self.held)) if holds else ""
        self.server.cli("settings", "set", "drill/held-accounts", value)

    def seconds(self, body):
        begun = time.monotonic()
        answer = body()
        return time.monotonic() - begun, answer

    def test_imap_waits_four_seconds_and_the_connection_goes_on(self):
        with Lines(self.server, "imaps") as lines:
            lines.line()
            log_on = b"LOGIN %s secret" % self.held.encode()
            took, answer = self.seconds(lambda: lines.imap(log_on))
            self.assertTrue(answer[-1].startswith(b"NO [INUSE]"), answer)
            self.assertGreater(took, 3.6)
            self.assertLess(took, 4 + slack(0.4))
            self.server.cli("settings", "set", "imapsvc/1/ImapShareRetryAttempts", "1")
            self.server.cli("settings", "set", "imapsvc/1/ImapShareRetrySleep", "0s")
            self.addCleanup(self.server.cli, "settings", "unset", "imap/1/share-retry-attempts")
            self.addCleanup(self.server.cli, "settings", "unset", "imap/1/share-retry-sleep")
            until(lambda: self.seconds(lambda: lines.imap(log_on))[0] < 1, 30, "the new settings")
            took, answer = self.seconds(lambda: lines.imap(log_on))
            self.assertTrue(answer[-1].startswith(b"NO [INUSE]"), answer)
            self.assertLess(took, slack(0.5))
            self.hold(False)
            until(lambda: lines.imap(log_on)[-1].startswith(b"OK"), what="log-on")
            self.assertTrue(lines.imap(b"SELECT INBOX")[-1].startswith(b"OK"))

    def test_pop3_says_it_its_way_lmtp_takes_mail_all_the_same_and_others_are_not_held_up(self):
        self.server.cli("settings", "set", "imap/share-retry-attempts", "2")
        self.server.cli("settings", "set", "pop3/share-retry-attempts", "2")
        self.addCleanup(self.server.cli, "settings", "unset", "imap/share-retry-attempts")
        self.addCleanup(self.server.cli, "settings", "unset", "pop3/share-retry-attempts")
        time.sleep(0.5)
        with Lines(self.server, "pop3s") as lines:
            lines.line()
            lines.send(b"USER %s\r\n" % self.held.encode())
            self.assertTrue(lines.line().startswith(b"+OK"))
            lines.send(b"PASS secret\r\n")
            took, answer = self.seconds(lines.line)
            self.assertTrue(answer.startswith(b"-ERR [IN-USE]"), answer)
            self.assertGreater(took, 0.1)
            self.assertLess(took, 0.5 + slack(0.4))
            lines.send(b"CAPA\r\n")
            self.assertTrue(lines.line().startswith(b"+OK"))
        with Lines(self.server, "lmtp") as lines:
            lines.reply()
            lines.reply(b"LHLO x")
            lines.reply(b"MAIL FROM:<sender@example.org>")
            self.assertTrue(lines.reply(b"RCPT TO:<%s>" % self.held.encode()).startswith(b"250"))
            lines.reply(b"DATA")
            # The queue has it until the account can be got at.
            self.assertRegex(lines.reply(message() + b"\r\n."), rb"^250 2\.0\.0")
        begun = time.monotonic()
        send(self.server, [self.free], message())
        self.assertEqual(len(uids(imap(self.server, self.free))), 1)
        self.assertLess(time.monotonic() - begun, slack(2))
        self.hold(False)
        until(lambda: self.held_messages() == 1, 60, "the message from the queue")
        until(lambda: not self.server.cli("queue", "find", "--json"), 10, "the end of the message in the queue")
        self.assertEqual(self.held_messages(), 1)

    def held_messages(self):
        """How many there are; none while the account is busy."""
        with Lines(self.server, "imaps") as lines:
            lines.line()
            if not lines.imap(b"LOGIN %s secret" % self.held.encode())[-1].startswith(b"OK"):
                return 0
            answer = b"\n".join(lines.imap(b"STATUS INBOX (MESSAGES)"))
            return int(re.search(rb"MESSAGES (\d+)", answer)[1])


class Removal(unittest.TestCase):
    def test_the_mail_of_a_removed_account_goes_also_when_it_was_removed_while_the_store_was_away(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        addresses = [server.new_account() for _ in range(3)]
        accounts = [number(server, address) for address in addresses]
        for address in addresses:
            send(server, [address], message())
        server.cli("account", "remove", addresses[0])
        until(lambda: [e for e in server.events(9343) if e["fields"]["account"] == str(accounts[0])], 15, "removal")
        self.assertIn("stays", server.cli("account", "remove", addresses[1], "--keep-mail"))
        server.stop()
        server.cli("account", "remove", addresses[2])
        server.start()
        until(lambda: [e for e in server.events(9343) if e["fields"]["account"] == str(accounts[2])], 15, "removal")
        self.assertFalse([e for e in server.events(9343) if e["fields"]["account"] == str(accounts[1])])
        # A new account under an old address has none of the mail, and works.
        again = server.add_account(addresses[0].split("@")[0])
        self.assertEqual(uids(imap(server, again)), [])
        send(server, [again], message())
        self.assertEqual(len(uids(imap(server, again))), 1)


class Damage(unittest.TestCase):
    """Octets of a message are lost on disk while the server runs."""

    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.destroy)
        self.address = self.server.new_account()

    def segment(self):
        return sorted(Path(self.server.folder, "store/backend-1/shard-00").glob("segment-*.log"))[-1]

    def deliver_damaged(self, text):
        """Stores a message and flips two bits near the end of what was written for it."""
        send(self.server, [self.address], text)
        path = self.segment()
        with open(path, "r+b") as file:
            file.seek(path.stat().st_size - 60)
            octet = file.read(1)[0]
            file.seek(-1, 1)
            file.write(bytes([octet ^ 5]))

    def test_fill_and_refuse_marks_and_quarantine(self):
        whole = message(noise())
        lost = message(noise())
        send(self.server, [self.address], whole)
        self.deliver_damaged(lost)
        send(self.server, [self.address], whole)
        with Lines(self.server, "imaps") as lines:
            lines.line()
            lines.imap(b"LOGIN %s secret" % self.address.encode())
            lines.imap(b"SELECT INBOX")
            answer = lines.imap(b"UID FETCH 1:* (RFC822.SIZE BODY.PEEK[])")
            text = b"\r\n".join(answer)
            self.assertTrue(answer[-1].startswith(b"OK"), answer[-1])
            self.assertEqual(text.count(b"[CORRUPTION]"), 1)
            self.assertIn(b"octets lost, event 12003", text)
            self.assertEqual(text.count(b" FETCH (UID "), 4, "three messages, and the flags of one")
            self.assertEqual(len(re.findall(rb"BODY\[\] \{\d+\}", text)), 3)
            flags = lines.imap(b"FETCH 1:3 FLAGS")
            self.assertEqual([b"$Damaged" in line for line in flags[:3]], [False, True, False], flags)
            lines.imap(b"STORE 2 FLAGS ()")
            self.assertEqual(b"\n".join(lines.imap(b"FETCH 1:3 FLAGS")).count(b"$Damaged"), 1)
            self.assertEqual(len([e for e in self.server.events(12003)]), 1)

            self.server.cli("settings", "set", "store/corrupt-message-policy", "refuse")
            until(lambda: lines.imap(b"FETCH 2 BODY.PEEK[TEXT]")[-1].startswith(b"NO [CORRUPTION]"), what="refusal")
            answer = lines.imap(b"FETCH 1:3 (UID BODY.PEEK[])")
            self.assertTrue(answer[-1].startswith(b"NO [CORRUPTION]"), answer[-1])
            self.assertEqual(len(re.findall(rb"BODY\[\] \{\d+\}", b"\r\n".join(answer))), 2)
            self.assertTrue(lines.imap(b"FETCH 2 (FLAGS RFC822.SIZE)")[-1].startswith(b"OK"))
            self.assertTrue(lines.imap(b"NOOP")[-1].startswith(b"OK"))
        maildrop = pop3(self.server, self.address)
        with self.assertRaisesRegex(poplib.error_proto, r"-ERR \[SYS/PERM\]"):
            maildrop.retr(2)
        self.assertTrue((b"\r\n".join(maildrop.retr(3)[1]) + b"\r\n").endswith(whole))
        maildrop.quit()


def noise():
    """Lines that no compression makes much shorter."""
    return b"".join(os.urandom(35).hex().encode() + b"\r\n" for _ in range(80))
