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

from clients import Lines, imap, pop3, smtp, uids
from server import DOMAIN, Server, shared, tls_context, until


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
            "smtp/xclient-networks": "127.0.0.0/8",
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

    def test_the_certificate_of_a_proxy_is_not_its_clients(self):
        response = base64.b64encode(b"alice@example.test").decode()
        with smtplib.SMTP_SSL("127.0.0.1", self.server.port("submissions"), context=self.context("alice"),
                              timeout=20) as client:
            client.ehlo("proxy.test")
            self.assertIn("EXTERNAL", client.esmtp_features["auth"].split())
            self.assertEqual(client.docmd("XCLIENT", "ADDR=198.51.100.9")[0], 220)
            client.ehlo("client.test")
            self.assertNotIn("EXTERNAL", client.esmtp_features["auth"].split())
            self.assertFalse([name for name in client.esmtp_features["auth"].split() if name.endswith("-PLUS")])
            self.assertGreaterEqual(client.docmd("AUTH", "EXTERNAL " + response)[0], 500)
            client.login("bob@example.test", "secret2")

    def test_authorities_that_cannot_be_read_are_taken_up_when_they_can(self):
        authorities = self.folder + "/late.crt"
        server = Server({"tls/client-authorities-file": authorities, "imap/request-client-certificate": "true"})
        self.addCleanup(server.destroy)
        server.start()

        def offers():
            client = imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=self.context("alice"),
                                       timeout=20)
            found = "AUTH=EXTERNAL" in client.capabilities
            if found:
                self.assertEqual(client.authenticate("EXTERNAL", lambda _: b"")[0], "OK")
            client.logout()
            return found
        self.assertFalse(offers())
        imap(server, "alice@example.test", "secret1").logout()
        server.event(9100)
        with open(self.folder + "/ours.crt", "rb") as file:
            ours = file.read()
        with open(authorities, "wb") as file:
            file.write(ours)
        workers = len(server.workers("frontend"))
        until(lambda: len(server.events(9101)) >= workers, 60, "the authorities to be taken up")
        self.assertTrue(offers())
        # What takes their place and cannot be used leaves them in force.
        said = len(server.events(9100))
        with open(authorities, "wb") as file:
            file.write(b"nothing\n")
        until(lambda: len(server.events(9100)) >= said + workers, 60, "the events")
        self.assertTrue(offers())

    def test_sessions_are_resumed(self):
        context, session = self.context("alice"), None
        for number in range(3):
            with socket.create_connection(("127.0.0.1", self.server.port("imaps")), 20) as plain:
                with context.wrap_socket(plain, session=session) as stream:
                    self.assertIn(b"AUTH=EXTERNAL", stream.recv(4096))
                    self.assertEqual(stream.session_reused, number > 0)
                    session = stream.session


