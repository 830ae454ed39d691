# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Filters that speak the milter protocol: what they see, all that they may do, all that they may do wrong."""
import base64
import json
import os
import shutil
import smtplib
import struct
import subprocess
import tempfile
import time
import unittest

import milter
from clients import Lines, fetch, imap, smtp, uids
from dnsserver import PTR, DNSServer, a, name
from milter import ACCEPT, CONTINUE, DISCARD, PROGRESS, REJECT, SKIP, TEMPFAIL, Milter, packet
from server import Server, until

MESSAGE = b"From: sender@example.org\r\nSubject: one\r\n\ttwo\r\nX-Old: 1\r\nX-Old: 2\r\n\r\nthe body\r\n.\r\nend\r\n"


class Filtered(unittest.TestCase):
    """One server; each test gives its listener other filters."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server({"milter/command-timeout": "1s", "milter/content-timeout": "1s",
                             "milter/connect-timeout": "1s"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def setUp(self):
        self.milters = []
        self.to = self.server.new_account()
        self.addCleanup(self.cleanUp)

    def cleanUp(self):
        for one in self.milters:
            one.stop()
        self.server.cli("settings", "unset", "smtp/1/milters")

    def use(self, *milters, **settings):
        """Has port 25 ask these filters."""
        self.milters += milters
        names = []
        for number, one in enumerate(milters):
            name = f"f{number}"
            self.server.cli("settings", "set", f"milter/{name}/when-unavailable",
                            settings.get("when_unavailable", "tempfail"))
            self.server.cli("settings", "set", f"milter/{name}/address", one.address)
            names.append(name)
        self.server.cli("settings", "set", "smtp/1/milters", ", ".join(names))
        # Settings reach the other processes a little later.
        deadline = time.monotonic() + 20
        before = [one.connections for one in milters]
        while time.monotonic() < deadline:
            with Lines(self.server, "smtp") as lines:
                lines.reply()
                lines.reply(b"EHLO probe.example")
                lines.reply(b"MAIL FROM:<probe@example.org>")
                if milters[0].connections > before[0]:
                    break
            time.sleep(0.05)
        else:
            self.fail("the filters are not asked")
        until(lambda: not any(one.open for one in milters), what="the end of the probes")
        for one in milters:
            one.seen.clear()
            one.macros_seen.clear()
            one.aborts = 0

    def send(self, message=MESSAGE, to=None, sender="sender@example.org"):
        """The last reply's code and text."""
        with smtp(self.server) as client:
            client.ehlo("client.example.org")
            code, text = client.mail(sender)
            if code != 250:
                return code, text.decode()
            answers = [client.rcpt(address) for address in to or [self.to]]
            if not any(code == 250 for code, _ in answers):
                return answers[0][0], answers[0][1].decode()
            code, text = client.data(message)
            return code, text.decode()

    def newest(self, address=None):
        client = imap(self.server, address or self.to)
        found = uids(client)
        octets = fetch(client, found[-1]) if found else None
        client.logout()
        return octets

    def count(self, address=None):
        client = imap(self.server, address or self.to)
        found = len(uids(client))
        client.logout()
        return found


