# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mail to Postfix, Exim and OpenSMTPD as Debian ships them: octet by octet, and what was asked for besides."""
import email
import email.policy
import time
import unittest

from clients import fetch, imap, smtp, uids
from messages import DELICATE, digest, message
from peers import Exim, OpenSMTPD, Postfix, why_not
from server import Server
from server import until as until_within


def until(condition, timeout=60, what="it"):
    return until_within(condition, max(timeout, 60), what)


class Peers(unittest.TestCase):
    """One server of ours, and those of others that can be run here."""

    @classmethod
    def setUpClass(cls):
        cls.reasons = {kind.name: why_not(kind.name) for kind in (Postfix, Exim, OpenSMTPD)}
        if all(cls.reasons.values()):
            raise unittest.SkipTest("; ".join(cls.reasons.values()))
        cls.server = Server({"queue/retry": "500ms, 1s", "queue/low-disk": "0"}).start()
        cls.peers = {}
        for kind in (Postfix, Exim, OpenSMTPD):
            if cls.reasons[kind.name]:
                continue
            peer = kind(cls.server.port("smtp"))
            cls.peers[kind.name] = peer
            peer.start()
            # OpenSMTPD's process for keys fails here ("EVP lib"); openssl s_client is told the same.
            cls.server.cli("connector", "add", kind.name, "--space", f"{kind.name}.test", "--smart-host",
                           f"[127.0.0.1]:{peer.port}", "--security", "none" if kind is OpenSMTPD else "require")
            plain = ["connector", "add", f"plain-{kind.name}", "--space", f"plain.{kind.name}.test", "--smart-host",
                     f"[127.0.0.1]:{peer.plain_port}", "--security", "none"]
            if kind is Exim:
                cls.server.cli(*plain, "--user", "ann", "--password-stdin", given="pencil-7\n")
            else:
                cls.server.cli(*plain)
        time.sleep(0.4)

    @classmethod
    def tearDownClass(cls):
        for peer in cls.peers.values():
            peer.stop()
        cls.server.destroy()

    def each(self, *names):
        """The peers of these names that are there."""
        found = [self.peers[name] for name in names or self.peers if name in self.peers]
        if not found:
            self.skipTest("; ".join(self.reasons[name] or "" for name in names or self.reasons))
        return found

    def submit(self, recipients, octets, rcpt_options=(), mail_options=("BODY=8BITMIME",)):
        octets = octets.replace(b"sender@example.org", b"alice@example.test")
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.ehlo_or_helo_if_needed()
            self.assertEqual(client.mail("alice@example.test", mail_options)[0], 250)
            for recipient in recipients:
                client.command_encoding = "utf-8"
                code, text = client.docmd("RCPT", f"TO:<{recipient}> {' '.join(rcpt_options)}".rstrip())
                self.assertEqual(code, 250, text)
            code, text = client.data(octets)
            self.assertEqual(code, 250, text)
        return octets

    def inbox(self):
        client = imap(self.server, "alice@example.test", "secret1")
        return [fetch(client, uid) for uid in uids(client)]

    def arrived(self, peer, part):
        """The message that has these octets in it, once it is there."""
        return until(lambda: next((m for m in peer.messages() if part in m), None), what=f"mail at {peer.name}")

    def test_octet_by_octet(self):
        for peer in self.each():
            sent = {}
            for number, (name, octets) in enumerate(DELICATE.items()):
                recipient = f"u{number}@{peer.name}.test"
                sent[recipient] = (name, self.submit([recipient], octets))

            def refused(recipient):
                """OpenSMTPD does not take every header section, and says so; then the sender is told."""
                return peer.name == "opensmtpd" and any(
                    recipient.encode() in m and b"not RFC 2822 compliant" in m for m in self.inbox())

            def ended():
                found = peer.messages()
                return all(any(m.endswith(octets) for m in found) or refused(recipient)
                           for recipient, (_, octets) in sent.items())
            until(ended, 90, f"all to arrive at {peer.name}")
            found, whole = peer.messages(), 0
            for recipient, (name, octets) in sent.items():
                copies = [m for m in found if digest(m[-len(octets):]) == digest(octets)]
                self.assertEqual(len(copies), 0 if refused(recipient) else 1, name)
                for copy in copies:
                    self.assertRegex(copy, rb"(?i)received: from ")
                    whole += 1
            self.assertGreaterEqual(whole, len(sent) - 2)

    def test_under_tls(self):
        # Exim goes on to say utf8 on a connection over which one message needed it.
        marks = {"postfix": rb"with ESMTPS\b", "exim": rb"with (utf8)?esmtps\b"}
        for peer in self.each("postfix", "exim"):
            octets = self.submit([f"tls@{peer.name}.test"], message(b"under TLS\r\n"))
            head = self.arrived(peer, octets)[: -len(octets)]
            # The first of the fields is the peer's own.
            own = head[: head.index(b"Received: from ", head.lower().index(b"received: from ") + 1)]
            self.assertRegex(own, marks[peer.name])

    def test_success_is_reported_by_who_has_the_message(self):
        for peer in self.each():
            octets = self.submit([f"ok@{peer.name}.test"], message(b"tell me\r\n"), ["NOTIFY=SUCCESS,FAILURE"])
            self.arrived(peer, octets)
            name = f"ok@{peer.name}.test".encode()
            reports = until(lambda: [m for m in self.inbox() if name in m and b"delivery-status" in m.lower()],
                            what=f"the report of {peer.name}")
            self.assertEqual(len(reports), 1)
            self.assertRegex(reports[0], rb"(?i)action: *delivered")
            self.assertIn(f"{peer.name}.peer.test".encode(), reports[0])

    def test_success_is_relayed_where_nobody_reports(self):
        for peer in self.each("postfix", "opensmtpd"):
            self.submit([f"ok@plain.{peer.name}.test"], message(b"tell me\r\n"), ["NOTIFY=SUCCESS"])
            name = f"ok@plain.{peer.name}.test".encode()
            report = until(lambda: [m for m in self.inbox() if name in m and b"Action: relayed" in m],
                           what="our report")
            self.assertEqual(len(report), 1)

    def test_failure_is_reported(self):
        for peer in self.each("postfix", "exim"):
            # A second domain behind the same connector, which the peer does not take.
            self.server.cli("connector", "set", peer.name, "--space", f"{peer.name}.test", "--space", "refused.test")
            time.sleep(0.4)
            self.submit(["nobody@refused.test"], message(b"in vain\r\n"))
            report = until(lambda: [m for m in self.inbox() if b"nobody@refused.test" in m and b"Action: failed" in m],
                           what="the report")
            self.assertIn(b"Diagnostic-Code: smtp; 5", report[0])
            self.server.cli("connector", "set", peer.name, "--space", f"{peer.name}.test")
            time.sleep(0.4)

    def test_addresses_and_headers_in_utf8(self):
        octets = message("Grüße\r\n".encode(), subject="Grüße aus Köln".encode())
        for peer in self.each("postfix", "exim"):
            sent = self.submit([f"grüße@{peer.name}.test"], octets, mail_options=("BODY=8BITMIME", "SMTPUTF8"))
            self.arrived(peer, sent)
        for peer in self.each("opensmtpd"):
            # It does not know SMTPUTF8: the message comes back.
            self.submit([f"grüße@{peer.name}.test"], octets, mail_options=("BODY=8BITMIME", "SMTPUTF8"))
            report = until(lambda: [m for m in self.inbox() if f"grüße@{peer.name}.test".encode() in m
                                    and b"ction: failed" in m], what="the report")
            self.assertRegex(report[0], rb"5\.6\.\d")

    def test_without_8bitmime_it_is_converted(self):
        text = "Grüße aus Köln, " * 20 + "\r\n.ein Punkt am Anfang\r\n"
        octets = message(text.encode(), subject=b"converted", extra=b"MIME-Version: 1.0\r\n"
                         b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n")
        for peer in self.each("postfix"):
            self.submit([f"seven@plain.{peer.name}.test"], octets)
            taken = self.arrived(peer, b"Subject: converted")
            self.assertTrue(all(octet < 0x80 for octet in taken))
            parsed = email.message_from_bytes(taken, policy=email.policy.SMTP)
            self.assertIn(parsed["Content-Transfer-Encoding"], ("quoted-printable", "base64"))
            self.assertEqual(parsed.get_payload(decode=True).decode(), text)

    def test_log_on_at_a_smart_host(self):
        for peer in self.each("exim"):
            octets = self.submit([f"ann@plain.{peer.name}.test"], message(b"after a log-on\r\n"))
            self.assertIn(b"with esmtpa", self.arrived(peer, octets))

    def test_zz_nothing_is_left(self):
        until(lambda: not self.server.cli("queue", "find", "--json").strip(), what="the queue to be empty")


if __name__ == "__main__":
    unittest.main()
