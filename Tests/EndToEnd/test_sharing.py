# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mailboxes that users share (RFC 4314), with Python's own client."""
import re
import unittest

from clients import imap, send
from messages import message
from server import Server, shared, until


class Sharing(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.owner, self.other = self.server.new_account(), self.server.new_account()
        self.hers, self.his = imap(self.server, self.owner), imap(self.server, self.other)
        for client in (self.hers, self.his):
            self.addCleanup(client.shutdown)

    def ok(self, answer):
        status, data = answer
        self.assertEqual(status, "OK", data)
        return data

    def capabilities(self, client):
        return set(self.ok(client.capability())[0].split())

    def name(self, mailbox="INBOX"):
        return f'"Other Users/{self.owner}/{mailbox}"'

    def listed(self, client, pattern='"Other Users/*"'):
        rows = [row.decode() for row in self.ok(client.list('""', pattern)) if row]
        return [re.search(r'"/" "?(.*?)"?$', row)[1] for row in rows if "\\Noselect" not in row]

    def counts(self, client, mailbox="INBOX"):
        return int(self.ok(client.select(mailbox, readonly=True))[0])

    def test_it_is_told_and_the_lists_are_kept_over_a_restart(self):
        self.assertTrue({b"ACL", b"RIGHTS=texk", b"LIST-MYRIGHTS"} <= self.capabilities(self.his))
        self.assertIn(b'(("Other Users/" "/")) NIL', self.ok(self.his.namespace())[0])
        self.ok(self.hers.setacl("INBOX", self.other, "lrsd"))
        self.ok(self.hers.setacl("INBOX", "-" + self.other, "s"))
        [acl] = self.ok(self.hers.getacl("INBOX"))
        expected = f"INBOX {self.owner} lrswipkxteacd -{self.other} s {self.other} lrsted"
        self.assertEqual(acl.decode(), expected)
        self.assertEqual(self.ok(self.hers.myrights("INBOX")), [b"INBOX lrswipkxteacd"])
        self.assertEqual(self.his.getacl(self.name())[0], "NO")

        own = Server().start()
        self.addCleanup(own.destroy)
        with imap(own, "alice@example.test", "secret1") as client:
            self.ok(client.setacl("Sent", "bob@example.test", "lr"))
        self.assertEqual(own.stop(), 0)
        own.start()
        with imap(own, "bob@example.test", "secret2") as client:
            self.assertEqual(self.listed(client), ["Other Users/alice@example.test/Sent"])
            name = '"Other Users/alice@example.test/Sent"'
            self.assertEqual(self.ok(client.myrights(name)), [f"{name} lr".encode()])
        # A user who is gone has shared nothing.
        own.cli("account", "remove", "alice@example.test")
        with imap(own, "bob@example.test", "secret2") as client:
            until(lambda: self.listed(client) == [], 10, "the mailbox to be gone")

    def test_what_is_not_shared_is_not_there(self):
        self.ok(self.hers.create("Plans"))
        for mailbox in ("INBOX", "Plans", "None"):
            status, data = self.his.select(self.name(mailbox))
            self.assertEqual((status, data[0][:13]), ("NO", b"[NONEXISTENT]"))
        self.assertEqual(self.listed(self.his), [])
        self.ok(self.hers.setacl("Plans", self.other, "lr"))
        self.assertEqual(self.listed(self.his), [f"Other Users/{self.owner}/Plans"])
        self.ok(self.his.select(self.name("Plans"), readonly=True))
        self.ok(self.hers.create("Plans/Secret"))
        # What is made below has the rights of what is above (RFC 4314 section 4).
        self.assertEqual(self.listed(self.his),
                         [f"Other Users/{self.owner}/{name}" for name in ("Plans", "Plans/Secret")])
        self.ok(self.hers.deleteacl("Plans", self.other))
        self.ok(self.hers.deleteacl("Plans/Secret", self.other))
        self.assertEqual(self.listed(self.his), [])
        status, data = self.his.search(None, "ALL")
        self.assertEqual((status, data[0][:8]), ("NO", b"[NOPERM]"))

    def test_a_message_is_read_flagged_copied_and_removed_by_another(self):
        text = message()
        send(self.server, [self.owner], text)
        self.ok(self.hers.setacl("INBOX", self.other, "lrswit"))
        self.ok(self.his.select(self.name()))
        [(_, octets), _] = self.ok(self.his.fetch("1", "(BODY.PEEK[])"))
        self.assertTrue(octets.endswith(text))
        self.ok(self.his.store("1", "+FLAGS", "(\\Flagged \\Deleted)"))
        self.assertEqual(self.his.expunge()[0], "NO")
        # To the user's own account and back: the same octets, stored anew.
        self.ok(self.his.copy("1", "INBOX"))
        self.ok(self.his.select("INBOX"))
        [(_, copied), _] = self.ok(self.his.fetch("1", "(BODY.PEEK[])"))
        self.assertEqual(copied, octets)
        self.ok(self.his.copy("1", self.name()))
        self.ok(self.his.append(self.name(), "(\\Seen)", None, message()))
        self.assertEqual(self.counts(self.hers), 3)
        self.ok(self.hers.setacl("INBOX", self.other, "+e"))
        self.ok(self.his.select(self.name()))
        self.ok(self.his.expunge())
        self.assertEqual(self.counts(self.hers), 1)
        # What lies in her mailbox counts for her.
        self.server.cli("account", "set", self.owner, "--quota-messages", "1")
        until(lambda: self.his.append(self.name(), None, None, message())[1][0][:11] == b"[OVERQUOTA]", 10,
              "the bound to count")

    def test_members_of_a_group_have_its_rights(self):
        group = "team-" + self.other
        self.server.cli("group", "add", group, self.other)
        self.ok(self.hers.setacl("INBOX", group, "lr"))
        self.assertIn(f"${group} lr", self.ok(self.hers.getacl("INBOX"))[0].decode())
        self.assertEqual(self.listed(self.his), [f"Other Users/{self.owner}/INBOX"])
        self.ok(self.his.select(self.name(), readonly=True))
        third = imap(self.server, self.server.new_account())
        self.addCleanup(third.shutdown)
        self.assertEqual(third.select(self.name())[0], "NO")


class SeveralStores(unittest.TestCase):
    def test_with_several_back_ends_nothing_is_offered(self):
        server = Server({"backend/workers": "2"}).start()
        self.addCleanup(server.destroy)
        with imap(server, "alice@example.test", "secret1") as client:
            self.assertFalse({b"ACL", b"LIST-MYRIGHTS"} & set(client.capability()[1][0].split()))
            self.assertIn(b'(("" "/")) NIL NIL', client.namespace()[1][0])
            with self.assertRaises(client.error):
                client.setacl("INBOX", "bob", "lr")


if __name__ == "__main__":
    unittest.main()