class WhatTheySee(Filtered):
    def test_every_stage_with_its_macros(self):
        one = Milter(unix=False)
        self.use(one)
        self.assertEqual(self.send()[0], 250)
        stages = one.stages()
        self.assertEqual(stages[:3] + sorted(set(stages[3:]), key=stages.index),
                         ["connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body", "end"])
        seen = dict(one.seen)
        self.assertTrue(seen["connect"].startswith(b"localhost\0" + b"4"), seen["connect"])
        self.assertTrue(seen["connect"].endswith(b"127.0.0.1\0"))
        self.assertEqual(seen["helo"], b"client.example.org\0")
        self.assertTrue(seen["mail"].startswith(b"<sender@example.org>\0"))
        self.assertTrue(seen["rcpt"].startswith(b"<%s>\0" % self.to.encode()))
        self.assertEqual(one.headers()[:2], [(b"From", b"sender@example.org"), (b"Subject", b"one\n\ttwo")])
        self.assertEqual(one.body(), b"the body\r\n.\r\nend\r\n")
        self.assertEqual(one.macros_seen["C"]["{client_addr}"], "127.0.0.1")
        self.assertEqual(one.macros_seen["C"]["{client_name}"], "localhost")
        self.assertTrue(one.macros_seen["M"]["i"] and one.macros_seen["C"]["j"])
        self.assertEqual(one.macros_seen["R"]["{rcpt_addr}"], self.to)
        # Unchanged, it arrives as it was.
        self.assertTrue(self.newest().endswith(MESSAGE))

    def test_only_the_macros_that_were_asked_for(self):
        wanted = struct.pack(">I", 2) + b"i {mail_addr}\0"
        one = Milter(macros=wanted)
        self.use(one)
        self.assertEqual(self.send()[0], 250)
        self.assertEqual(set(one.macros_seen["M"]), {"i", "{mail_addr}"})

    def test_what_they_do_not_want_is_not_sent(self):
        # no connect, helo, body, headers, end of headers, data; no answer to mail and rcpt
        one = Milter({"mail": b"", "rcpt": b""}, protocol=0x01 | 0x02 | 0x10 | 0x20 | 0x40 | 0x200 | 0x4000 | 0x8000)
        self.use(one)
        self.assertEqual(self.send()[0], 250)
        self.assertEqual(one.stages(), ["mail", "rcpt", "end"])

    def test_leading_space_and_no_answers_at_all(self):
        silent = 0x80 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x40000 | 0x80000
        script = {stage: b"" for stage in ("connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body")}
        script["end"] = milter.add_header("X-New", " spaced") + packet(CONTINUE)
        one = Milter(script, protocol=silent | 0x100000)
        self.use(one)
        self.assertEqual(self.send()[0], 250)
        self.assertEqual(one.headers()[0], (b"From", b" sender@example.org"))
        self.assertIn(b"\r\nX-New: spaced\r\n\r\nthe body", self.newest())

    def test_skip_spares_the_rest_of_the_body(self):
        one = Milter({"body": packet(SKIP)}, protocol=0x400)
        self.use(one)
        self.assertEqual(self.send(MESSAGE + b"x" * 998 + b"\r\n" + (b"y" * 70 + b"\r\n") * 8000)[0], 250)
        self.assertEqual(one.stages().count("body"), 1)
        self.assertEqual(self.count(), 1)

    def test_large_bodies_come_whole_in_pieces(self):
        body = b"".join(b"%06d %s\r\n" % (n, b"z" * 60) for n in range(20_000))
        one = Milter()
        self.use(one)
        self.assertEqual(self.send(b"A: b\r\n\r\n" + body)[0], 250)
        self.assertEqual(one.body(), body)
        self.assertTrue(all(len(p) <= 65535 for s, p in one.seen if s == "body"))

    def test_several_messages_of_one_connection(self):
        one = Milter()
        self.use(one)
        connections = one.connections
        with smtp(self.server) as client:
            for number in range(3):
                client.sendmail("a@example.org", [self.to], b"Subject: %d\r\n\r\nx\r\n" % number)
            client.mail("b@example.org")
            client.rset()
            client.sendmail("a@example.org", [self.to], b"Subject: last\r\n\r\nx\r\n")
        self.assertEqual(one.connections, connections + 1)
        self.assertEqual((one.stages().count("connect"), one.stages().count("mail"), one.stages().count("end")), (1, 5, 4))
        until(lambda: one.aborts == 1, what="the abort")
        self.assertEqual(self.count(), 4)


