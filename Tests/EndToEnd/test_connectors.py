# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Connectors: adding, changing, explaining and testing them, with and without a running server."""
import base64
import json
import os
import socket
import socketserver
import stat
import ssl
import threading
import time
import unittest

from clients import fetch, imap, smtp, uids
from messages import message
from server import Server, shared, until
from sink import Sink

try:
    from aiosmtpd.controller import Controller
except ImportError:
    Controller = None


class Relay(socketserver.ThreadingTCPServer):
    """A server that offers AUTH PLAIN and knows one password."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, user, password):
        self.credentials = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.verbs = []
        super().__init__(("127.0.0.1", 0), RelaySession)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def place(self):
        return f"[127.0.0.1]:{self.server_address[1]}"


class RelaySession(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 relay.example.net\r\n")
        for line in self.rfile:
            words = line.decode().split()
            self.server.verbs.append(words[0].upper())
            if words[0] == "EHLO":
                self.wfile.write(b"250-relay.example.net\r\n250-SIZE 100000\r\n250 AUTH PLAIN\r\n")
            elif words[0] == "AUTH":
                known = words[-1] == self.server.credentials
                self.wfile.write(b"235 2.7.0 welcome\r\n" if known else b"535 5.7.8 no\r\n")
            elif words[0] == "DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.wfile.write(b"250 2.0.0 taken\r\n")
            else:
                self.wfile.write(b"250 2.0.0 OK\r\n")


class Visited(Sink):
    """Notes who comes, and what they call themselves."""

    def __init__(self):
        self.visits = []
        super().__init__()

    def talk(self, connection, lines):
        first = connection.getpeername()[0]

        class Heard:
            @staticmethod
            def readline():
                line = lines.readline()
                if line.startswith(b"EHLO "):
                    self.visits.append((first, line[5:].strip().decode()))
                return line
        super().talk(connection, Heard)


class Connectors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def add(self, name, *options, given=None, server=None):
        server = server or self.server
        self.addCleanup(server.run, "connector", "remove", name)
        return server.cli("connector", "add", name, *options, given=given)

    def explain(self, address, *options, server=None):
        return json.loads((server or self.server).cli("route", "explain", address, *options, "--json"))

    def keys(self, address, *options):
        return [route["destination"] for route in self.explain(address, *options).get("routes", [])]

    def test_the_life_of_a_connector(self):
        self.add("branch", "--space", "*.branch.example", "--space", "branch.example:5",
                 "--smart-host", "[192.0.2.1]:2525", "--security", "verify", "--schedule", "mon-fri 22:00-06:00")
        listed = {c["name"]: c for c in json.loads(self.server.cli("connector", "list", "--json"))}
        self.assertEqual(listed["branch"]["addressSpaces"], ["*.branch.example", "branch.example:5"])
        self.assertEqual(listed["branch"]["security"], "verify")
        self.assertIn("direct", listed)
        self.assertEqual(self.keys("a@branch.example"), ["branch/smart-host:[192.0.2.1]:2525"])
        self.assertEqual(self.keys("a@b.branch.example"), ["branch/smart-host:[192.0.2.1]:2525"])
        self.assertEqual(self.keys("a@other.example"), ["mx:other.example"])
        self.server.cli("connector", "set", "branch", "--smart-host", "", "--deny-sender", "spam.example")
        self.assertEqual(self.keys("a@branch.example"), ["branch/mx:branch.example"])
        refused = self.explain("a@branch.example", "--sender", "x@spam.example")
        self.assertEqual((refused["decision"], refused["reply"][:9]), ("refused", "550 5.7.1"))
        self.server.cli("connector", "set", "branch", "--enabled", "no")
        self.assertEqual(self.explain("a@branch.example")["decision"], "waits")
        self.assertIn("is switched off", self.server.cli("route", "explain", "a@branch.example"))
        self.server.cli("connector", "remove", "branch")
        self.assertEqual(self.keys("a@branch.example"), ["mx:branch.example"])
        self.assertNotIn("connector/branch", self.server.cli("settings", "list"))

    def test_two_connectors_and_their_cost(self):
        self.add("first", "--space", "cost.example:10")
        self.add("second", "--space", "cost.example:20")
        self.assertEqual(self.keys("a@cost.example"), ["first/mx:cost.example", "second/mx:cost.example"])
        self.server.cli("connector", "set", "first", "--maximum-size", "1MiB")
        self.assertEqual(self.keys("a@cost.example", "--size", "2000000"), ["second/mx:cost.example"])

    def test_local_addresses_have_no_route(self):
        self.assertEqual(self.explain("alice@example.test")["category"], "local")
        self.assertEqual(self.explain("nobody@example.test")["category"], "unknown")

    def test_values_that_cannot_be_change_nothing(self):
        for options in [("--space", "*:0"), ("--space", "*", "--security", "much"), ("--space", "*", "--schedule", "soon"),
                        ("--space", "*", "--smart-host", "[relay]"), ()]:
            with self.subTest(options):
                self.assertNotEqual(self.server.run("connector", "add", "wrong", *options).returncode, 0)
                self.assertNotIn("connector/wrong", self.server.cli("settings", "list"))
        for name in ["direct", "a/b", "UPPER", "x" * 33]:
            self.assertNotEqual(self.server.run("connector", "add", name, "--space", "*").returncode, 0)
        self.assertNotEqual(self.server.run("connector", "set", "nowhere", "--enabled", "no").returncode, 0)

    def test_a_password_is_nowhere_to_be_seen(self):
        relay = Relay("ann", "pencil-7")
        self.addCleanup(relay.server_close)
        self.addCleanup(relay.shutdown)
        self.add("relay", "--space", "relay.example", "--smart-host", relay.place, "--user", "ann", "--password-stdin",
                 given="pencil-7\n")
        tested = json.loads(self.server.cli("connector", "test", "relay", "--json"))
        self.assertEqual([(h["works"], h["loggedOn"], h["serverName"]) for h in tested],
                         [(True, True, "relay.example.net")])
        self.assertNotIn("MAIL", relay.verbs)
        secret = f"{self.server.folder}/keys/connector-relay.secret"
        self.assertEqual(stat.S_IMODE(os.stat(secret).st_mode), 0o600)
        for folder, _, files in os.walk(self.server.folder):
            for name in files:
                path = os.path.join(folder, name)
                if path != secret and not stat.S_ISSOCK(os.stat(path).st_mode):
                    with open(path, "rb") as file:
                        self.assertNotIn(b"pencil-7", file.read(), path)
        # A password that is wrong, and one that is not there.
        self.server.cli("connector", "set", "relay", "--password-stdin", given="pencil-8\n")
        failed = self.server.run("connector", "test", "relay")
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("535", failed.stdout)
        os.unlink(secret)
        self.assertIn("password", self.server.run("connector", "test", "relay").stderr)
        self.server.event(9750, where=lambda e: e["fields"].get("routing.connector") == "relay")

    def test_hosts_that_a_test_does_not_ask_are_named(self):
        self.add("many", "--space", "many.example", "--smart-host", ",".join(f"[127.0.0.1]:{n}" for n in range(1, 8)))
        tested = self.server.run("connector", "test", "many", "--json")
        self.assertNotEqual(tested.returncode, 0)
        hosts = json.loads(tested.stdout)
        self.assertEqual([host["works"] for host in hosts], [False] * 5 + [None] * 2)
        self.assertIn("Not asked", hosts[-1]["failure"])

    def test_a_connector_without_smart_hosts_is_tested_with_a_domain(self):
        self.assertIn("domain", self.server.run("connector", "test", "direct").stderr)
        result = self.server.run("connector", "test", "direct", "--domain", "[127.0.0.1]")
        self.assertNotEqual(result.returncode, 0)


class Outgoing(unittest.TestCase):
    """Mail that goes by connectors."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server({"queue/retry": "500ms, 1s", "queue/low-disk": "0", "outbound/smart-hosts": "[127.0.0.1]:9"})
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def add(self, name, *options, given=None):
        self.addCleanup(self.server.run, "connector", "remove", name)
        self.server.cli("connector", "add", name, *options, given=given)
        # Another process reads the settings.
        time.sleep(0.4)

    def change(self, name, *options):
        self.server.cli("connector", "set", name, *options)
        time.sleep(0.4)

    def sink(self):
        sink = Sink()
        self.addCleanup(sink.stop)
        return sink

    def submit(self, *recipients, octets=None, options=()):
        octets = octets or message(b"hello\r\n").replace(b"sender@example.org", b"alice@example.test")
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.sendmail("alice@example.test", recipients, octets, mail_options=options)
        return octets

    def test_the_cheaper_connector_is_used_while_it_works(self):
        first, second = self.sink(), self.sink()
        self.add("first", "--space", "cost.example:10", "--smart-host", f"[127.0.0.1]:{first.port}")
        self.add("second", "--space", "cost.example:20", "--smart-host", f"[127.0.0.1]:{second.port}")
        self.submit("a@cost.example")
        until(lambda: first.messages, what="the message by the first")
        first.stop()
        self.submit("b@cost.example")
        until(lambda: second.messages, what="the message by the second")
        first.start()
        self.submit("c@cost.example")
        until(lambda: len(first.messages) == 2, what="the message by the first again")
        self.assertEqual(len(second.messages), 1)

    def test_mail_that_waits_for_hours_goes_when_they_are_changed(self):
        sink, day = self.sink(), time.strftime("%a", time.localtime(time.time() + 3 * 86_400)).lower()
        self.add("later", "--space", "later.example", "--smart-host", f"[127.0.0.1]:{sink.port}",
                 "--schedule", f"{day} 12:00-13:00")
        for number, schedule in enumerate(["always", "never", "always"]):
            if schedule == "always":
                self.submit(f"a{number}@later.example")
                time.sleep(1)
                self.assertEqual(len(sink.messages), number // 2)
            self.change("later", "--schedule", schedule)
            if schedule == "always":
                until(lambda: len(sink.messages) == number // 2 + 1, what="the message")

    def test_recipients_of_several_domains_go_each_its_way(self):
        one, rest = self.sink(), self.sink()
        self.add("one", "--space", "one.example", "--smart-host", f"[127.0.0.1]:{one.port}")
        self.add("rest", "--space", "*", "--smart-host", f"[127.0.0.1]:{rest.port}")
        self.submit("a@one.example", "a@two.example", "a@three.example")
        # What other tests left in the queue may come, too.
        recipients = lambda sink: sorted(r for m in sink.messages for r in m[1] if r.startswith("a@"))
        until(lambda: recipients(one) and len(recipients(rest)) >= 2, what="both messages")
        self.assertEqual(recipients(one), ["a@one.example"])
        self.assertEqual(recipients(rest), ["a@three.example", "a@two.example"])

    def test_a_restricted_sender_is_told_at_once(self):
        self.add("vip", "--space", "vip.example", "--allow-sender", "bob@example.test", "--maximum-size", "1MiB")
        with smtp(self.server, "submissions") as client:
            client.login("alice@example.test", "secret1")
            client.mail("alice@example.test")
            code, text = client.rcpt("a@vip.example")
            self.assertEqual((code, text[:5]), (550, b"5.7.1"))
            self.assertEqual(client.rcpt("a@else.example")[0], 250)

    def test_what_others_see_of_us(self):
        sink = Visited()
        self.addCleanup(sink.stop)
        self.add("seen", "--space", "seen.example", "--smart-host", f"[127.0.0.1]:{sink.port}",
                 "--source-ipv4", "127.0.0.5", "--helo-name", "out.example.net")
        self.submit("a@seen.example")
        until(lambda: sink.messages, what="the message")
        self.assertEqual(sink.visits, [("127.0.0.5", "out.example.net")])
        # Live: the next message has a connection of its own.
        self.change("seen", "--helo-name", "other.example.net", "--source-ipv4", "127.0.0.6")
        self.submit("b@seen.example")
        until(lambda: len(sink.messages) == 2, what="the second message")
        self.assertEqual(sink.visits[1:], [("127.0.0.6", "other.example.net")])

    def test_signed_8_bit_data_for_a_server_without_8bitmime(self):
        sink = self.sink()
        sink.offers = ("PIPELINING", "SIZE")
        self.add("old", "--space", "old.example", "--smart-host", f"[127.0.0.1]:{sink.port}")
        self.addCleanup(self.server.run, "settings", "unset", "outbound/signed-8bit")
        head = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        signed = b"DKIM-Signature: v=1; a=rsa-sha256; d=example.test;\r\n b=x\r\n" + message(
            "Grüße\r\n".encode(), extra=head).replace(b"sender@example.org", b"alice@example.test")

        def after(policy, name):
            if policy:
                self.server.cli("settings", "set", "outbound/signed-8bit", policy)
                time.sleep(0.4)
            self.submit(f"{name}@old.example", octets=signed, options=["BODY=8BITMIME"])
            return lambda: [m[2] for m in sink.messages if f"{name}@old.example" in m[1]]
        converted = until(after("", "converted"), what="the message, converted")[0]
        self.assertTrue(converted.endswith(b"\r\n\r\nGr=C3=BC=C3=9Fe\r\n"), converted)
        self.assertIn(b"DKIM-Signature: v=1", converted)
        as_is = until(after("as-is", "kept"), what="the message as it is")[0]
        self.assertTrue(as_is.endswith(signed))
        returned = after("return", "returned")

        def reports():
            client = imap(self.server, "alice@example.test", "secret1")
            found = [fetch(client, uid) for uid in uids(client)]
            client.logout()
            return [m for m in found if b"5.6.3" in m and b"returned@old.example" in m]
        until(reports, what="a report")
        self.assertEqual(returned(), [])

    def test_a_connector_that_is_switched_off_keeps_its_mail(self):
        sink = self.sink()
        self.add("off", "--space", "off.example", "--smart-host", f"[127.0.0.1]:{sink.port}", "--enabled", "no")
        self.submit("a@off.example")
        time.sleep(1)
        self.assertEqual(sink.messages, [])
        self.change("off", "--enabled", "yes")
        until(lambda: sink.messages, what="the message", timeout=15)

    def test_a_large_message_waits_for_its_hours(self):
        sink = self.sink()
        self.add("day", "--space", "day.example", "--smart-host", f"[127.0.0.1]:{sink.port}", "--oversize-above",
                 "20KiB", "--oversize-schedule", "never")
        small = self.submit("small@day.example")
        self.submit("large@day.example", octets=small + b"x" * 70 * 400 + b"\r\n")
        until(lambda: sink.messages, what="the small message")
        time.sleep(0.5)
        self.assertEqual([m[1] for m in sink.messages], [["small@day.example"]])

    def test_log_on_at_a_smart_host(self):
        relay = Relay("ann", "pencil-7")
        self.addCleanup(relay.server_close)
        self.addCleanup(relay.shutdown)
        self.add("relay", "--space", "relay.example", "--smart-host", relay.place, "--user", "ann", "--password-stdin",
                 given="pencil-7\n")
        self.submit("a@relay.example")
        until(lambda: "MAIL" in relay.verbs, what="the message at the relay")
        self.assertLess(relay.verbs.index("AUTH"), relay.verbs.index("MAIL"))

    @unittest.skipIf(Controller is None, "python3-aiosmtpd is not installed")
    def test_a_server_of_others_with_tls(self):
        """aiosmtpd, with STARTTLS, SMTPUTF8 and what clients may do wrong refused."""
        taken = []

        class Keep:
            async def handle_DATA(self, server, session, envelope):
                taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content, session.ssl is not None,
                              envelope.mail_options))
                return "250 OK"

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.folder + "/keys/server.crt", self.server.folder + "/keys/server.key")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        controller = Controller(Keep(), hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True,
                                enable_SMTPUTF8=True, decode_data=False)
        controller.start()
        self.addCleanup(controller.stop)
        self.add("others", "--space", "others.example", "--smart-host", f"[127.0.0.1]:{controller.port}",
                 "--security", "require")
        submitted = self.submit("a@others.example", "b@others.example")
        until(lambda: taken, what="the message")
        sender, recipients, content, encrypted, options = taken[0]
        self.assertEqual((sender, recipients, encrypted),
                         ("alice@example.test", ["a@others.example", "b@others.example"], True))
        self.assertTrue(content.endswith(submitted))


class WithoutAServer(unittest.TestCase):
    def test_the_files_are_worked_on(self):
        server = Server()
        self.addCleanup(server.destroy)
        server.cli("connector", "add", "all", "--space", "*", "--smart-host", "relay.example")
        answer = json.loads(server.cli("route", "explain", "a@b.example", "--json"))
        self.assertEqual([r["destination"] for r in answer["routes"]], ["all/smart-host:relay.example"])
        self.assertIn("does not run", server.run("connector", "test", "all").stderr)


if __name__ == "__main__":
    unittest.main()
