# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Authenticated submission over STARTTLS and over TLS from the first octet."""
import smtplib
import subprocess
import unittest

from clients import Lines, fetch, imap, smtp, uids
from messages import message
from server import shared, tls_context


class Submission(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()
        cls.address = cls.server.new_account()

    def newest(self, address):
        client = imap(self.server, address)
        return fetch(client, uids(client)[-1])

    def test_starttls(self):
        to = self.server.new_account()
        original = message(b"over 587\r\n")
        original = original.replace(b"sender@example.org", self.address.encode())
        with smtp(self.server, "submission") as client:
            client.starttls(context=tls_context())
            client.login(self.address, "secret")
            self.assertEqual(client.sendmail(self.address, [to], original), {})
        self.assertTrue(self.newest(to).endswith(original))

    def test_implicit_tls(self):
        to = self.server.new_account()
        original = message(b"over 465\r\n").replace(b"sender@example.org", self.address.encode())
        with smtp(self.server, "submissions") as client:
            client.login(self.address, "secret")
            self.assertEqual(client.sendmail(self.address, [to], original), {})
        self.assertTrue(self.newest(to).endswith(original))

    def test_swaks_with_auth_and_starttls(self):
        to = self.server.new_account()
        result = subprocess.run(
            ["swaks", "--server", f"127.0.0.1:{self.server.port('submission')}", "--tls", "--auth", "PLAIN",
             "--auth-user", self.address, "--auth-password", "secret", "--from", self.address, "--to", to,
             "--body", "Said by swaks."],
            capture_output=True, text=True, timeout=30,
        )
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn(b"Said by swaks.", self.newest(to))

    def test_without_authentication_nothing_is_taken(self):
        for name in ("submission", "submissions"):
            with self.subTest(name), smtp(self.server, name) as client:
                client.ehlo("client.example.org")
                code, text = client.mail(self.address)
                if code == 250:
                    code, text = client.rcpt(self.address)
                self.assertEqual(code, 530, text)

    def test_a_wrong_password_is_535_and_an_event(self):
        for mechanism in ("PLAIN", "LOGIN"):
            with self.subTest(mechanism), smtp(self.server, "submissions") as client:
                client.ehlo("client.example.org")
                client.user, client.password = self.address, "wrong"
                with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                    client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))
                self.assertEqual(caught.exception.smtp_code, 535)
                self.assertTrue(caught.exception.smtp_error.startswith(b"5.7.8"))
        event = self.server.event(13003, where=lambda e: e["fields"]["directory.user"] == self.address)
        self.assertEqual(event["fields"]["directory.service"], "submission")

    def test_a_switched_off_service_refuses_the_right_password(self):
        address = self.server.new_account()
        self.server.cli("account", "set", address, "--submission", "off")
        with smtp(self.server, "submissions") as client:
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                client.login(address, "secret")
        imap(self.server, address).logout()

    def test_commands_sent_along_with_starttls_are_not_obeyed(self):
        with Lines(self.server, "submission") as lines:
            lines.reply()
            lines.reply(b"EHLO client.example.org")
            lines.send(b"STARTTLS\r\nNOOP\r\n")
            self.assertTrue(lines.line().startswith((b"220", b"421", b"5")))
            lines.socket.settimeout(5)
            self.assertTrue(lines.is_closed())


if __name__ == "__main__":
    unittest.main()