class WhatTheyDo(Filtered):
    def check_end(self, answer, expected=250, **how):
        self.use(Milter({"end": answer}))
        code, text = self.send(**how)
        self.assertEqual(code, expected, text)
        return text

    def test_headers_added_inserted_changed_deleted(self):
        self.check_end(
            milter.add_header("X-Added", "a\n b") + milter.insert_header(0, "X-First", "f")
            + milter.change_header(1, "X-Old", "new") + milter.change_header(2, "x-old", "")
            + milter.change_header(1, "Subject", "evil\nInjected: yes") + packet(CONTINUE)
        )
        got = self.newest()
        start = got.index(b"X-First: f\r\nFrom: sender@example.org\r\nSubject: evil\r\n\tInjected: yes\r\nX-Old: new\r\n")
        self.assertTrue(got[:start].rstrip().startswith(b"Return-Path:"))
        self.assertIn(b"\r\nReceived: from ", b"\r\n" + got[:start])
        self.assertEqual(got[start:].split(b"X-Old: new\r\n")[1],
                         b"X-Added: a\r\n b\r\n\r\nthe body\r\n.\r\nend\r\n")

    def test_the_body_replaced(self):
        for body in (b"new\r\n", b"", b"".join(b"%d line\r\n" % n for n in range(30_000))):
            with self.subTest(len(body)):
                self.check_end(milter.replace_body(body) + (packet(b"b") if not body else b"") + packet(ACCEPT))
                self.assertEqual(self.newest().split(b"\r\n\r\n", 1)[1], body)

    def test_recipients_added_and_deleted_sender_changed(self):
        other = self.server.new_account()
        self.check_end(
            milter.add_recipient(f"<{other}>") + milter.delete_recipient(f"<{self.to}>")
            + milter.change_sender("<changed@example.net>") + packet(CONTINUE)
        )
        self.assertTrue(self.newest(other).startswith(b"Return-Path: <changed@example.net>\r\n"))
        self.assertEqual(self.count(), 0)
        third = self.server.new_account()
        self.check_end(milter.add_recipient(f"<{third}>", "NOTIFY=NEVER") + packet(CONTINUE))
        self.assertEqual((self.count(), self.count(third)), (1, 1))

    def test_a_recipient_that_is_none_is_left_out_with_an_event(self):
        self.check_end(milter.add_recipient("<nobody@example.test>") + milter.add_header("bad name", "x")
                       + packet(CONTINUE))
        self.assertTrue(self.newest().endswith(MESSAGE))
        changes = [e["fields"]["milter.change"] for e in self.server.events(9405)]
        self.assertIn("add-recipient <nobody@example.test>", changes)
        self.assertIn("add-header bad name", changes)

    def test_quarantine_holds_it_in_the_queue(self):
        self.check_end(milter.quarantine("looks odd") + packet(CONTINUE))
        self.assertEqual(self.count(), 0)
        lines = self.server.cli("queue", "find", "--json").splitlines()
        frozen = [m for m in map(json.loads, lines) if m["state"] == "frozen"]
        self.assertEqual(len(frozen), 1, frozen)
        self.assertEqual(frozen[0]["why"], "Held when it came: a filter: looks odd")
        self.assertIn("looks odd", self.server.cli("queue", "why", frozen[0]["id"]))
        self.server.cli("queue", "thaw", frozen[0]["id"])
        until(lambda: self.count() == 1, 20, "the thawed message")
        self.assertTrue(self.newest().endswith(MESSAGE))

    def test_progress_keeps_it_waiting(self):
        self.check_end([packet(PROGRESS), 0.7] * 3 + [packet(CONTINUE)])
        self.assertEqual(self.count(), 1)

    def test_refusals_at_every_stage(self):
        for stage in ("connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body", "end"):
            for answer, code, text in [(packet(REJECT), 550, "5.7.1"), (packet(TEMPFAIL), 451, "4.7.1"),
                                       (milter.reply_code("554 5.6.0 100%% no"), 554, "5.6.0 100% no"),
                                       (milter.reply_code("450-4.2.1 wait\r\n450 4.2.1 more"), 450, "4.2.1 wait")]:
                with self.subTest(stage=stage, code=code):
                    one = self.milters[0] if self.milters else Milter()
                    if not self.milters:
                        self.use(one)
                    one.script = {stage: answer}
                    got = self.send()
                    self.assertEqual(got[0], code, got)
                    self.assertIn(text, got[1])
                    one.script = {}
                    self.assertEqual(self.send()[0], 250)
        self.assertEqual(self.count(), 9 * 4)

    def test_one_recipient_refused_of_two(self):
        other = self.server.new_account()
        one = Milter({"rcpt": lambda payload: packet(REJECT) if payload.startswith(b"<" + self.to.encode()) else None})
        self.use(one)
        self.assertEqual(self.send(to=[self.to, other])[0], 250)
        self.assertEqual((self.count(), self.count(other)), (0, 1))

    def test_discard_at_every_stage_says_yes_and_delivers_nothing(self):
        for stage in ("connect", "mail", "rcpt", "data", "header", "eoh", "body", "end"):
            with self.subTest(stage):
                if not self.milters:
                    self.use(Milter())
                self.milters[0].script = {stage: packet(DISCARD)}
                self.assertEqual(self.send()[0], 250)
        self.assertEqual(self.count(), 0)
        self.assertGreaterEqual(len(self.server.events(9802)), 8)

    def test_accept_early_ends_the_questions(self):
        for stage, last in [("mail", "mail"), ("header", "header"), ("connect", "connect")]:
            with self.subTest(stage):
                if not self.milters:
                    self.use(Milter())
                one = self.milters[0]
                one.script = {stage: packet(ACCEPT)}
                one.seen.clear()
                self.assertEqual(self.send()[0], 250)
                self.assertEqual(one.stages()[-1], last)

    def test_several_in_order_each_sees_what_the_one_before_made(self):
        first = Milter({"end": milter.add_header("X-One", "1") + milter.replace_body(b"by one\r\n") + packet(CONTINUE)})
        second = Milter({"end": milter.change_header(1, "X-One", "2") + packet(CONTINUE)})
        self.use(first, second)
        self.assertEqual(self.send()[0], 250)
        self.assertIn((b"X-One", b"1"), second.headers())
        self.assertEqual(second.body(), b"by one\r\n")
        self.assertTrue(self.newest().endswith(b"X-One: 2\r\n\r\nby one\r\n"))
        first.script = {"end": packet(REJECT)}
        second.seen.clear()
        self.assertEqual(self.send()[0], 550)
        self.assertNotIn("end", second.stages())

    def test_chunks_are_filtered_too(self):
        self.use(Milter({"end": milter.add_header("X-Seen", "yes") + packet(CONTINUE)}))
        with Lines(self.server, "smtp") as lines:
            lines.reply()
            for command in (b"EHLO c.example", b"MAIL FROM:<a@b.c>", b"RCPT TO:<%s>" % self.to.encode()):
                self.assertTrue(lines.reply(command).startswith(b"250"))
            lines.send(b"BDAT 6\r\nA: b\r\n")
            self.assertTrue(lines.reply().startswith(b"250"))
            lines.send(b"BDAT 5 LAST\r\n\r\nb\r\n")
            self.assertTrue(lines.reply().startswith(b"250"))
        self.assertTrue(self.newest().endswith(b"A: b\r\nX-Seen: yes\r\n\r\nb\r\n"))


