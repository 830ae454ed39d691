# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""IMAP as clients use it: imaplib, mbsync, and lines for what imaplib does not know."""
import base64
import imaplib
import re
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from clients import Lines, fetch, imap, send, uids
from messages import DELICATE, message
from server import shared, tls_context


class Session(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def test_what_is_offered_before_and_after_log_on(self):
        address = self.server.new_account()
        with Lines(self.server, "imap") as lines:
            self.assertRegex(lines.line(), rb"^\* OK ")
            before = b" ".join(lines.imap(b"CAPABILITY"))
            for word in (b"IMAP4rev1", b"STARTTLS", b"SASL-IR", b"AUTH=PLAIN", b"ID"):
                self.assertIn(word, before)
            self.assertTrue(lines.imap(b'ID ("name" "test")')[-1].startswith(b"OK"))
            self.assertTrue(lines.imap(b"LOGIN %s secret" % address.encode())[-1].startswith(b"OK"))
            after = b" ".join(lines.imap(b"CAPABILITY"))
            self.assertIn(b"IDLE", after)
            self.assertNotIn(b"STARTTLS", after)
            answer = lines.imap(b"LOGOUT")
            self.assertTrue(any(line.startswith(b"* BYE") for line in answer))
            self.assertTrue(lines.is_closed())

    def test_authenticate_plain_with_and_without_initial_response(self):
        address = self.server.new_account()
        response = base64.b64encode(f"\0{address}\0secret".encode())
        with Lines(self.server, "imaps") as lines:
            lines.line()
            self.assertTrue(lines.imap(b"AUTHENTICATE PLAIN " + response)[-1].startswith(b"OK"))
        with Lines(self.server, "imaps") as lines:
            lines.line()
            lines.send(b"a AUTHENTICATE PLAIN\r\n")
            self.assertTrue(lines.line().startswith(b"+"))
            lines.send(response + b"\r\n")
            self.assertTrue(lines.lines_until(rb"a ")[-1].startswith(b"a OK"))

    def test_starttls(self):
        address = self.server.new_account()
        client = imaplib.IMAP4("127.0.0.1", self.server.port("imap"), timeout=10)
        self.assertEqual(client.starttls(tls_context())[0], "OK")
        self.assertNotIn("STARTTLS", client.capabilities)
        self.assertEqual(client.login(address, "secret")[0], "OK")
        client.logout()

    def test_commands_sent_along_with_starttls_are_not_obeyed(self):
        with Lines(self.server, "imap") as lines:
            lines.line()
            lines.send(b"a STARTTLS\r\nb CAPABILITY\r\n")
            self.assertRegex(lines.line(), rb"^(a|\*) ")
            lines.socket.settimeout(5)
            self.assertTrue(lines.is_closed())

    def test_a_wrong_password_is_no_and_an_event(self):
        address = self.server.new_account()
        with Lines(self.server, "imaps") as lines:
            lines.line()
            self.assertIn(b"NO [AUTHENTICATIONFAILED]", lines.imap(b"LOGIN %s wrong" % address.encode())[-1])
            self.assertIn(b"NO [AUTHENTICATIONFAILED]", lines.imap(b"LOGIN nobody@example.test wrong")[-1])
            self.assertTrue(lines.imap(b"LOGIN %s secret" % address.encode())[-1].startswith(b"OK"))
        self.server.event(13003, where=lambda e: e["fields"]["directory.user"] == address)

    def test_a_switched_off_service(self):
        address = self.server.new_account()
        self.server.cli("account", "set", address, "--imap", "off")
        with Lines(self.server, "imaps") as lines:
            lines.line()
            self.assertIn(b"NO [AUTHORIZATIONFAILED]", lines.imap(b"LOGIN %s secret" % address.encode())[-1])


class Mailboxes(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.address = self.server.new_account()
        self.client = imap(self.server, self.address)
        self.addCleanup(self.client.shutdown)

    def ok(self, answer):
        status, data = answer
        self.assertEqual(status, "OK", data)
        return data

    def test_create_rename_subscribe_delete(self):
        client = self.client
        self.ok(client.create("Archive/2026"))
        self.ok(client.create('"Entw&APw-rfe"'))
        self.ok(client.subscribe("Archive/2026"))
        names = b"\n".join(self.ok(client.list()))
        self.assertIn(b"Archive/2026", names)
        self.assertIn(b"INBOX", names)
        self.assertIn(b"Archive/2026", b"\n".join(self.ok(client.lsub())))
        self.ok(client.rename("Archive/2026", "Archive/old"))
        self.assertEqual(client.select("Archive/2026")[0], "NO")
        self.ok(client.select("Archive/old"))
        self.ok(client.unselect() if hasattr(client, "unselect") else client.close())
        self.ok(client.delete("Archive/old"))
        self.assertNotIn(b"Archive/old", b"\n".join(self.ok(client.list())))
        self.assertEqual(client.delete("INBOX")[0], "NO")
        self.assertEqual(client.create("INBOX")[0], "NO")

    def test_append_flags_search_copy_expunge(self):
        client = self.client
        for number in range(5):
            text = message(b"text %d\r\n" % number, subject=b"number %d" % number)
            self.ok(client.append("INBOX", "(\\Seen $Label)" if number < 2 else None, None, text))
        self.ok(client.select("INBOX"))
        self.assertEqual(self.ok(client.search(None, "SEEN")), [b"1 2"])
        self.assertEqual(self.ok(client.search(None, "KEYWORD", "$Label")), [b"1 2"])
        self.assertEqual(self.ok(client.search(None, "SUBJECT", '"number 3"')), [b"4"])
        self.assertEqual(self.ok(client.search(None, "TEXT", '"text 4"')), [b"5"])
        self.assertEqual(self.ok(client.search(None, "NOT", "SEEN", "SMALLER", "100000")), [b"3 4 5"])
        self.ok(client.store("2:3", "+FLAGS", "(\\Deleted)"))
        self.ok(client.create("Copy"))
        self.ok(client.copy("1:2", "Copy"))
        self.assertEqual(len(self.ok(client.expunge())), 2)
        self.assertEqual(self.ok(client.search(None, "ALL")), [b"1 2 3"])
        self.assertEqual(self.ok(client.uid("SEARCH", "ALL")), [b"1 4 5"])
        self.ok(client.status("Copy", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT)"))
        self.assertEqual(len(uids(client, "Copy")), 2)

    def test_every_fetch_item(self):
        client = self.client
        self.ok(client.append("INBOX", None, None, DELICATE["multipart"]))
        self.ok(client.select("INBOX"))
        for macro in ("ALL", "FAST", "FULL"):
            with self.subTest(macro):
                self.assertIn(b"RFC822.SIZE", self.ok(client.fetch("1", macro))[0])
        items = ("BODY", "BODYSTRUCTURE", "ENVELOPE", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "UID",
                 "RFC822", "RFC822.HEADER", "RFC822.TEXT", "BODY[]", "BODY[HEADER]", "BODY[TEXT]", "BODY[1]", "BODY[2]",
                 "BODY[1.MIME]", "BODY[HEADER.FIELDS (SUBJECT DATE)]", "BODY[HEADER.FIELDS.NOT (SUBJECT)]",
                 "BODY.PEEK[]<5.20>")
        for item in items:
            with self.subTest(item):
                data = self.ok(client.fetch("1", f"({item})"))
                self.assertTrue(data and data[0], item)
        self.assertEqual(fetch(client, 1, "BODY.PEEK[]"), DELICATE["multipart"])
        self.assertEqual(fetch(client, 1, "BODY.PEEK[2]"), b"<p>two</p>")

    def test_append_keeps_every_byte(self):
        for name, original in DELICATE.items():
            with self.subTest(name):
                self.ok(self.client.append("INBOX", None, None, original))
                # imaplib makes line ends CRLF, which these have already.
                self.assertEqual(fetch(self.client, uids(self.client)[-1]), original)


class Idle(unittest.TestCase):
    def test_a_delivery_is_told(self):
        server = shared()
        address = server.new_account()
        with Lines(server, "imaps", timeout=10) as lines:
            lines.line()
            lines.imap(b"LOGIN %s secret" % address.encode())
            lines.imap(b"SELECT INBOX")
            lines.send(b"i IDLE\r\n")
            self.assertTrue(lines.line().startswith(b"+"))
            thread = threading.Thread(target=send, args=(server, [address], message()))
            thread.start()
            told = lines.lines_until(rb"\* 1 EXISTS")
            thread.join()
            self.assertEqual(told[-1], b"* 1 EXISTS")
            lines.send(b"DONE\r\n")
            self.assertTrue(lines.lines_until(rb"i ")[-1].startswith(b"i OK"))

    def test_another_session_sees_flags_and_expunges(self):
        server = shared()
        address = server.new_account()
        send(server, [address], message())
        with Lines(server, "imaps") as lines:
            lines.line()
            lines.imap(b"LOGIN %s secret" % address.encode())
            lines.imap(b"SELECT INBOX")
            lines.send(b"i IDLE\r\n")
            self.assertTrue(lines.line().startswith(b"+"))
            client = imap(server, address)
            client.select("INBOX")
            client.store("1", "+FLAGS", "(\\Deleted)")
            self.assertIn(b"\\Deleted", lines.lines_until(rb"\* 1 FETCH")[-1])
            client.expunge()
            self.assertEqual(lines.lines_until(rb"\* 1 EXPUNGE")[-1], b"* 1 EXPUNGE")


class Mbsync(unittest.TestCase):
    """Debian's isync keeps a Maildir equal with the server."""

    def test_pull_and_push(self):
        server = shared()
        address = server.new_account()
        names = [name for name in DELICATE if name != "not MIME at all"]
        for name in names:
            send(server, [address], DELICATE[name])
        with tempfile.TemporaryDirectory(prefix="martlet-mbsync-") as folder:
            self.sync(server, address, folder)
            pulled = self.maildir(folder)
            self.assertEqual(len(pulled), len(names))
            texts = [re.sub(rb"(?m)^X-TUID: .*\n", b"", path.read_bytes()) for path in pulled]
            for name in names:
                # A Maildir has bare line feeds; mbsync adds the field X-TUID to what it copies.
                original = DELICATE[name].replace(b"\r\n", b"\n")
                self.assertTrue(any(text.endswith(original) for text in texts), name)
            self.sync(server, address, folder)
            self.assertEqual(len(self.maildir(folder)), len(names))
            Path(folder, "mail/INBOX/new/1.local").write_bytes(message(b"pushed\r\n").replace(b"\r\n", b"\n"))
            self.sync(server, address, folder)
        client = imap(server, address)
        self.assertEqual(len(uids(client)), len(names) + 1)
        self.assertTrue(fetch(client, uids(client)[-1]).endswith(b"pushed\r\n"))

    def maildir(self, folder):
        return [path for path in Path(folder, "mail/INBOX").glob("*/*") if path.parent.name in ("new", "cur")]

    def sync(self, server, address, folder):
        Path(folder, "mail").mkdir(exist_ok=True)
        config = Path(folder, "mbsyncrc")
        config.write_text(f"""
            IMAPAccount martlet
            Host localhost
            Port {server.port("imaps")}
            User {address}
            Pass secret
            SSLType IMAPS
            CertificateFile {server.folder}/keys/server.crt
            SystemCertificates no
            AuthMechs LOGIN

            IMAPStore far
            Account martlet

            MaildirStore near
            Path {folder}/mail/
            Inbox {folder}/mail/INBOX
            SubFolders Verbatim

            Channel all
            Far :far:
            Near :near:
            Patterns INBOX
            Create Near
            Sync All
            SyncState *
        """.replace("            ", ""))
        result = subprocess.run(["mbsync", "-c", str(config), "all"], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
