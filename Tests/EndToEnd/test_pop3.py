# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""POP3 as poplib speaks it, and as lines."""
import email
import email.policy
import poplib
import unittest

from clients import Lines, imap, pop3, send, smtp, uids
from messages import message
from server import shared, tls_context


class Session(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.address = self.server.new_account()

    def test_a_session(self):
        texts = [message(b"line one\r\nline two\r\n.dot\r\n"), message(b"second\r\n"), message(b"third\r\n")]
        for text in texts:
            send(self.server, [self.address], text)
        client = pop3(self.server, self.address)
        self.assertEqual(client.stat()[0], 3)
        identities = [line.split()[1] for line in client.uidl()[1]]
        self.assertEqual(len(set(identities)), 3)
        _, lines, _ = client.top(1, 1)
        self.assertEqual(lines[-1], b"line one")
        client.dele(2)
        with self.assertRaises(poplib.error_proto):
            client.retr(2)
        client.rset()
        client.dele(1)
        client.quit()
        client = pop3(self.server, self.address)
        self.assertEqual([line.split()[1] for line in client.uidl()[1]], identities[1:])
        client.quit()
        self.assertEqual(len(uids(imap(self.server, self.address))), 2)

    def test_a_session_that_breaks_off_deletes_nothing(self):
        send(self.server, [self.address], message())
        client = pop3(self.server, self.address)
        client.dele(1)
        client.close()
        client = pop3(self.server, self.address)
        self.assertEqual(client.stat()[0], 1)
        client.quit()

    def test_stls(self):
        client = poplib.POP3("127.0.0.1", self.server.port("pop3"), timeout=10)
        self.assertIn("STLS", client.capa())
        client.stls(tls_context())
        self.assertNotIn("STLS", client.capa())
        client.user(self.address)
        client.pass_("secret")
        client.quit()

    def test_capa_and_auth_plain(self):
        import base64
        with Lines(self.server, "pop3s") as lines:
            self.assertTrue(lines.line().startswith(b"+OK"))
            lines.send(b"CAPA\r\n")
            offered = b"\n".join(lines.lines_until(rb"\.$"))
            for word in (b"UIDL", b"TOP", b"SASL ", b" PLAIN", b"RESP-CODES", b"PIPELINING"):
                self.assertIn(word, offered)
            lines.send(b"AUTH PLAIN " + base64.b64encode(f"\0{self.address}\0secret".encode()) + b"\r\n")
            self.assertTrue(lines.line().startswith(b"+OK"))

    def test_headers_in_utf8(self):
        text = ("From: Jörg <jörg@bücher.example>\r\nTo: a@b.example\r\nSubject: Grüße\r\nX-Note: ü\r\n"
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n"
                "\r\nbödy\r\n--b\r\nContent-Disposition: attachment; filename=\"é.txt\"\r\n\r\nx\r\n--b--\r\n").encode()
        with smtp(self.server) as client:
            refused = client.sendmail("sender@example.org", [self.address], text,
                                      mail_options=["BODY=8BITMIME", "SMTPUTF8"])
            self.assertFalse(refused)
        send(self.server, [self.address], message())
        seen = {}
        for says in (False, True):
            client = pop3(self.server)
            self.assertIn("UTF8", client.capa())
            if says:
                client.utf8()
            client.user(self.address)
            client.pass_("secret")
            sizes = [int(line.split()[1]) for line in client.list()[1]]
            self.assertEqual(client.stat(), (2, sum(sizes)))
            _, lines, octets = client.retr(1)
            self.assertEqual(octets, sizes[0])
            seen[says] = lines
            top = client.top(1, 0)[1]
            self.assertEqual(top, lines[:len(top)])
            if not says:
                with self.assertRaises(poplib.error_proto):
                    client.utf8()
            client.quit()
        self.assertTrue(b"\r\n".join(seen[True]).endswith(text.rstrip(b"\r\n")))
        parsed = email.message_from_bytes(b"\r\n".join(seen[False]), policy=email.policy.default)
        self.assertEqual(parsed["Subject"], "Grüße")
        self.assertEqual(parsed["From"].addresses[0].addr_spec, "invalid@internationalized-address.invalid")
        self.assertEqual(parsed["From"].addresses[0].display_name, "Jörg <jörg@bücher.example>")
        self.assertNotIn("X-Note", parsed)
        first, second = parsed.iter_parts()
        self.assertEqual(first.get_content().strip(), "bödy")
        self.assertIsNone(second.get_filename())
        for line in seen[False]:
            if line != "bödy".encode():
                line.decode("ascii")

    def test_a_wrong_password(self):
        with self.assertRaises(poplib.error_proto) as caught:
            pop3(self.server, self.address, "wrong")
        self.assertIn(b"[AUTH]", caught.exception.args[0])
        self.server.event(13003, where=lambda e: e["fields"]["directory.user"] == self.address)


if __name__ == "__main__":
    unittest.main()