class WhatTheyDoWrong(Filtered):
    STAGES = ("terms", "connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body", "end")
    FAULTS = {
        "dies": "die",
        "garbage": b"\xff\xff\xff\xff nonsense",
        "an unknown packet": packet(b"?"),
        "half its terms again": packet(b"O", b"x"),
        "half a packet, then silence": struct.pack(">I", 100) + b"h",
    }
    QUICK_FAULTS = ("dies", "garbage", "an unknown packet", "half its terms again")

    def test_faults_at_every_stage(self):
        for policy, code in (("tempfail", 451), ("accept", 250), ("reject", 550)):
            one = Milter()
            self.use(one, when_unavailable=policy)
            for stage in self.STAGES:
                for name in self.QUICK_FAULTS if policy != "tempfail" or stage != "end" else self.FAULTS:
                    with self.subTest(policy=policy, stage=stage, fault=name):
                        one.script = {stage: self.FAULTS[name]}
                        got = self.send()
                        self.assertEqual(got[0], code, got)
                        # Back at once when it is well again.
                        one.script = {}
                        self.assertEqual(self.send()[0], 250)
        failures = self.server.events(9800)
        self.assertGreaterEqual(len(failures), 3 * len(self.STAGES) * len(self.QUICK_FAULTS))

    def test_changes_before_a_failure_count_for_nothing(self):
        one = Milter({"end": [milter.add_header("X-Half", "1"), milter.replace_body(b"half"), packet(b"?")]})
        self.use(one, when_unavailable="accept")
        self.assertEqual(self.send()[0], 250)
        self.assertTrue(self.newest().endswith(MESSAGE))

    def test_stalls_end_with_their_time(self):
        one = Milter()
        self.use(one)
        for stage in ("terms", "mail", "end"):
            with self.subTest(stage):
                one.script = {stage: "stall"}
                begun = time.monotonic()
                self.assertEqual(self.send()[0], 451)
                self.assertLess(time.monotonic() - begun, 15)

    def test_changes_without_leave_are_a_fault(self):
        one = Milter({"end": milter.replace_body(b"x") + packet(CONTINUE)}, actions=0x01)
        self.use(one)
        self.assertEqual(self.send()[0], 451)

    def test_away_and_back(self):
        one = Milter()
        self.use(one)
        with smtp(self.server) as client:
            client.sendmail("a@example.org", [self.to], MESSAGE)
            one.stop()
            with self.assertRaises(smtplib.SMTPSenderRefused) as caught:
                client.sendmail("a@example.org", [self.to], MESSAGE)
            self.assertEqual(caught.exception.smtp_code, 451)
            one.start()
            client.sendmail("a@example.org", [self.to], MESSAGE)
        self.assertEqual(self.count(), 2)

    def test_a_name_without_an_address_lets_nothing_through(self):
        self.server.cli("settings", "set", "smtp/1/milters", "unplaced")
        until(lambda: self.send()[0] == 451, 20, "the filter that is nowhere")


