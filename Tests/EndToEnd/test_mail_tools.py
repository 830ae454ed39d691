# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The operator's verbs on mail, at a running server and without one."""
import hashlib
import json
import unittest

from clients import imap, send
from messages import DELICATE, message
from server import Server, shared


class Messages(unittest.TestCase):
    def check(self, server, address):
        listed = [json.loads(line) for line in
                  server.cli("message", "list", "--account", address, "--json").splitlines()]
        self.assertEqual([(row["mailbox"], row["uid"]) for row in listed], [("INBOX", 1), ("INBOX", 2)])
        self.assertEqual(listed[1]["subject"], "multipart")
        self.assertIn("multipart", server.cli("message", "list", "--account", address, "--mailbox", "INBOX"))
        boxes = {row["name"]: row for row in json.loads(server.cli("mailbox", "list", "--account", address, "--json"))}
        self.assertEqual(boxes["INBOX"]["messages"], 2)
        self.assertEqual(boxes["Sent"]["specialUse"], ["\\Sent"])
        found = json.loads(server.cli("message", "inspect", "--account", address, "--uid", "2", "--json"))
        self.assertEqual(found["damage"], [])
        self.assertTrue(found["sha256IsRight"])
        self.assertEqual(found["structure"]["type"].lower(), "multipart/alternative")
        self.assertEqual(len(found["structure"]["parts"]), 2)
        self.assertIn("Subject: multipart", found["header"])
        return found

    def test_list_and_inspect_with_and_without_a_server(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        address = server.new_account()
        send(server, [address], message())
        send(server, [address], message(
            b"--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--\r\n", b"multipart",
            b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n'))
        online = self.check(server, address)
        with imap(server, address) as client:
            client.select("INBOX", readonly=True)
            octets = client.uid("FETCH", "2", "BODY.PEEK[]")[1][0][1]
        self.assertEqual(online["sha256"], hashlib.sha256(octets).hexdigest())
        server.stop()
        self.assertEqual(self.check(server, address), online)

    def test_quarantine(self):
        server = shared()
        address = server.new_account()
        send(server, [address], message(b"keep me\r\n"))
        on = ("--account", address)
        verb = lambda *words: json.loads(server.cli("message", "quarantine", *words, *on, "--json"))
        uids = lambda: [json.loads(line)["uid"] for line in server.cli("message", "list", *on, "--json").splitlines()]
        held = verb("add", "--uid", "1")["id"]
        self.assertEqual(uids(), [])
        self.assertEqual([(row["id"], row["mailbox"], row["uid"]) for row in verb("list")], [(held, "INBOX", 1)])
        shown = verb("show", held)
        self.assertEqual(shown["damage"], [])
        self.assertIn("Subject: test", shown["header"])
        self.assertEqual(verb("restore", held)["uid"], 2)
        self.assertEqual((uids(), verb("list")), ([2], []))
        again = verb("add", "--uid", "2")["id"]
        server.cli("message", "quarantine", "delete", again, *on)
        self.assertEqual((uids(), verb("list")), ([], []))
        for words in [("show", again), ("restore", again), ("delete", again), ("add", "--uid", "7")]:
            self.assertEqual(server.run("message", "quarantine", *words, *on).returncode, 66, words)

    def test_what_is_not_there_is_said(self):
        server = shared()
        for arguments, status, word in [
            (("message", "list", "--account", "nobody@example.test"), 66, "nobody@example.test"),
            (("message", "list", "--account", "alice@example.test", "--mailbox", "No"), 66, "No"),
            (("message", "list"), 64, "--account"),
            (("message", "inspect", "--account", "alice@example.test", "--uid", "4000000000"), 66, "4000000000"),
            (("message", "inspect", "--account", "alice@example.test", "--uid", "x"), 64, "--uid"),
        ]:
            with self.subTest(arguments):
                result = server.run(*arguments)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(word, result.stderr)


if __name__ == "__main__":
    unittest.main()
