# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mailboxes that users share (RFC 4314), with Python's own client."""
import json
import re
import unittest

from clients import imap, send
from messages import message
from server import Server, shared, until
from strictimap import StrictClient


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

    def test_a_message_takes_the_place_of_one_in_another_account(self):
        self.ok(self.hers.setacl("INBOX", self.other, "lri"))
        self.ok(self.his.append("INBOX", None, None, b"Subject: draft\r\n\r\nold"))
        with StrictClient(self.server).log_on(self.other) as client:
            client.ok("SELECT INBOX")
            replace = b"REPLACE 1 " + self.name().encode() + b" (\\Flagged) {3+}\r\nnew"
            untagged, _ = client.ok(replace)
            codes = [response.code[0] for response in untagged if response.code]
            self.assertIn("APPENDUID", codes)
            self.assertEqual([r.number for r in untagged if r.kind == "EXPUNGE"], [1])
            # It is gone here, and there it has no flag that the rights do not reach.
            *_, last = client.run(replace)
            self.assertIn(last.kind, ("NO", "BAD"))
        self.ok(self.hers.select("INBOX"))
        [row] = self.ok(self.hers.fetch("1:*", "(FLAGS RFC822.SIZE)"))
        self.assertEqual(row, b"1 (FLAGS () RFC822.SIZE 3)")

    def test_a_list_of_flags_is_one_change_though_rights_reach_some(self):
        self.ok(self.hers.append("INBOX", "(\\Seen \\Flagged)", None, message()))
        self.ok(self.hers.setacl("INBOX", self.other, "lrt"))
        with StrictClient(self.server).log_on(self.other) as client:
            client.enable("CONDSTORE")
            client.ok("SELECT " + self.name())
            # The next change of the account has the next mod-sequence.
            untagged, _ = client.ok("STORE 1 FLAGS ()")
            [before] = [r.data["MODSEQ"] for r in untagged if r.kind == "FETCH"]
            untagged, _ = client.ok("STORE 1 FLAGS (\\Deleted \\Answered $Work)")
            [told] = [r.data for r in untagged if r.kind == "FETCH"]
            self.assertEqual(told, {"FLAGS": {"\\Seen", "\\Flagged", "\\Deleted"}, "MODSEQ": before + 1})
            untagged, _ = client.ok("STATUS " + self.name() + " (HIGHESTMODSEQ)")
            self.assertEqual(untagged[-1].data[1]["HIGHESTMODSEQ"], before + 1)

    def test_an_administrator_shares_without_a_client(self):
        self.ok(self.hers.create("Plans"))
        on = ("--account", self.owner)
        acl = lambda verb, *words: json.loads(self.server.cli("mailbox", "acl", verb, *on, "--json", *words))
        entry = lambda identifier, rights, mailbox="Plans": {
            "mailbox": mailbox, "identifier": identifier, "rights": rights}
        self.assertEqual(acl("list"), [])
        self.assertEqual(acl("set", "--mailbox", "Plans", self.other, "lrs"), [entry(self.other, "lrs")])
        self.assertEqual(self.listed(self.his), [f"Other Users/{self.owner}/Plans"])
        self.ok(self.his.select(self.name("Plans"), readonly=True))
        self.assertEqual(self.ok(self.hers.myrights("Plans")), [b"Plans lrswipkxteacd"])
        acl("set", "--mailbox", "Plans", self.other, "+wi")
        self.assertEqual(acl("set", "--mailbox", "Plans", "--", self.other, "-s"), [entry(self.other, "lrwi")])
        self.ok(self.hers.setacl("INBOX", "anyone", "l"))
        self.assertEqual(acl("list"), [entry("anyone", "l", "INBOX"), entry(self.other, "lrwi")])
        self.assertEqual(acl("list", "--mailbox", "Plans"), [entry(self.other, "lrwi")])
        self.assertIn("IDENTIFIER", self.server.cli("mailbox", "acl", "list", *on))
        self.assertEqual(acl("remove", "--mailbox", "Plans", self.other), [])
        status, data = self.his.search(None, "ALL")
        self.assertEqual((status, data[0][:8]), ("NO", b"[NOPERM]"))
        self.ok(self.hers.deleteacl("INBOX", "anyone"))
        self.assertEqual(self.listed(self.his), [])
        for words, code, text in [
            (("set", "--mailbox", "Plans", "nobody@example.test", "l"), 66, "no user"),
            (("set", "--mailbox", "None", self.other, "l"), 66, "None"),
            (("set", "--mailbox", "Plans", self.other, "lQ"), 65, "no rights"),
            (("set", "--mailbox", "Plans", self.owner, "l"), 65, "owner"),
            (("set", self.other, "l"), 64, "--mailbox"), (("remove", "--mailbox", "Plans"), 64, "IDENTIFIER"),
        ]:
            with self.subTest(words):
                result = self.server.run("mailbox", "acl", *words, *on)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertIn(text, result.stderr)

    def test_rights_are_given_while_no_server_runs(self):
        own = Server().start()
        self.addCleanup(own.destroy)
        with imap(own, "alice@example.test", "secret1"):
            pass
        self.assertEqual(own.stop(), 0)
        on = ("--account", "alice@example.test", "--mailbox", "INBOX")
        own.cli("mailbox", "acl", "set", *on, "bob@example.test", "lr")
        self.assertIn("bob@example.test", own.cli("mailbox", "acl", "list", *on))
        own.start()
        with imap(own, "bob@example.test", "secret2") as client:
            self.assertEqual(self.listed(client), ["Other Users/alice@example.test/INBOX"])

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
        on = ("--account", "alice@example.test", "--mailbox", "INBOX")
        result = server.run("mailbox", "acl", "set", *on, "bob@example.test", "lr")
        self.assertEqual(result.returncode, 69, result.stderr)
        self.assertIn("backend/workers", result.stderr)


if __name__ == "__main__":
    unittest.main()