class Authority(http.server.ThreadingHTTPServer):
    """An authorization server that knows some tokens (RFC 7662), and lies and dawdles when it is told to."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Introspection)
        self.tokens, self.questions, self.mood = {}, [], None
        self.goes_on = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass


class Introspection(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        token = form["token"][0]
        self.server.questions.append((self.path, self.headers.get("Authorization"), token))
        if self.server.mood:
            return getattr(self, self.server.mood)()
        return self.answer(200, json.dumps(self.server.tokens.get(token, {"active": False})).encode())

    def log_message(self, *_):
        pass

    def answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def waits(self):
        self.server.goes_on.wait(60)
        self.answer(200, b'{"active": false}')

    def hangs_up(self):
        self.close_connection = True

    def fails(self):
        self.answer(500, b'{"active": true, "username": "alice@example.test", "scope": "mail"}')

    def refuses(self):
        self.answer(401, b"")

    def sends_elsewhere(self):
        self.answer(307, b"", ("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere"))

    def talks(self):
        self.answer(200, b"<html>Welcome</html>")

    def lies(self):
        self.answer(200, b'{"active": "true", "username": "alice@example.test", "scope": "mail"}')

    def says_too_much(self):
        self.answer(200, b'{"active": true, "username": "alice@example.test", "scope": "mail"}' + b" " * 10_000_000)

    def streams(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b" " * 1000)

    def drips(self):
        self.send_response(200)
        self.end_headers()
        while not self.server.goes_on.wait(0.1):
            self.wfile.write(b" ")


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
        path, credentials = next((path, said) for path, said, token in self.authority.questions if token == "good+token/1=")
        self.assertEqual(path, "/introspect")
        self.assertEqual(base64.b64decode(credentials.removeprefix("Basic ")), b"martlet:p%26ss")

    def answer(self, message, server=None, timeout=10):
        """The challenge of a refusal, and the tagged answer."""
        with Lines(server or self.server, "imaps", timeout) as lines:
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

    def in_mood(self, mood):
        self.authority.mood = mood
        self.addCleanup(setattr, self.authority, "mood", None)

    def test_an_authority_that_gives_no_answer(self):
        for mood in ("waits", "hangs_up", "fails", "refuses", "sends_elsewhere", "talks", "lies", "says_too_much",
                     "streams", "drips"):
            with self.subTest(mood):
                self.in_mood(mood)
                challenge, answer = self.answer(f"n,,\x01auth=Bearer {mood}\x01\x01".encode())
                self.assertIsNone(challenge)
                self.assertTrue(answer.startswith(b"a NO [UNAVAILABLE]"), answer)
        self.assertNotIn("/elsewhere", [path for path, _, _ in self.authority.questions])
        self.server.event(9210)
        self.authority.mood = None
        challenge, answer = self.answer(b"n,,\x01auth=Bearer waits\x01\x01")
        self.assertEqual(challenge, {"status": "invalid_token"})

    def test_nobody_else_waits_for_the_authority(self):
        server = Server({
            "oauth/introspection-url": f"http://127.0.0.1:{self.authority.server_port}/introspect", "oauth/timeout": "60s",
        })
        self.addCleanup(server.destroy)
        server.start()
        self.in_mood("waits")
        self.addCleanup(self.authority.goes_on.clear)
        self.addCleanup(self.authority.goes_on.set)
        answers = []

        def log_on(number):
            answers.append(self.answer(f"n,,\x01auth=Bearer waiting{number}\x01\x01".encode(), server, 60))
        threads = [threading.Thread(target=log_on, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        until(lambda: sum(token.startswith("waiting") for _, _, token in self.authority.questions) >= 8,
              what="questions to wait")
        imap(server, "alice@example.test", "secret1").logout()
        pop3(server, "bob@example.test", "secret2").quit()
        self.assertEqual(answers, [])
        self.authority.goes_on.set()
        for thread in threads:
            thread.join(60)
        self.assertEqual([challenge for challenge, _ in answers], [{"status": "invalid_token"}] * 20)

    def test_long_tokens(self):
        for octets, is_taken in ((8192, True), (8193, False), (9100, False)):
            token = "t" * octets
            self.authority.tokens[token] = {"active": True, "username": "alice@example.test", "scope": "mail"}
            message = base64.b64encode(f"n,,\x01auth=Bearer {token}\x01\x01".encode())
            with self.subTest(octets), Lines(self.server, "imaps") as lines:
                lines.line()
                lines.send(b"a AUTHENTICATE OAUTHBEARER " + message + b"\r\n")
                self.assertTrue(lines.line().startswith(b"a OK" if is_taken else b"a BAD"))
            with self.subTest(octets), Lines(self.server, "pop3s") as lines:
                lines.line()
                lines.send(b"AUTH OAUTHBEARER\r\n")
                self.assertEqual(lines.line(), b"+ ")
                lines.send(message + b"\r\n")
                self.assertTrue(lines.line().startswith(b"+OK" if is_taken else b"-ERR"))
            with self.subTest(octets), Lines(self.server, "submissions") as lines:
                lines.line()
                lines.send(b"EHLO x\r\n")
                lines.lines_until(b"250 ")
                lines.send(b"AUTH OAUTHBEARER " + message + b"\r\n")
                self.assertTrue(lines.line().startswith(b"235" if is_taken else b"501"))

    def test_tokens_and_passwords_are_written_nowhere(self):
        self.authority.tokens["sekret-taken"] = {"active": True, "username": "alice@example.test", "scope": "mail"}
        made = json.loads(self.server.cli("account", "app-password", "add", "bob@example.test", "laptop", "--json"))
        for token in ("sekret-taken", "sekret-refused"):
            self.answer(f"n,,\x01auth=Bearer {token}\x01\x01".encode())
        imap(self.server, "bob@example.test", made["password"]).logout()
        self.server.event(13003)
        secrets = [b"sekret-", b"p&ss", made["password"].encode(), made["password"].replace("-", "").encode()]
        for folder, _, names in os.walk(self.server.folder):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    with open(path, "rb") as file:
                        content = file.read()
                except OSError:
                    continue  # a socket, or gone
                self.assertEqual([secret for secret in secrets if secret in content], [], path)

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

    QUICK = {"imap/failed-logon-delay": "0s", "pop3/log-on-failure-delay": "0s"}

    def test_an_address_is_banned_everywhere_and_let_in_again(self):
        server = Server({"directory/trusted-networks": "192.0.2.0/24", "directory/failures-per-address": "4",
                         **self.QUICK})
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
        self.assertFalse(AppPasswords.logs_on(server, "alice@example.test", "secret1"))
        with self.assertRaises(poplib.error_proto) as failure:
            pop3(server, "alice@example.test", "secret1")
        self.assertIn(b"[SYS/TEMP]", failure.exception.args[0])
        with smtp(server, "submissions") as client:
            with self.assertRaises(smtplib.SMTPException):
                client.login("alice@example.test", "secret1")
        bans = json.loads(server.cli("auth", "bans", "list", "--json"))
        self.assertEqual([ban["subject"] for ban in bans], ["127.0.0.1/32"])
        server.cli("auth", "bans", "lift", "127.0.0.1")
        session = imap(server, "alice@example.test", "secret1")
        self.assertNotEqual(server.run("auth", "bans", "lift", "127.0.0.1").returncode, 0)
        server.cli("auth", "bans", "add", "127.0.0.1", "--for", "2h")
        self.assertFalse(AppPasswords.logs_on(server, "alice@example.test", "secret1"))
        # Who is logged on stays so.
        self.assertEqual(session.select()[0], "OK")
        server.cli("settings", "set", "directory/trusted-networks", "127.0.0.0/8")
        until(lambda: AppPasswords.logs_on(server, "alice@example.test", "secret1"), what="trust to count")
        session.logout()
        server.stop()
        # Without a server, too.
        server.cli("auth", "bans", "lift", "127.0.0.1")
        self.assertEqual(json.loads(server.cli("auth", "bans", "list", "--json")), [])

    def test_an_address_that_many_share(self):
        server = Server({"imaps/proxy-networks": "127.0.0.0/8", "directory/failures-per-address": "4",
                         "directory/failures-per-account": "6", **self.QUICK})
        self.addCleanup(server.destroy)
        server.spawn()
        until(lambda: server.answers("submission"), 30, "the server to be there")

        def log_on(address, user, password):
            with socket.create_connection(("127.0.0.1", server.port("imaps")), timeout=20) as plain:
                plain.sendall(f"PROXY TCP4 {address} 127.0.0.1 4711 993\r\n".encode())
                with tls_context().wrap_socket(plain) as stream:
                    stream.sendall(f"a LOGIN {user}@example.test {password}\r\nb LOGOUT\r\n".encode())
                    said = b"".join(iter(lambda: stream.recv(4096), b""))
            return re.search(rb"^a (OK|NO \[\w+\])", said, re.MULTILINE)[1].decode()

        shared_by_many, elsewhere = "203.0.113.5", "203.0.113.6"
        refused, banned = "NO [AUTHENTICATIONFAILED]", "NO [UNAVAILABLE]"
        self.assertEqual(log_on(shared_by_many, "alice", "secret1"), "OK")
        for _ in range(4):
            self.assertEqual(log_on(shared_by_many, "nobody", "wrong"), refused)
        self.assertEqual(log_on(shared_by_many, "bob", "secret2"), banned)
        self.assertEqual(log_on(elsewhere, "bob", "secret2"), "OK")
        self.assertEqual(log_on(shared_by_many, "alice", "secret1"), "OK")
        for _ in range(6):
            self.assertEqual(log_on(shared_by_many, "alice", "wrong"), refused)
        self.assertEqual(log_on(shared_by_many, "alice", "secret1"), banned)
        self.assertEqual(log_on(elsewhere, "alice", "secret1"), banned)
        bans = json.loads(server.cli("auth", "bans", "list", "--json"))
        self.assertEqual({ban["subject"] for ban in bans}, {"203.0.113.5/32", "alice@example.test"})


class Pace(unittest.TestCase):
    def test_login_delay_of_pop3(self):
        server = Server({"pop3/login-delay": "1h"})
        self.addCleanup(server.destroy)
        server.start()
        client = pop3(server, "alice@example.test", "secret1")
        self.assertEqual(client.capa()["LOGIN-DELAY"], ["3600"])
        client.quit()
        client = pop3(server)
        for _ in range(2):
            client.user("alice@example.test")
            with self.assertRaises(poplib.error_proto) as failure:
                client.pass_("secret1")
            self.assertTrue(failure.exception.args[0].startswith(b"-ERR [LOGIN-DELAY]"), failure.exception)
        client.user("bob@example.test")
        client.pass_("secret2")
        client.quit()
        imap(server, "alice@example.test", "secret1").logout()


if __name__ == "__main__":
    unittest.main()