class RealOnes(Filtered):
    def start(self, command, path):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        until(lambda: os.path.exists(path), 60, "the filter's socket")

    def test_opendkim_signs_and_verifies(self):
        program = shutil.which("opendkim") or "/usr/sbin/opendkim"
        if not os.path.exists(program):
            self.skipTest("opendkim is not installed")
        folder = tempfile.mkdtemp(prefix="dkim-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        subprocess.run(["openssl", "genrsa", "-out", folder + "/key", "2048"], check=True, capture_output=True)
        os.chmod(folder + "/key", 0o600)
        path = folder + "/sign.sock"
        with open(folder + "/sign.conf", "w") as file:
            file.write(f"Socket local:{path}\nMode s\nDomain example.org\nSelector s1\nKeyFile {folder}/key\n"
                       f"InternalHosts 127.0.0.1\nSyslog no\nBackground no\nUMask 000\nRequireSafeKeys no\n"
                       f"OmitHeaders Return-Path,Received,Delivered-To\n")
        self.start([program, "-f", "-x", folder + "/sign.conf"], path)
        for name in ("command-timeout", "content-timeout"):
            self.server.cli("settings", "set", f"milter/dkim/{name}", "30s")
        self.server.cli("settings", "set", "milter/dkim/address", "unix:" + path)
        self.server.cli("settings", "set", "smtp/1/milters", "dkim")

        def signed():
            self.send(b"From: sender@example.org\r\nTo: x@example.test\r\nSubject: signed\r\nDate: Mon, 1 Jan 2024 "
                      b"00:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n.dots\r\n..\r\nbody\r\n")
            return b"DKIM-Signature:" in (self.newest() or b"")
        until(signed, 20, "a signature")
        got = self.newest()
        # The signature holds for the octets that are stored: opendkim's own tester says so, with the public key at hand.
        self.verify(folder, got)

    def verify(self, folder, octets):
        """Debian's own Python has the second program that knows DKIM."""
        python = "/usr/bin/python3"
        if subprocess.run([python, "-c", "import dkim"], capture_output=True).returncode != 0:
            self.skipTest("python3-dkim is not installed")
        public = subprocess.run(["openssl", "rsa", "-in", folder + "/key", "-pubout", "-outform", "DER"],
                                check=True, capture_output=True).stdout
        record = "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()
        program = "import dkim,sys; sys.exit(not dkim.verify(sys.stdin.buffer.read(), dnsfunc=lambda *a, **k: %r))"
        done = subprocess.run([python, "-c", program % record.encode()], input=octets, capture_output=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr.decode() + octets.decode(errors="replace"))

    def test_rspamd(self):
        program = shutil.which("rspamd")
        if not program:
            self.skipTest("rspamd is not installed")
        folder = tempfile.mkdtemp(prefix="rspamd-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        path = folder + "/milter.sock"
        with open(folder + "/rspamd.conf", "w") as file:
            file.write(RSPAMD.replace("FOLDER", folder))
        # The list that comes with it takes half a minute to be made ready.
        with open(folder + "/tld", "w") as file:
            file.write("com\norg\ntest\n")
        os.chmod(folder, 0o777)
        self.start([program, "-f", "-i", "-c", folder + "/rspamd.conf"], path)
        for name, value in [("milter/spam/address", "unix:" + path), ("milter/spam/command-timeout", "30s"),
                            ("milter/spam/content-timeout", "60s"), ("smtp/1/milters", "spam")]:
            self.server.cli("settings", "set", name, value)

        def gtube():
            return self.send(b"From: a@b.c\r\nSubject: x\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-"
                             b"TEST-EMAIL*C.34X\r\n")
        code, text = until(lambda: (lambda got: got if got[0] == 554 else None)(gtube()), 60, "a refusal by rspamd")
        self.assertIn("Gtube", text)
        self.assertEqual(self.send()[0], 250)
        self.assertTrue(self.newest().endswith(b"the body\r\n.\r\nend\r\n"))


class ClientNames(Filtered):
    """What the domain name system calls a client: filters hear it when it can be relied on."""

    @classmethod
    def setUpClass(cls):
        cls.dns = DNSServer()
        cls.server = Server({"resolver/forwarders": cls.dns.address, "resolver/insecure-zones": "test, arpa",
                             "smtp/1/xclient-networks": "127.0.0.0/8", "smtp/client-name-timeout": "2s"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        cls.dns.close()

    def names(self, number, pointer, address=None):
        """An address with such a name."""
        self.dns.rule(f"{number}.33.22.11.in-addr.arpa", pointer)
        if address:
            self.dns.rule(f"client{number}.test", [a(address)])

    def seen_by_filter(self, number):
        """Host and macros that a filter gets of a client, and the Received field of its mail."""
        one = Milter()
        self.use(one)
        with smtp(self.server) as client:
            client.ehlo("proxy.example.org")
            self.assertEqual(client.docmd("XCLIENT", f"ADDR=11.22.33.{number}")[0], 220)
            client.ehlo("client.example.org")
            begun = time.monotonic()
            self.assertEqual(client.mail("sender@example.org")[0], 250)
            self.waited = time.monotonic() - begun
            client.rcpt(self.to)
            self.assertEqual(client.data(MESSAGE)[0], 250)
        macros = one.macros_seen["C"]
        return (dict(one.seen)["connect"].split(b"\0")[0].decode(),
                [macros["{client_name}"], macros["{client_ptr}"], macros["{client_resolve}"]],
                self.newest().split(b"Received: ")[1].split(b"\r\n")[0].decode())

    def test_a_name_that_has_the_address(self):
        self.names(1, [(PTR, name("client1.test"))], "11.22.33.1")
        host, macros, received = self.seen_by_filter(1)
        self.assertEqual((host, macros), ("client1.test", ["client1.test", "client1.test", "OK"]))
        self.assertEqual(received, "from client.example.org (client1.test [11.22.33.1])")

    def test_a_name_that_has_another_address(self):
        self.names(2, [(PTR, name("client2.test"))], "11.22.33.99")
        host, macros, received = self.seen_by_filter(2)
        self.assertEqual((host, macros), ("[11.22.33.2]", ["unknown", "client2.test", "FORGED"]))
        self.assertEqual(received, "from client.example.org ([11.22.33.2])")

    def test_no_name(self):
        host, macros, _ = self.seen_by_filter(3)
        self.assertEqual((host, macros), ("[11.22.33.3]", ["unknown", "unknown", "FAIL"]))

    def test_names_that_are_none_are_not_shown(self):
        for number, octets in ((4, b"\x05a b\r\n\x04test\0"), (5, b"\x09<script>;\x04test\0")):
            self.names(number, [(PTR, octets)])
            host, macros, _ = self.seen_by_filter(number)
            self.assertEqual((host, macros), (f"[11.22.33.{number}]", ["unknown", "unknown", "FAIL"]))

    def test_a_name_server_that_is_silent_costs_a_bounded_time(self):
        self.names(6, lambda query: None)
        host, _, _ = self.seen_by_filter(6)
        self.assertEqual(host, "[11.22.33.6]")
        self.assertLess(self.waited, 10)

    def test_without_filters_nothing_is_looked_up(self):
        self.names(7, [(PTR, name("client7.test"))], "11.22.33.7")
        with smtp(self.server) as client:
            client.ehlo("proxy.example.org")
            client.docmd("XCLIENT", "ADDR=11.22.33.7")
            client.ehlo("client.example.org")
            client.mail("sender@example.org")
            client.rcpt(self.to)
            self.assertEqual(client.data(MESSAGE)[0], 250)
        self.assertEqual(self.dns.asked("7.33.22.11.in-addr.arpa"), [])


RSPAMD = """
options { pidfile = "FOLDER/pid"; filters = ""; tempdir = "FOLDER"; url_tld = "FOLDER/tld";
  dns { timeout = 0.1s; nameserver = ["127.0.0.1:1"]; } }
logging { type = "file"; filename = "FOLDER/log"; level = "info"; }
actions { reject = 15; add_header = 6; }
worker "normal" { bind_socket = "FOLDER/normal.sock mode=0666"; count = 1; }
worker "rspamd_proxy" { bind_socket = "FOLDER/milter.sock mode=0666"; milter = yes; timeout = 30s; count = 1;
  upstream "local" { default = yes; self_scan = yes; } }
"""


if __name__ == "__main__":
    unittest.main()
