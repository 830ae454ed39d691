# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Logging on in every way there is, with the clients of others."""
import base64
import hashlib
import hmac
import os
import re
import ssl
import subprocess
import tempfile
import unittest

from clients import Lines, imap, uids
from server import DOMAIN, Server, until


def run(*words, timeout=30, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout, **more)


class Scram:
    """The client's side of RFC 5802, for what no client of others says."""

    def __init__(self, user, password, flag="n", data=b"", authorization=""):
        self.header = f"{flag},{authorization},".encode()
        self.bare = f"n={user},r=fyko+d2lbbFgONRv9qkxdawL".encode()
        self.password, self.data = password.encode(), data

    @property
    def first(self):
        return self.header + self.bare

    def final(self, server_first):
        nonce, salt, count = re.match(rb"r=([^,]+),s=([^,]+),i=(\d+)$", server_first).groups()
        without = b"c=" + base64.b64encode(self.header + self.data) + b",r=" + nonce
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(salt), int(count))
        key = hmac.digest(salted, b"Client Key", "sha256")
        message = b",".join([self.bare, server_first, without])
        signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        self.expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
        return without + b",p=" + base64.b64encode(bytes(a ^ b for a, b in zip(key, signature)))


class ChallengeResponse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"directory/scram-sha-1": "true"})
        cls.addClassCleanup(cls.server.destroy)
        cls.server.start()
        # The first accounts were made before the setting.
        for name, password in (("alice", "secret1"), ("bob", "secret2")):
            cls.server.cli("account", "password", f"{name}@{DOMAIN}", "--password-stdin", given=password + "\n")
        cls.address = cls.server.new_account()
        cls.folder = tempfile.mkdtemp(prefix="martlet-sasl-", dir="/tmp")
        cls.addClassCleanup(lambda: subprocess.run(["rm", "-r", cls.folder], check=False))

    def gsasl(self, service, port, mechanism, password="secret", *more):
        return run(
            "gsasl", "--" + service, "--mechanism", mechanism, "--authentication-id", self.address,
            "--authorization-id", "", "--password", password, "--x509-ca-file", "", *more,
            "127.0.0.1", str(self.server.port(port)), stdin=subprocess.DEVNULL,
        )

    def test_gsasl_over_tls(self):
        for service, port in (("imap", "imap"), ("smtp", "submission")):
            for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"):
                with self.subTest(service=service, mechanism=mechanism):
                    # Without a word from us, it would say with SCRAM-SHA-256 that it could bind (the flag y).
                    more = [] if mechanism.endswith("PLUS") else ["--no-cb"]
                    result = self.gsasl(service, port, mechanism, "secret", "--starttls", *more)
                    self.assertIn("Client authentication finished", result.stderr, result.stderr + result.stdout)

    def test_gsasl_with_tls_1_2_is_not_offered_the_exporter(self):
        # The library binds to the exporter only, and that is not to be had here; see docs/authentication.md.
        result = self.gsasl("imap", "imap", "SCRAM-SHA-256", "secret", "--starttls", "--no-cb",
                            "--priority", "NORMAL:-VERS-TLS1.3")
        self.assertIn("Client authentication finished", result.stderr, result.stderr + result.stdout)

    def test_gsasl_that_chooses_the_weaker_one_is_refused(self):
        result = self.gsasl("imap", "imap", "SCRAM-SHA-256", "secret", "--starttls")
        self.assertNotIn("Client authentication finished", result.stderr)

    def test_gsasl_with_a_wrong_password(self):
        result = self.gsasl("imap", "imap", "SCRAM-SHA-256-PLUS", "wrong", "--starttls")
        self.assertNotIn("Client authentication finished", result.stderr)
        self.server.event(13003, where=lambda e: e["fields"]["directory.user"] == self.address)

    def test_msmtp(self):
        for number, mechanism in enumerate(("scram-sha-256", "scram-sha-1")):
            with self.subTest(mechanism):
                result = run(
                    "msmtp", "--host=127.0.0.1", f"--port={self.server.port('submissions')}", "--tls=on",
                    "--tls-starttls=off", "--tls-certcheck=off", f"--auth={mechanism}", f"--user={self.address}",
                    "--passwordeval=echo secret", f"--from={self.address}", self.address,
                    input=f"From: {self.address}\nSubject: by msmtp\n\nhello\n",
                )
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(len(uids(imap(self.server, self.address))), number + 1)

    def test_mpop(self):
        for mechanism in ("scram-sha-256", "scram-sha-1"):
            with self.subTest(mechanism):
                result = run(
                    "mpop", "--host=127.0.0.1", f"--port={self.server.port('pop3s')}", "--tls=on",
                    "--tls-starttls=off", "--tls-certcheck=off", f"--auth={mechanism}", f"--user={self.address}",
                    "--passwordeval=echo secret", f"--delivery=mbox,{self.folder}/inbox", "--status-only",
                    f"--uidls-file={self.folder}/uidls",
                )
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_mbsync(self):
        path = self.folder + "/mbsyncrc"
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                f"IMAPStore far\nHost 127.0.0.1\nPort {self.server.port('imaps')}\nUser {self.address}\nPass secret\n"
                f"SSLType IMAPS\nCertificateFile {self.server.folder}/keys/server.crt\nAuthMechs SCRAM-SHA-256\n\n"
                f"MaildirStore near\nPath {self.folder}/near/\nInbox {self.folder}/near/INBOX\n\n"
                "Channel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\n"
                f"SyncState {self.folder}/state/\n"
            )
        os.makedirs(self.folder + "/near", exist_ok=True)
        os.makedirs(self.folder + "/state", exist_ok=True)
        result = run("mbsync", "-D", "-c", path, "all")
        self.assertIn("SCRAM-SHA-256", result.stdout + result.stderr)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    # -- what no client of others says

    def exchange(self, scram, mechanism="SCRAM-SHA-256", port="imaps"):
        """The log-on in IMAP: the tagged answer."""
        with Lines(self.server, port) as lines:
            greeting = lines.line()
            lines.send(b"a AUTHENTICATE " + mechanism.encode() + b"\r\n")
            for message in (lambda _: scram.first, scram.final, lambda _: b""):
                line = lines.line()
                if not line.startswith(b"+ "):
                    return greeting, line
                challenge = base64.b64decode(line[2:])
                if challenge.startswith(b"v="):
                    self.assertEqual(base64.b64decode(challenge[2:]), scram.expected)
                lines.send(base64.b64encode(message(challenge)) + b"\r\n")
            return greeting, lines.line()

    def test_what_is_offered(self):
        with Lines(self.server, "imaps") as lines:
            greeting = lines.line()
            for name in (b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256", b"SCRAM-SHA-1-PLUS", b"SCRAM-SHA-1", b"PLAIN"):
                self.assertIn(b" AUTH=" + name + b" ", greeting)
        with Lines(self.server, "imap") as lines:
            self.assertNotIn(b"-PLUS", lines.line())

    def test_the_server_end_point(self):
        with open(self.server.folder + "/keys/server.crt", encoding="ascii") as file:
            certificate = ssl.PEM_cert_to_DER_cert(file.read())
        for data, is_right in ((hashlib.sha256(certificate).digest(), True), (bytes(32), False)):
            scram = Scram(self.address, "secret", "p=tls-server-end-point", data)
            _, answer = self.exchange(scram, "SCRAM-SHA-256-PLUS")
            self.assertTrue(answer.startswith(b"a OK" if is_right else b"a NO [AUTHENTICATIONFAILED]"), answer)

    def test_a_client_that_was_told_there_is_no_binding(self):
        _, answer = self.exchange(Scram(self.address, "secret", "y"))
        self.assertTrue(answer.startswith(b"a NO [AUTHENTICATIONFAILED]"), answer)

    def test_acting_for_others(self):
        _, answer = self.exchange(Scram(self.address, "secret", authorization="a=alice@example.test"))
        self.assertTrue(answer.startswith(b"a NO [AUTHORIZATIONFAILED]"), answer)
        _, answer = self.exchange(Scram(self.address, "secret", authorization="a=" + self.address))
        self.assertTrue(answer.startswith(b"a OK"), answer)

    def test_users_there_are_not(self):
        def salt(user):
            with Lines(self.server, "imaps") as lines:
                lines.line()
                lines.send(b"a AUTHENTICATE SCRAM-SHA-256 " + base64.b64encode(Scram(user, "x").first) + b"\r\n")
                return re.search(rb",s=([^,]+),i=(\d+)$", base64.b64decode(lines.line()[2:])).groups()
        self.assertEqual(salt("nobody@example.test"), salt("Nobody@EXAMPLE.test"))
        self.assertNotEqual(salt("nobody@example.test"), salt("someone@example.test"))
        self.assertEqual(salt("nobody@example.test")[1], salt(self.address)[1])
        _, answer = self.exchange(Scram("nobody@example.test", "secret"))
        self.assertTrue(answer.startswith(b"a NO [AUTHENTICATIONFAILED]"), answer)

    def test_keys_are_learnt_and_until_then_scram_is_not_offered(self):
        hashed = run("openssl", "passwd", "-6", "later").stdout.strip()
        self.server.cli("account", "add", "learner@example.test", "--hash-stdin", given=hashed + "\n")
        self.addCleanup(self.server.cli, "account", "remove", "learner@example.test")

        def offers():
            with Lines(self.server, "imaps") as lines:
                return b"SCRAM-SHA-256 " in lines.line()

        until(lambda: not offers(), what="SCRAM not to be offered")
        imap(self.server, "learner@example.test", "later").logout()
        until(offers, what="SCRAM to be offered again")
        _, answer = self.exchange(Scram("learner@example.test", "later"))
        self.assertTrue(answer.startswith(b"a OK"), answer)


if __name__ == "__main__":
    unittest.main()
