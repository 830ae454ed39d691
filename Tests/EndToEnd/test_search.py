# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""SEARCH over kept texts: found is what is in the messages, whatever becomes of the texts."""
import base64
import os
import signal
import unittest
from pathlib import Path

from clients import imap, send
from messages import message
from server import Server, until

SEARCHES = {
    "TEXT treasure": [3], "BODY treasure": [3], "BODY aGlkZGVu": [], "SUBJECT quarterly": [1], "FROM sender": [1, 2, 3, 4],
    "FROM nobody": [], 'HEADER X-Note ""': [2], "HEADER X-Note other": [], "TEXT x-note": [2], "BODY x-note": [],
    'BODY "across lines"': [2], "OR BODY treasure SUBJECT quarterly": [1, 3], "NOT TEXT quarterly": [2, 3, 4],
    "UID 2:4 BODY e": [2, 3, 4], "CHARSET UTF-8 BODY grüße": [4], "CHARSET UTF-8 TEXT KÖLN": [4], "TEXT absent": [],
}


class Search(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"service/recovery": "restart 0s; reset 1s; breaker 1000"}).start()
        cls.addClassCleanup(cls.server.destroy)

    def fill(self):
        address = self.server.new_account()
        for text in (
            message(b"Figures.\r\n", subject=b"=?utf-8?Q?Quarterly?= report"),
            message(b"words across\r\nlines\r\n", extra=b"X-Note: yes\r\n"),
            message(base64.b64encode(b"hidden treasure") + b"\r\n", extra=b"Content-Transfer-Encoding: base64\r\n"),
            message("Grüße aus Köln\r\n".encode("iso-8859-1"),
                    extra=b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n"),
        ):
            send(self.server, [address], text)
        return address

    def check(self, address):
        client = imap(self.server, address)
        client.select("INBOX")
        for keys, expected in SEARCHES.items():
            with self.subTest(keys):
                *words, last = keys.split(" ", 1) if not keys.startswith("CHARSET") else keys.rsplit(" ", 1)
                if keys.startswith("CHARSET"):
                    client.literal = last.encode()
                    status, data = client._command_complete("SEARCH", client._command("SEARCH", words[0]))
                    status, data = client._untagged_response(status, data, "SEARCH")
                else:
                    status, data = client.search(None, keys)
                self.assertEqual((status, [int(n) for n in data[0].split()]), ("OK", expected))
        client.logout()

    def texts(self):
        """The files of search texts."""
        return [path for path in Path(self.server.folder).rglob("*.text*") if path.stat().st_size]

    def kill(self):
        pid = self.server.workers()["backend-1"]
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.server.workers().get("backend-1") not in (None, pid), 10, "the back-end to be back")

    def test_the_same_is_found_with_texts_and_without_and_with_damaged_ones(self):
        address = self.fill()
        self.check(address)
        until(lambda: len(self.texts()) >= 2, 10, "texts to be made")
        self.check(address)
        self.kill()
        self.check(address)
        for path in self.texts():
            octets = bytearray(path.read_bytes())
            octets[100:] = bytes(octet ^ 0x5A for octet in octets[100:])
            path.write_bytes(octets)
        self.kill()
        self.check(address)
        self.check(address)
        for path in self.texts():
            os.truncate(path, path.stat().st_size * 2 // 3)
        self.kill()
        self.check(address)

    def test_deleting_and_copying_and_new_mail(self):
        address = self.fill()
        self.check(address)
        client = imap(self.server, address)
        client.select("INBOX")
        client.copy("3", "Archive")
        client.store("3", "+FLAGS", "(\\Deleted)")
        client.expunge()
        self.assertEqual(client.search(None, "BODY treasure")[1], [b""])
        send(self.server, [address], message(b"another treasure\r\n"))
        client.noop()
        self.assertEqual(client.search(None, "BODY treasure")[1], [b"4"])
        client.select("Archive")
        self.assertEqual(client.search(None, "BODY treasure")[1], [b"1"])
        client.logout()

    def test_a_client_that_leaves_in_the_middle_of_a_search_harms_nobody(self):
        address = self.fill()
        for _ in range(10):
            client = imap(self.server, address)
            client.select("INBOX")
            client.send(b"x SEARCH TEXT treasure\r\n" * 50)
            client.sock.close()
        self.check(address)


if __name__ == "__main__":
    unittest.main()
