# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""SMTP extensions as a client sees them, with what becomes of the message in the queue and beyond."""
import json
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest

from clients import fetch, imap, smtp, uids
from mailout import SETTINGS
from messages import message
from server import MARTLET, Server, until
from sink import Sink

PATIENCE = 40


class SMTPExtensions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sink = Sink()
        cls.server = Server({
            **SETTINGS, "outbound/smart-hosts": f"[127.0.0.1]:{cls.sink.port}", "transport/workers": "2",
            "connector/kept/address-spaces": "kept.example", "connector/kept/held": "yes",
            "connector/kept/smart-hosts": f"[127.0.0.1]:{cls.sink.port}", "smtp/etrn-networks": "127.0.0.0/8",
        }).start()

    @classmethod
    def tearDownClass(cls):
        cls.sink.stop()
        cls.server.destroy()

    def submit(self, recipients, *options, octets=None):
        """Submits a message as alice over TLS with parameters of MAIL."""
        octets = octets or message().replace(b"sender@example.org", b"alice@example.test")
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.sendmail("alice@example.test", recipients, octets, mail_options=list(options))
        return octets

    def queued(self, *options):
        return [json.loads(line) for line in self.server.cli("queue", "find", "--json", *options).splitlines()]

    def inbox(self, address="alice@example.test", password="secret1"):
        client = imap(self.server, address, password)
        return [fetch(client, uid) for uid in uids(client)]

    def arrived(self, recipient):
        return recipient in self.sink.recipients()

    def test_a_message_is_kept_until_its_time_also_for_a_mailbox_here(self):
        before = len(self.inbox("bob@example.test", "secret2"))
        begun = time.monotonic()
        self.submit(["bob@example.test", "later@far.example"], "HOLDFOR=6")
        waiting = self.queued("--from", "alice")
        self.assertTrue(waiting)
        self.assertEqual({w["state"] for w in waiting}, {"scheduled"})
        until(lambda: self.arrived("later@far.example"), PATIENCE, "the message to leave")
        self.assertGreaterEqual(time.monotonic() - begun, 5)
        until(lambda: len(self.inbox("bob@example.test", "secret2")) == before + 1, PATIENCE, "the message to arrive")

    def test_a_message_for_tomorrow_leaves_when_it_is_forced(self):
        self.submit(["forced@far.example"], "HOLDUNTIL=" + time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86_400)))
        waiting = self.queued("--to", "forced@far.example")
        self.assertEqual([w["state"] for w in waiting], ["scheduled"])
        self.server.cli("queue", "force", waiting[0]["id"])
        until(lambda: self.arrived("forced@far.example"), PATIENCE, "the message to leave")

    def test_a_late_message_goes_back(self):
        self.server.cli("settings", "set", "smtp/minimum-deliver-by", "1s")
        try:
            def is_known():
                with smtp(self.server, "submission") as client:
                    client.ehlo("x")
                    return client.esmtp_features.get("deliverby") == "1"
            until(is_known, PATIENCE, "the setting to be known")
            self.submit(["late@kept.example"], "BY=2;R")
            late = until(lambda: [m for m in self.inbox() if b"late@kept.example" in m and b"5.4.7" in m], PATIENCE,
                         "a report")[-1]
            self.assertIn(b"Deliver-By-Date: ", late)
            self.submit(["never@kept.example"], "BY=2;R", "HOLDFOR=1")
            until(lambda: [m for m in self.inbox() if b"never@kept.example" in m and b"Future-Release-Request: for;1" in m],
                  PATIENCE, "a report")
            self.submit(["strict@far.example"], "BY=3000;R")
            until(lambda: [m for m in self.inbox() if b"strict@far.example" in m and b"5.3.3" in m], PATIENCE, "a report")
            self.submit(["lenient@far.example"], "BY=3000;N")
            until(lambda: self.arrived("lenient@far.example"), PATIENCE, "the message to leave")
            until(lambda: [m for m in self.inbox() if b"lenient@far.example" in m and b"relayed" in m], PATIENCE, "a report")
        finally:
            self.server.cli("settings", "unset", "smtp/minimum-deliver-by")

    def test_priority_is_the_queues(self):
        self.submit(["soon@kept.example"], "MT-PRIORITY=6")
        self.submit(["whenever@kept.example"], "MT-PRIORITY=-6")
        found = {name: self.queued("--to", name + "@kept.example")[0]["priority"] for name in ("soon", "whenever")}
        self.assertEqual(found, {"soon": "urgent", "whenever": "low"})

    def test_what_requires_tls_comes_back_when_nobody_has_it(self):
        self.submit(["secret@far.example"], "REQUIRETLS")
        report = until(lambda: [m for m in self.inbox() if b"secret@far.example" in m and b"5.7.30" in m], PATIENCE,
                       "a report")[-1]
        self.assertNotIn(b"Hello.", report)
        self.assertFalse(self.arrived("secret@far.example"))
        # Over TLS it is offered, in the clear it is not.
        with smtp(self.server, "submission") as client:
            client.ehlo("x")
            self.assertFalse(client.has_extn("requiretls"))
        # An account of this server is as safe as it gets.
        before = len(self.inbox("bob@example.test", "secret2"))
        self.submit(["bob@example.test"], "REQUIRETLS")
        until(lambda: len(self.inbox("bob@example.test", "secret2")) == before + 1, PATIENCE, "the message to arrive")

    def test_binary_content_comes_in_as_it_is_and_leaves_converted(self):
        header = (b"From: alice@example.test\r\nSubject: binary\r\nMIME-Version: 1.0\r\n"
                  b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n")
        body = b"\x00\x01a\nb\rc\r\n.\r\n\n.\n" + bytes(range(256))
        octets = header + body
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            self.assertEqual(client.docmd("MAIL", "FROM:<alice@example.test> BODY=BINARYMIME")[0], 250)
            for recipient in ("bob@example.test", "binary@far.example"):
                self.assertEqual(client.docmd("RCPT", f"TO:<{recipient}>")[0], 250)
            self.assertEqual(client.docmd("DATA")[0], 503)
            client.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
            self.assertEqual(client.getreply()[0], 250)
        with imap(self.server, "bob@example.test", "secret2") as client:
            stored = [fetch(client, uid, "BINARY.PEEK[1]") for uid in uids(client)
                      if b"Subject: binary" in fetch(client, uid, "BODY.PEEK[HEADER]")]
        self.assertEqual(stored, [body])
        until(lambda: self.arrived("binary@far.example"), PATIENCE, "the message to leave")
        sent = [m for _, recipients, m in self.sink.messages if "binary@far.example" in recipients][0]
        self.assertIn(b"base64", sent)
        self.assertNotIn(b"\x00", sent)
        self.assertEqual(sent.count(b"\n"), sent.count(b"\r\n"))

    def test_etrn_sends_what_waits_in_every_workers_queue(self):
        for number in range(6):
            self.submit([f"held{number}@kept.example"])
        self.assertEqual(len(self.queued("--to", "held")), 6)
        with smtp(self.server) as client:
            client.ehlo("branch.kept.example")
            self.assertTrue(client.has_extn("etrn"))
            self.assertEqual(client.docmd("ETRN", "nothing.example")[0], 251)
            code, text = client.docmd("ETRN", "kept.example")
            self.assertEqual(code, 253, text)
        until(lambda: all(self.arrived(f"held{n}@kept.example") for n in range(6)), PATIENCE, "the mail to leave")
        self.assertTrue(self.server.event(9362))


class TLSSink(Sink):
    """Takes mail over STARTTLS, with what it offers there; keeps the lines of MAIL."""

    def __init__(self, certificate, key, offers):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.offers = offers
        self.mail = []
        super().__init__()

    def talk(self, connection, lines):
        is_secure = False
        self.say(connection, "220 sink ESMTP")
        while line := lines.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                offers = self.offers if is_secure else ["STARTTLS"]
                self.say(connection, "250-sink\r\n" + "".join(f"250-{o}\r\n" for o in offers) + "250 SIZE")
            elif verb == b"STAR":
                self.say(connection, "220 go on")
                connection = self.context.wrap_socket(connection, server_side=True)
                lines, is_secure = connection.makefile("rb"), True
            elif verb == b"MAIL":
                self.mail.append(line.strip())
                self.say(connection, "250 ok")
            elif verb == b"RCPT":
                recipient = line.split(b"<")[1].split(b">")[0].decode()
                self.say(connection, "250 ok")
            elif verb == b"DATA":
                self.say(connection, "354 go on")
                if not self.take(connection, lines, "", [recipient]):
                    return
            elif verb == b"QUIT":
                self.say(connection, "221 bye")
                return
            else:
                self.say(connection, "250 ok")


class RequireTLS(unittest.TestCase):
    """To servers with a certificate that the system's authorities vouch for."""

    submit, inbox, arrived = SMTPExtensions.submit, SMTPExtensions.inbox, SMTPExtensions.arrived

    def start(self, offers, environment):
        self.sink = TLSSink(f"{self.folder}/keys/server.crt", f"{self.folder}/keys/server.key", offers)
        self.addCleanup(self.sink.stop)
        self.server = Server({**SETTINGS, "outbound/smart-hosts": f"[127.0.0.1]:{self.sink.port}"})
        self.addCleanup(self.server.destroy)
        self.server.start(environment)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="martlet-tls-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        subprocess.run(
            [MARTLET, "certificate", "create", "--self-signed", "--name", "127.0.0.1", "--data", self.folder],
            check=True, capture_output=True, timeout=30,
        )
        self.trusting = {"SSL_CERT_FILE": f"{self.folder}/keys/server.crt"}

    def test_it_goes_on_to_who_keeps_to_it(self):
        self.start(["REQUIRETLS", "8BITMIME"], self.trusting)
        self.submit(["safe@far.example"], "REQUIRETLS")
        until(lambda: self.arrived("safe@far.example"), PATIENCE, "the message to leave")
        self.assertIn(b"REQUIRETLS", self.sink.mail[-1])
        # Who does not keep to it does not get it, and its sender hears of it.
        self.sink.offers = ["8BITMIME"]
        # The connection that was kept from before has the old offer.
        time.sleep(11)
        self.submit(["unsafe@far.example"], "REQUIRETLS")
        until(lambda: [m for m in self.inbox() if b"unsafe@far.example" in m and b"5.7.30" in m], PATIENCE, "a report")
        self.assertFalse(self.arrived("unsafe@far.example"))

    def test_nor_does_who_cannot_be_verified(self):
        self.start(["REQUIRETLS"], None)
        self.submit(["unknown@far.example"], "REQUIRETLS")
        until(lambda: [m for m in self.inbox() if b"unknown@far.example" in m and b"5.7.30" in m], PATIENCE, "a report")
        self.assertFalse(self.arrived("unknown@far.example"))


if __name__ == "__main__":
    unittest.main()
