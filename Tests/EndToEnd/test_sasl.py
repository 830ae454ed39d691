# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Logging on in every way there is, with the clients of others."""
import base64
import hashlib
import hmac
import http.server
import imaplib
import json
import os
import poplib
import re
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

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


class Certificates(unittest.TestCase):
    """EXTERNAL: the client's certificate says who it is."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="martlet-external-", dir="/tmp")
        cls.addClassCleanup(lambda: subprocess.run(["rm", "-r", cls.folder], check=False))
        for name in ("ours", "theirs"):
            cls.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9",
                        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
        cls.server = Server({
            "tls/client-authorities-file": cls.folder + "/ours.crt", "imap/request-client-certificate": "true",
            "pop3/request-client-certificate": "true", "smtp/3/request-client-certificate": "true",
        })
        cls.addClassCleanup(cls.server.destroy)
        cls.server.start()
        cls.certify("alice", "ours", "/CN=Alice", "subjectAltName=email:alice@example.test")
        cls.certify("bob", "ours", "/CN=bob@example.test", "basicConstraints=CA:FALSE")
        cls.certify("forged", "theirs", "/CN=Alice", "subjectAltName=email:alice@example.test")

    @classmethod
    def openssl(cls, *words):
        result = run("openssl", *words, cwd=cls.folder)
        assert result.returncode == 0, result.stderr

    @classmethod
    def certify(cls, name, authority, subject, extension):
        with open(f"{cls.folder}/{name}.ext", "w", encoding="ascii") as file:
            file.write(extension + "\n")
        cls.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                    "-keyout", f"{name}.key", "-out", f"{name}.csr")
        cls.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key",
                    "-CAcreateserial", "-days", "9", "-extfile", f"{name}.ext", "-out", f"{name}.crt")

    def context(self, name=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if name:
            context.load_cert_chain(f"{self.folder}/{name}.crt", f"{self.folder}/{name}.key")
        return context

    def imap(self, name=None):
        return imaplib.IMAP4_SSL("127.0.0.1", self.server.port("imaps"), ssl_context=self.context(name), timeout=20)

    def test_imap(self):
        for name in ("alice", "bob"):
            with self.subTest(name):
                client = self.imap(name)
                self.assertIn("AUTH=EXTERNAL", client.capabilities)
                self.assertEqual(client.authenticate("EXTERNAL", lambda _: b"")[0], "OK")
                self.server.event(9450, where=lambda e, n=name: e["fields"].get("imap.user") == n + "@example.test")
                client.logout()

    def test_whom_it_does_not_name(self):
        client = self.imap("alice")
        with self.assertRaises(imaplib.IMAP4.error):
            client.authenticate("EXTERNAL", lambda _: b"bob@example.test")
        self.assertEqual(client.authenticate("EXTERNAL", lambda _: b"alice@example.test")[0], "OK")

    def test_strangers_log_on_in_another_way(self):
        for name in (None, "forged"):
            with self.subTest(name):
                client = self.imap(name)
                self.assertNotIn("AUTH=EXTERNAL", client.capabilities)
                with self.assertRaises(imaplib.IMAP4.error):
                    client.authenticate("EXTERNAL", lambda _: b"alice@example.test")
                client.login("alice@example.test", "secret1")
                client.logout()

    def test_submission_and_pop3_with_curl(self):
        certificate = ("--cert", f"{self.folder}/alice.crt", "--key", f"{self.folder}/alice.key", "--insecure",
                       "--user", "alice@example.test:", "--login-options", "AUTH=EXTERNAL", "--silent", "--show-error")
        result = run("curl", *certificate, "--mail-from", "alice@example.test", "--mail-rcpt", "bob@example.test",
                     "--upload-file", "-", f"smtps://localhost:{self.server.port('submissions')}",
                     input="From: alice@example.test\r\nSubject: by certificate\r\n\r\nhello\r\n")
        self.assertEqual(result.returncode, 0, result.stderr)
        result = run("curl", *certificate, f"pop3s://localhost:{self.server.port('pop3s')}/")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_sessions_are_resumed(self):
        context, session = self.context("alice"), None
        for number in range(3):
            with socket.create_connection(("127.0.0.1", self.server.port("imaps")), 20) as plain:
                with context.wrap_socket(plain, session=session) as stream:
                    self.assertIn(b"AUTH=EXTERNAL", stream.recv(4096))
                    self.assertEqual(stream.session_reused, number > 0)
                    session = stream.session


class Authority(http.server.ThreadingHTTPServer):
    """An authorization server that knows some tokens (RFC 7662)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Introspection)
        self.tokens, self.questions, self.hangs = {}, [], threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Introspection(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.questions.append((self.path, self.headers.get("Authorization"), form["token"][0]))
        if self.server.hangs.is_set():
            time.sleep(3)
        answer = json.dumps(self.server.tokens.get(form["token"][0], {"active": False})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Tokens(unittest.TestCase):
    """OAUTHBEARER and XOAUTH2."""

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.shutdown)
        secret = tempfile.NamedTemporaryFile("w", prefix="martlet-oauth-")
        cls.addClassCleanup(secret.close)
        secret.write("p&ss\n")
        secret.flush()
        cls.server = Server({
            "oauth/introspection-url": f"http://127.0.0.1:{cls.authority.server_port}/introspect",
            "oauth/client-id": "martlet", "oauth/client-secret-file": secret.name, "oauth/timeout": "1s",
            "oauth/required-scope": "mail",
        })
        cls.addClassCleanup(cls.server.destroy)
        cls.server.start()
        cls.authority.tokens.update({
            "good+token/1=": {"active": True, "username": "alice@example.test", "scope": "mail"},
            "narrow": {"active": True, "username": "alice@example.test", "scope": "calendar"},
            "stranger": {"active": True, "username": "nobody@example.test", "scope": "mail"},
        })

    def curl(self, url, token, *more):
        return run("curl", "--insecure", "--silent", "--show-error", "--user", "alice@example.test:",
                   "--oauth2-bearer", token, "--sasl-ir", url, *more, input="Subject: by token\r\n\r\nhello\r\n")

    def test_curl_everywhere(self):
        port = self.server.port
        for option in ("AUTH=OAUTHBEARER", "AUTH=XOAUTH2"):
            for url, more in (
                (f"imaps://localhost:{port('imaps')}/INBOX", ()), (f"pop3s://localhost:{port('pop3s')}/", ()),
                (f"smtps://localhost:{port('submissions')}", (
                    "--mail-from", "alice@example.test", "--mail-rcpt", "alice@example.test", "--upload-file", "-")),
            ):
                with self.subTest(option=option, url=url):
                    result = self.curl(url, "good+token/1=", "--login-options", option, *more)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    for token in ("narrow", "stranger", "unknown"):
                        result = self.curl(url, token, "--login-options", option, *more)
                        self.assertEqual(result.returncode, 67, result.stderr)
        path, credentials, token = self.authority.questions[0]
        self.assertEqual((path, token), ("/introspect", "good+token/1="))
        self.assertEqual(base64.b64decode(credentials.removeprefix("Basic ")), b"martlet:p&ss")

    def answer(self, message):
        """The challenge of a refusal, and the tagged answer."""
        with Lines(self.server, "imaps") as lines:
            self.assertIn(b" AUTH=OAUTHBEARER AUTH=XOAUTH2", lines.line())
            lines.send(b"a AUTHENTICATE OAUTHBEARER " + base64.b64encode(message) + b"\r\n")
            line, challenge = lines.line(), None
            if line.startswith(b"+ "):
                challenge = json.loads(base64.b64decode(line[2:]))
                lines.send(b"AQ==\r\n")
                line = lines.line()
            return challenge, line

    def test_the_reason_and_the_clients_answer(self):
        challenge, answer = self.answer(b"n,,\x01auth=Bearer unknown\x01\x01")
        self.assertEqual(challenge, {"status": "invalid_token"})
        self.assertTrue(answer.startswith(b"a NO [AUTHENTICATIONFAILED]"), answer)

    def test_another_users_token(self):
        challenge, answer = self.answer(b"n,a=bob@example.test,\x01auth=Bearer good+token/1=\x01\x01")
        self.assertEqual(challenge, {"status": "invalid_token"})
        self.assertTrue(answer.startswith(b"a NO [AUTHENTICATIONFAILED]"), answer)

    def test_answers_are_remembered(self):
        self.authority.tokens["often"] = {"active": True, "username": "bob@example.test", "scope": "mail"}
        for _ in range(3):
            _, answer = self.answer(b"n,,\x01auth=Bearer often\x01\x01")
            self.assertTrue(answer.startswith(b"a OK"), answer)
        asked = [token for _, _, token in self.authority.questions if token == "often"]
        self.assertLessEqual(len(asked), len(self.server.workers("frontend")) or 1)

    def test_an_authority_that_does_not_answer(self):
        self.authority.hangs.set()
        self.addCleanup(self.authority.hangs.clear)
        challenge, answer = self.answer(b"n,,\x01auth=Bearer slow\x01\x01")
        self.assertIsNone(challenge)
        self.assertTrue(answer.startswith(b"a NO [UNAVAILABLE]"), answer)
        self.server.event(9210)

    def test_not_offered_without_an_authority(self):
        with Lines(shared(), "imaps") as lines:
            self.assertNotIn(b"OAUTH", lines.line())


class AppPasswords(unittest.TestCase):
    def test_made_used_and_taken_away(self):
        server = shared()
        address = server.new_account()
        made = json.loads(server.cli(
            "account", "app-password", "add", address, "phone", "--service", "imap", "--service", "pop3", "--json"))
        password = made["password"]
        until(lambda: self.logs_on(server, address, password), what="the app password to count")
        pop3(server, address, password).quit()
        with smtp(server, "submissions") as client, self.assertRaises(smtplib.SMTPAuthenticationError):
            client.login(address, password)
        listed = json.loads(server.cli("account", "app-password", "list", address, "--json"))
        self.assertEqual([entry["name"] for entry in listed], ["phone"])
        self.assertNotIn("password", listed[0])
        self.assertIsNotNone(listed[0]["lastUsed"])
        server.cli("account", "app-password", "remove", address, "phone")
        until(lambda: not self.logs_on(server, address, password), what="the app password to count no more")
        imap(server, address).logout()

    @staticmethod
    def logs_on(server, address, password):
        try:
            imap(server, address, password).logout()
            return True
        except imaplib.IMAP4.error:
            return False


class Bans(unittest.TestCase):
    """Failures count over protocols and workers."""

    def test_an_address_is_banned_everywhere_and_let_in_again(self):
        server = Server({"directory/trusted-networks": "192.0.2.0/24", "directory/failures-per-address": "4",
                         "imap/failed-logon-delay": "0s", "pop3/log-on-failure-delay": "0s"})
        self.addCleanup(server.destroy)
        server.start()
        for attempt in range(4):
            with self.assertRaises((imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPAuthenticationError)):
                if attempt % 3 == 0:
                    imap(server, "alice@example.test", "wrong")
                elif attempt % 3 == 1:
                    pop3(server, "bob@example.test", "wrong")
                else:
                    smtp(server, "submissions").login("nobody@example.test", "wrong")
        event = server.event(9205)
        self.assertEqual(event["fields"]["directory.banned"], "127.0.0.1/32")
        until(lambda: not AppPasswords.logs_on(server, "alice@example.test", "secret1"), what="the ban")
        with smtp(server, "submissions") as client:
            with self.assertRaises(smtplib.SMTPException):
                client.login("alice@example.test", "secret1")
        bans = json.loads(server.cli("auth", "bans", "list", "--json"))
        self.assertEqual([ban["subject"] for ban in bans], ["127.0.0.1/32"])
        server.cli("auth", "bans", "remove", "127.0.0.1")
        until(lambda: AppPasswords.logs_on(server, "alice@example.test", "secret1"), what="the end of the ban")
        server.cli("auth", "bans", "add", "127.0.0.1", "--for", "2h")
        until(lambda: not AppPasswords.logs_on(server, "alice@example.test", "secret1"), what="the ban by hand")
        server.cli("settings", "set", "directory/trusted-networks", "127.0.0.0/8")
        until(lambda: AppPasswords.logs_on(server, "alice@example.test", "secret1"), what="trust to count")


if __name__ == "__main__":
    unittest.main()
