# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Where mail goes: the resolver against name servers that say anything, and against real ones.

The situations are those of docs/dns.md, one rule each; that table says how each must be classed, and a row without a
rule, or a rule without a row, fails.
"""
import concurrent.futures
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import dnsserver
from dnsserver import A, AAAA, CNAME, MX, NXDOMAIN, REFUSED, FORMERR, SERVFAIL, DNSServer, a, aaaa, cname, mx, record
from pace import slack
from server import MARTLET, QUICK, ROOT, Server, until

GOOD = a("192.0.2.1")
# A question that no server answers is given up after 3.4 s by libunbound; the deadline is behind that.
TIMEOUT = 5


def mx_of(query, *hosts):
    return query.data(*(hosts or [mx(10, "mx." + query.name)]))


def by_type(**answers):
    """A rule from functions or replies by type of record; all else has no data."""
    kinds = {getattr(dnsserver, name.upper()): answer for name, answer in answers.items()}

    def rule(query):
        answer = kinds.get(query.type)
        return answer(query) if answer else query.nothing()
    return rule


def only_mx(answer):
    return by_type(mx=answer)


def chain(lab, zone, length):
    for step in range(length):
        owner = zone if step == 0 else f"c{step}.{zone}"
        lab.rule(owner, [cname(f"c{step + 1}.{zone}")])
    lab.rule(f"c{length}.{zone}", [mx(10, "mx." + zone)])



def over_tcp_only(stream):
    """Truncated over UDP, with records that must not be used; what `stream` says over TCP."""
    def rule(query):
        if query.type != MX:
            return query.nothing()
        if query.transport == "udp":
            return query.reply([record(query.name, mx(10, "wrong." + query.name))], flags=0x0200)
        return stream(query)
    return rule


def good(query):
    return mx_of(query)


def prefixed(octets, length):
    """A TCP message whose prefix says `length`."""
    return bytearray(struct.pack(">H", length) + octets)


def sized(size):
    def make(lab, zone):
        lab.rule(zone, dnsserver.sized(size))
        for number in (1, 2, 3):
            lab.rule(f"mx{number}.sized.test", [GOOD])
    return make


def rules(lab, zone, **more):
    """The usual: a host `mx` with an address; `more` by name below the zone, `apex` for the zone itself."""
    lab.rule("mx." + zone, more.pop("host", [GOOD]))
    for owner, answer in more.items():
        lab.rule(zone if owner == "apex" else f"{owner}.{zone}", answer)


def situation(**more):
    return lambda lab, zone: rules(lab, zone, **more)


# By the names in the table: how the server of the zone answers.
SITUATIONS = {
    "mx": situation(apex=[mx(10, "mx.mx.test")]),
    "mx-512": sized(512), "mx-1232": sized(1232), "mx-1499": sized(1499), "mx-1500": sized(1500),
    "mx-1501": sized(1501), "mx-4096": sized(4096), "mx-65535": sized(65_535),
    "many-equal": lambda lab, zone: (
        lab.rule(zone, [mx(10, f"h{n}.{zone}") for n in range(200)]),
        lab.rule("*." + zone, [GOOD]),
    ),
    "no-mx": situation(apex=[GOOD]),
    "no-mx-ipv6": situation(apex=[aaaa("2001:db8::1")]),
    "no-mx-no-address": situation(apex=[dnsserver.txt("here")]),
    "no-such-domain": lambda lab, zone: lab.rule(zone, lambda query: query.nothing(NXDOMAIN)),
    "null-mx": situation(apex=[mx(0, "."), GOOD]),
    "null-mx-among-others": situation(apex=[mx(0, "."), mx(10, "mx.null-mx-among-others.test")]),
    "hosts-do-not-exist": situation(apex=[mx(10, "x.hosts-do-not-exist.test"), mx(20, "y.hosts-do-not-exist.test")]),
    "one-host-does-not-exist": situation(
        apex=[mx(10, "x.one-host-does-not-exist.test"), mx(20, "mx.one-host-does-not-exist.test")]),
    "host-without-address": situation(apex=[mx(10, "x.host-without-address.test")], x=[dnsserver.txt("x")]),
    "host-unknown": situation(apex=[mx(10, "x.host-unknown.test")], x=lambda query: query.reply(rcode=SERVFAIL)),
    "one-host-unknown": situation(apex=[mx(10, "x.one-host-unknown.test"), mx(20, "mx.one-host-unknown.test")],
                                  x=lambda query: query.reply(rcode=SERVFAIL)),
    "host-is-alias": situation(apex=[mx(10, "x.host-is-alias.test")], x=[cname("mx.host-is-alias.test")]),
    "host-is-address": situation(apex=[mx(10, "192.0.2.1")]),
    "host-is-domain": situation(apex=[mx(10, "host-is-domain.test"), GOOD]),
    "host-is-loopback": situation(apex=[mx(10, "mx.host-is-loopback.test")], host=[a("127.0.0.1"), aaaa("::1")]),
    "domain-is-alias": situation(apex=[cname("x.domain-is-alias.test")], x=[mx(10, "mx.domain-is-alias.test")]),
    "alias-of-8": lambda lab, zone: (rules(lab, zone), chain(lab, zone, 8)),
    "alias-of-40": lambda lab, zone: (rules(lab, zone), chain(lab, zone, 40)),
    "alias-loop": situation(apex=[cname("x.alias-loop.test")], x=[cname("alias-loop.test")]),
    "alias-to-nothing": situation(apex=[cname("x.alias-to-nothing.test")],
                                  x=lambda query: query.nothing(NXDOMAIN)),
    "servfail": lambda lab, zone: lab.rule(zone, lambda query: query.reply(rcode=SERVFAIL)),
    "refused": lambda lab, zone: lab.rule(zone, lambda query: query.reply(rcode=REFUSED)),
    "formerr": lambda lab, zone: lab.rule(zone, lambda query: query.reply(rcode=FORMERR)),
    "silence": lambda lab, zone: lab.rule(zone, lambda query: None),
    "wrong-id": situation(apex=only_mx(lambda q: q.reply([record(q.name, mx(10, "mx." + q.name))], id=q.id ^ 1))),
    "wrong-question": situation(apex=only_mx(lambda q: q.reply(
        [record("other.test", mx(10, "mx." + q.name))], question=dnsserver.name("other.test") + b"\0\x0f\0\1"))),
    "wrong-id-then-right": situation(apex=only_mx(
        lambda q: [q.reply([record(q.name, mx(10, "wrong." + q.name))], id=q.id ^ 1), mx_of(q)])),
    "truncated": situation(apex=over_tcp_only(good)),
    "truncated-no-tcp": situation(apex=over_tcp_only(lambda query: None)),
    "truncated-tcp-too": situation(apex=over_tcp_only(
        lambda q: q.reply([record(q.name, mx(10, "mx." + q.name))], flags=0x0200))),
    "tcp-length-lies-up": situation(apex=over_tcp_only(lambda q: prefixed(mx_of(q), 65_535))),
    "tcp-length-lies-down": situation(apex=over_tcp_only(lambda q: prefixed(mx_of(q), 20))),
    "rdlength-lies-up": situation(apex=only_mx(
        lambda q: q.reply([record(q.name, mx(10, "mx." + q.name), length=60_000)]))),
    "rdlength-lies-down": situation(apex=only_mx(
        lambda q: q.reply([record(q.name, mx(10, "mx." + q.name), length=2)]))),
    "count-lies": situation(apex=only_mx(
        lambda q: q.reply([record(q.name, mx(10, "mx." + q.name))], counts=(1, 65_535, 0, 1)))),
    "label-lies": situation(apex=only_mx(lambda q: q.reply([record(q.name, (MX, b"\0\x0a\x3fmx\0"))]))),
    "pointer-loop": situation(apex=only_mx(lambda q: q.reply(
        [record(q.name, (MX, b"\0\x0a" + struct.pack(">H", 0xC000 | (12 + len(q.question) + len(dnsserver.name(q.name)) + 12))))]))),
    "garbage": situation(apex=only_mx(lambda q: struct.pack(">H", q.id) + b"\xff" * 3)),
    "half-an-answer": situation(apex=only_mx(lambda q: mx_of(q)[:-20])),
}
# Those that other tests here show, with servers of their own.
ELSEWHERE = {"first-server-dead", "resolver-killed", "proved", "forged", "expired-ttl", "wildcard-after-nothing"}
# Rules whose hosts take a while to be known as useless.
SLOW = {"silence", "wrong-id", "wrong-question", "truncated-no-tcp", "tcp-length-lies-up", "garbage", "half-an-answer"}


def table():
    """The rows of docs/dns.md: name, class, status."""
    rows = {}
    for line in (ROOT / "docs/dns.md").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"\| `([a-z0-9-]+)` \| .* \| (data|no-data|no-name|null-MX|later) \| ([^|]*) \|$", line):
            code = re.search(r"\b[45]\.\d+\.\d+\b", match[3])
            rows[match[1]] = (match[2], code and code[0])
    return rows


class ResolverServer(Server):
    """A server with name servers of the test's own; `zones` by name."""

    def __init__(self, zones, **settings):
        texts = {"resolver/zones": ", ".join(f"{zone} {servers}" for zone, servers in zones.items()),
                 "resolver/insecure-zones": "test", "resolver/timeout": f"{TIMEOUT}s"}
        texts |= {"resolver/" + name.replace("_", "-"): value for name, value in settings.items()}
        super().__init__({path: text for path, text in texts.items() if text})

    def mx(self, domain, *options):
        return json.loads(self.run("dns", "mx", domain, "--json", *options, timeout=60).stdout)

    def resolver(self):
        return self.workers("resolver")["resolver-1"]


class Situations(unittest.TestCase):
    """Every row of the table: the class, and the code that a report would have."""

    @classmethod
    def setUpClass(cls):
        cls.labs = {}
        for row, make in SITUATIONS.items():
            cls.labs[row] = DNSServer()
            make(cls.labs[row], row + ".test")
        sized = next(lab for row, lab in cls.labs.items() if row == "mx-512")
        root = DNSServer()
        zones = {row + ".test": lab.address for row, lab in cls.labs.items()} | {"sized.test": sized.address}
        cls.server = ResolverServer(zones, forwarders=root.address).start()
        cls.before = cls.server.workers()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            slow_first = sorted(SITUATIONS, key=lambda row: row not in SLOW)
            cls.answers = dict(zip(slow_first, pool.map(lambda row: cls.server.mx(row + ".test"), slow_first)))

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()
        for lab in cls.labs.values():
            lab.close()

    def test_table_and_rules_are_the_same(self):
        self.assertEqual(set(table()), set(SITUATIONS) | ELSEWHERE)
        self.assertGreaterEqual(len(table()), 40)

    def test_each_situation_has_its_class(self):
        for row, (kind, status) in table().items():
            if row in SITUATIONS:
                with self.subTest(row):
                    answer = self.answers[row]
                    self.assertEqual((answer["class"], answer.get("status")), (kind, status), answer)
                    self.assertEqual(bool(answer["hosts"]), kind == "data")
                    self.assertEqual(answer["bounces"], kind not in ("data", "later"))

    def test_no_worker_died(self):
        self.assertEqual(self.server.workers(), self.before)
        self.assertEqual(self.server.events(4097), [])

    def test_large_answers_are_whole(self):
        for size in (512, 1232, 1499, 1500, 1501, 4096, 65_535):
            with self.subTest(size):
                answer = self.answers[f"mx-{size}"]
                self.assertEqual([host["name"] for host in answer["hosts"]],
                                 ["mx1.sized.test", "mx2.sized.test", "mx3.sized.test"])
                lab = self.labs[f"mx-{size}"]
                self.assertEqual(bool(lab.asked(f"mx-{size}.test", MX, "tcp")), size > 1232)

    def test_records_of_a_truncated_answer_are_not_used(self):
        for row in ("truncated", "wrong-id-then-right"):
            self.assertEqual([host["name"] for host in self.answers[row]["hosts"]], [f"mx.{row}.test"])

    def test_many_hosts_of_equal_preference_are_shuffled_and_bounded(self):
        hosts = [self.server.mx("many-equal.test") for _ in range(3)]
        orders = {tuple(host["name"] for host in answer["hosts"]) for answer in hosts}
        self.assertGreater(len(orders), 1)
        self.assertLessEqual(max(sum(len(host["addresses"]) for host in answer["hosts"]) for answer in hosts), 64)

    def test_aliases_do_not_rewrite_the_host(self):
        self.assertEqual([host["name"] for host in self.answers["host-is-alias"]["hosts"]], ["x.host-is-alias.test"])

    def test_answers_say_what_was_asked(self):
        lookups = self.answers["mx"]["lookups"]
        self.assertEqual([(each["name"], each["type"], each["class"]) for each in lookups],
                         [("mx.test", "MX", "data"), ("mx.mx.test", "AAAA", "no-data"), ("mx.mx.test", "A", "data")])
        text = self.server.cli("dns", "mx", "null-mx.test")
        self.assertIn("Class null-MX: mail is returned, 556 5.1.10", text)
        self.assertIn("0 .", text)

    def test_later_is_an_event_with_its_reason(self):
        event = self.server.event(9655, where=lambda event: event["fields"].get("dns.domain") == "servfail.test")
        self.assertIn("SERVFAIL", event["fields"]["dns.reason"])


class Behaviour(unittest.TestCase):
    """One server for what changes over time."""

    @classmethod
    def setUpClass(cls):
        cls.lab, cls.root = DNSServer(), DNSServer()
        cls.server = ResolverServer({"b.test": cls.lab.address}, forwarders=cls.root.address).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.destroy()

    def test_an_answer_is_kept_for_its_ttl(self):
        self.lab.rule("mx.kept.b.test", [GOOD])
        self.lab.rule("kept.b.test", by_type(mx=lambda q: q.data(mx(10, "mx.kept.b.test"), ttl=3600)))
        self.assertEqual(self.server.mx("kept.b.test")["hosts"][0]["preference"], 10)
        self.lab.rule("kept.b.test", by_type(mx=lambda q: q.data(mx(20, "mx.kept.b.test"), ttl=3600)))
        self.assertEqual(self.server.mx("kept.b.test")["hosts"][0]["preference"], 10)

    def test_an_answer_is_forgotten_after_its_ttl(self):
        self.lab.rule("mx.ttl.b.test", [GOOD])
        self.lab.rule("ttl.b.test", by_type(mx=lambda q: q.data(mx(10, "mx.ttl.b.test"), ttl=2)))
        self.assertEqual(self.server.mx("ttl.b.test")["hosts"][0]["preference"], 10)
        self.lab.rule("ttl.b.test", by_type(mx=lambda q: q.data(mx(20, "mx.ttl.b.test"), ttl=2)))
        until(lambda: self.server.mx("ttl.b.test")["hosts"][0]["preference"] == 20, 60, "the new answer")

    def test_nothing_is_remembered_by_name_and_type(self):
        # The address does not exist, says the server, and a wildcard has mail hosts for the same name (F-92).
        self.lab.rule("mx.wild.b.test", [GOOD])
        self.lab.rule("any.wild.b.test", lambda q: q.nothing(NXDOMAIN) if q.type in (A, AAAA) else q.data(
            mx(10, "mx.wild.b.test")))
        self.assertEqual(self.server.mx("any.wild.b.test", "--host")["class"], "no-name")
        self.assertEqual(self.server.mx("any.wild.b.test")["class"], "data")
        asked = len(self.lab.asked("any.wild.b.test", A))
        self.server.mx("any.wild.b.test", "--host")
        self.assertEqual(len(self.lab.asked("any.wild.b.test", A)), asked)

    def test_settings_are_live(self):
        other = DNSServer()
        other.rule("live.test", [mx(10, "mx.live.test")])
        other.rule("mx.live.test", [GOOD])
        self.assertEqual(self.server.mx("live.test")["class"], "no-name")
        self.server.cli("settings", "set", "resolver/zones", f"b.test {self.lab.address}, live.test {other.address}")
        try:
            until(lambda: self.server.mx("live.test")["class"] == "data", 5, "the new zone")
            self.assertEqual(self.server.mx("live.test")["hosts"][0]["addresses"], ["192.0.2.1"])
        finally:
            self.server.cli("settings", "set", "resolver/zones", f"b.test {self.lab.address}")
            other.close()

    def test_bad_settings_are_refused(self):
        for name, value in [("forwarders", "dns.example.org"), ("zones", "b.test"), ("timeout", "0s"),
                            ("unusable-addresses", "10.0.0.0/99"), ("edns-size", "100"), ("ca-file", "relative")]:
            with self.subTest(name):
                self.assertNotEqual(self.server.run("settings", "set", f"resolver/{name}", value).returncode, 0)

    def test_servers_are_tested_one_by_one(self):
        result = self.server.run("dns", "test", "--json")
        found = json.loads(result.stdout)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([(each["server"], each["zone"], each["answers"]) for each in found["servers"]],
                         [(self.root.address, ".", True), (self.lab.address, "b.test", True)])

    def test_records_are_shown(self):
        self.lab.rule("text.b.test", [dnsserver.txt("v=spf1 -all")])
        found = json.loads(self.server.cli("dns", "test", "text.b.test", "TXT", "--json"))
        self.assertEqual((found["class"], found["records"]), ("data", ['"v=spf1 -all"']))
        self.assertEqual(json.loads(self.server.cli("dns", "test", "text.b.test", "--json"))["class"], "no-data")
        for arguments in (["a..b"], ["b.test", "NONSENSE"]):
            self.assertNotEqual(self.server.run("dns", "test", *arguments).returncode, 0)

    def test_names_outside_ascii(self):
        self.lab.rule("xn--bcher-kva.b.test", [GOOD])
        answer = self.server.mx("bücher.b.test")
        self.assertEqual([host["name"] for host in answer["hosts"]], ["xn--bcher-kva.b.test"])

    def test_without_a_server_the_command_asks_itself(self):
        idle = ResolverServer({"b.test": self.lab.address}, forwarders=self.root.address)
        try:
            self.lab.rule("offline.b.test", [mx(0, ".")])
            self.assertEqual(idle.mx("offline.b.test")["status"], "5.1.10")
        finally:
            idle.destroy()

    def test_resolver_killed_while_it_is_asked(self):
        self.lab.rule("mx.kill.b.test", [GOOD])

        def slowly(query):
            if query.type == MX:
                time.sleep(1)
            return mx_of(query, mx(10, "mx.kill.b.test")) if query.type == MX else query.nothing()
        self.lab.rule("kill.b.test", slowly)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self.server.mx, "kill.b.test")
            until(lambda: self.lab.asked("kill.b.test", MX), 5, "the question")
            before = self.server.resolver()
            os.kill(before, signal.SIGKILL)
            answer = asked.result()
        self.assertEqual(answer["class"], "data", answer)
        self.assertEqual([host["addresses"] for host in answer["hosts"]], [["192.0.2.1"]])
        self.assertNotEqual(self.server.resolver(), before)
        self.assertGreaterEqual(len(self.lab.asked("kill.b.test", MX)), 2)

    def test_settings_that_cannot_be_used_change_nothing(self):
        self.lab.rule("kept.b.test", [GOOD])
        self.server.cli("settings", "set", "resolver/trust-anchor-file", "/nowhere/anchors")
        try:
            self.server.event(9652)
            self.assertEqual(self.server.mx("kept.b.test")["class"], "data")
            self.assertIn("/nowhere/anchors", self.server.run("dns", "test").stdout)
        finally:
            self.server.cli("settings", "unset", "resolver/trust-anchor-file")

    def test_a_name_that_killed_the_resolver_is_set_aside(self):
        careful = ResolverServer({"b.test": self.lab.address}, forwarders=self.root.address)
        try:
            Path(careful.folder, "set-aside.json").write_text('[{"item": "dns:poison.b.test MX", "deaths": 2}]')
            careful.start()
            self.lab.rule("poison.b.test", [GOOD])
            self.lab.rule("other.b.test", [GOOD])
            answer = careful.mx("poison.b.test")
            self.assertEqual((answer["class"], answer["status"]), ("later", "4.4.3"))
            careful.event(9657)
            self.assertEqual(careful.mx("other.b.test")["class"], "data")
        finally:
            careful.destroy()

    @unittest.skipIf(QUICK, "waits for a deadline")
    def test_resolver_that_stands_still_is_later(self):
        hung = ResolverServer({"b.test": self.lab.address}, forwarders=self.root.address, timeout="2s").start()
        pid = hung.resolver()
        try:
            os.kill(pid, signal.SIGSTOP)
            start = time.monotonic()
            result = hung.run("dns", "mx", "b.test")
            self.assertLess(time.monotonic() - start, slack(4))
            self.assertIn("does not answer", result.stderr)
            hung.event(9658)
        finally:
            os.kill(pid, signal.SIGCONT)
            hung.destroy()


class SeveralServers(unittest.TestCase):
    def test_dead_servers_cost_little_and_are_avoided(self):
        dead, good, other = DNSServer(udp=False, tcp=False), DNSServer(), DNSServer()
        for lab in (good, other):
            lab.rule("*.test", lambda q: q.data(GOOD) if q.type == A else q.nothing())
        server = ResolverServer({}, forwarders=f"{dead.address}, {good.address}, {other.address}").start()
        try:
            times = []
            for number in range(12):
                start = time.monotonic()
                answer = server.mx(f"n{number}.test")
                self.assertEqual(answer["class"], "data", answer)
                times.append(max(each["ms"] for each in answer["lookups"]))
            # Servers are chosen at random, so that the silent one may be asked three times before it is known for one:
            # 376, 752 and 1504 ms. Then it is left alone.
            self.assertLess(max(times), slack(6000), times)
            self.assertLess(sorted(times)[-5], slack(300), times)
        finally:
            server.destroy()
            for lab in (dead, good, other):
                lab.close()

    @unittest.skipIf(QUICK, "waits for servers that are silent")
    def test_silence_of_all_servers_is_an_event_and_so_is_its_end(self):
        lab = DNSServer(udp=False, tcp=False)
        lab.rule("*.example", lambda q: q.data(GOOD) if q.type == A else q.nothing())
        server = ResolverServer({}, forwarders=lab.address, dnssec="off", timeout="2s").start()
        try:
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                answers = list(pool.map(lambda n: server.mx(f"n{n}.example"), range(12)))
            self.assertEqual({answer["class"] for answer in answers}, {"later"})
            server.event(9653)
            lab.udp = True
            until(lambda: server.mx("back.example")["class"] == "data", 30, "the servers to be back")
            server.event(9654)
        finally:
            server.destroy()
            lab.close()

    def test_tcp_alone_is_enough(self):
        lab = DNSServer(udp=False)
        lab.rule("t.test", [GOOD])
        server = ResolverServer({}, forwarders=lab.address, tcp_only="yes").start()
        try:
            self.assertEqual(server.mx("t.test")["class"], "data")
        finally:
            server.destroy()
            lab.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """A name server of Debian's, until `stop`."""

    def __init__(self, folder, name, configuration, *command):
        self.log = open(folder / f"{name}.log", "wb")
        (folder / f"{name}.conf").write_text(configuration)
        self.process = subprocess.Popen([*command, str(folder / f"{name}.conf")], cwd=folder, stdout=self.log,
                                        stderr=self.log, stdin=subprocess.DEVNULL)

    def wait(self, port):
        until(lambda: answers(port), 10, f"port {port}: {Path(self.log.name).read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@unittest.skipUnless(all(shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in
                         ("nsd", "unbound", "ldns-keygen", "ldns-signzone")), "nsd, unbound or ldnsutils is missing")
class RealServers(unittest.TestCase):
    """nsd as the authority of signed zones, unbound as a forwarder in front of it."""

    ZONE = """$TTL 300
@ SOA ns root 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
@ MX 10 mx
@ MX 20 mx2
mx A 192.0.2.1
mx AAAA 2001:db8::1
mx2 A 192.0.2.2
alias CNAME @
none TXT "no mail here"
nomail MX 0 .
* MX 30 mx
"""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="martlet-dns-", dir="/tmp"))
        cls.daemons = []
        try:
            cls.prepare()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        if server := getattr(cls, "server", None):
            server.destroy()
        for daemon in cls.daemons:
            daemon.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def prepare(cls):
        anchors = [cls.sign("signed.example"), cls.sign("forged.example", forge=True)]
        (cls.folder / "plain.example.zone").write_text(cls.ZONE)
        (cls.folder / "anchors").write_text("".join(anchors))
        cls.authority = free_port()
        cls.start("nsd", cls.nsd(), "/usr/sbin/nsd", "-d", "-c")
        cls.daemons[-1].wait(cls.authority)
        cls.server = ResolverServer({zone: f"127.0.0.1@{cls.authority}" for zone in cls.zones()},
                                    forwarders="recursion", dnssec="require",
                                    trust_anchor_file=str(cls.folder / "anchors")).start()

    @classmethod
    def zones(cls):
        return ["signed.example", "forged.example", "plain.example"]

    @classmethod
    def start(cls, name, configuration, *command):
        cls.daemons.append(Daemon(cls.folder, name, configuration, *command))

    @classmethod
    def nsd(cls):
        files = {"signed.example": "signed.example.zone.signed", "forged.example": "forged.example.zone.signed",
                 "plain.example": "plain.example.zone"}
        zones = "".join(f'zone:\n  name: "{zone}"\n  zonefile: "{file}"\n' for zone, file in files.items())
        return f"""server:
  ip-address: 127.0.0.1@{cls.authority}
  username: ""
  chroot: ""
  zonesdir: "{cls.folder}"
  database: ""
  pidfile: "{cls.folder}/nsd.pid"
  xfrdfile: "{cls.folder}/xfrd.state"
  zonelistfile: "{cls.folder}/zone.list"
  xfrdir: "{cls.folder}"
  server-count: 1
remote-control:
  control-enable: no
{zones}"""

    @classmethod
    def sign(cls, zone, forge=False):
        """Signs a zone; its trust anchor. A forged zone is changed once it is signed."""
        def run(*command):
            return subprocess.run(command, cwd=cls.folder, check=True, capture_output=True, text=True).stdout.strip()
        (cls.folder / f"{zone}.zone").write_text(f"$ORIGIN {zone}.\n" + cls.ZONE)
        key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "-r", "/dev/urandom", zone)
        run("ldns-signzone", f"{zone}.zone", key)
        if forge:
            signed = cls.folder / f"{zone}.zone.signed"
            text = signed.read_text()
            assert "192.0.2.1" in text
            signed.write_text(text.replace("192.0.2.1", "192.0.2.66").replace("2001:db8::1", "2001:db8::66"))
        return (cls.folder / f"{key}.ds").read_text()

    def test_signed_answers_are_proved(self):
        answer = self.server.mx("signed.example")
        self.assertEqual((answer["class"], answer["secure"]), ("data", True), answer)
        self.assertEqual([(host["name"], host["secure"]) for host in answer["hosts"]],
                         [("mx.signed.example", True), ("mx2.signed.example", True)])
        self.assertEqual(answer["hosts"][0]["addresses"], ["2001:db8::1", "192.0.2.1"])

    def test_proved_absence(self):
        self.assertEqual(self.server.mx("nomail.signed.example")["class"], "null-MX")
        self.assertEqual(self.server.mx("none.signed.example")["class"], "no-data")
        missing = json.loads(self.server.cli("dns", "test", "none.signed.example", "MX", "--json"))
        self.assertEqual((missing["class"], missing["secure"]), ("no-data", True))

    def test_wildcards_and_aliases_are_proved(self):
        for name in ("anything.signed.example", "alias.signed.example"):
            answer = self.server.mx(name)
            self.assertEqual((answer["class"], answer["secure"]), ("data", True), answer)

    def test_forged_answers_are_later(self):
        answer = self.server.mx("forged.example")
        self.assertEqual([host["name"] for host in answer["hosts"]], ["mx2.forged.example"])
        self.assertIn("DNSSEC", answer["unusable"][0]["reason"])
        self.server.event(9656, where=lambda event: "mx.forged.example" in event["fields"]["dns.question"])
        alone = self.server.mx("mx.forged.example", "--host")
        self.assertEqual((alone["class"], alone["status"]), ("later", "4.4.3"))

    def test_unsigned_answers_are_taken_and_not_proved(self):
        answer = self.server.mx("plain.example")
        self.assertEqual((answer["class"], answer["secure"]), ("data", False), answer)

    @unittest.skipIf(QUICK, "starts four servers")
    def test_through_unbound_plain_and_over_tls(self):
        """unbound forwards to nsd; Martlet asks unbound, plain and over TLS, and proves what comes."""
        plain, tls = free_port(), free_port()
        keys = Server()
        keys.cli("certificate", "create", "--self-signed", "--name", "dns.test", "--replace")
        stubs = "".join(f'forward-zone:\n  name: "{zone}"\n  forward-addr: 127.0.0.1@{self.authority}\n'
                        for zone in self.zones())
        self.start("unbound", f"""server:
  interface: 127.0.0.1@{plain}
  interface: 127.0.0.1@{tls}
  tls-port: {tls}
  tls-service-key: "{keys.folder}/keys/server.key"
  tls-service-pem: "{keys.folder}/keys/server.crt"
  username: ""
  chroot: ""
  directory: "{self.folder}"
  pidfile: "{self.folder}/unbound.pid"
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  module-config: "iterator"
remote-control:
  control-enable: no
{stubs}""", "/usr/sbin/unbound", "-d", "-c")
        self.daemons[-1].wait(plain)
        for forwarder in (f"127.0.0.1@{plain}", f"127.0.0.1@{tls}#dns.test"):
            with self.subTest(forwarder):
                server = ResolverServer({}, forwarders=forwarder, dnssec="require", ca_file=keys.folder + "/keys/server.crt",
                                        trust_anchor_file=str(self.folder / "anchors")).start()
                try:
                    answer = server.mx("signed.example")
                    self.assertEqual((answer["class"], answer["secure"]), ("data", True), answer)
                finally:
                    server.destroy()
        with self.subTest("a certificate of another name"):
            server = ResolverServer({}, forwarders=f"127.0.0.1@{tls}#other.test", dnssec="require", timeout="2s",
                                    ca_file=keys.folder + "/keys/server.crt",
                                    trust_anchor_file=str(self.folder / "anchors")).start()
            try:
                self.assertEqual(server.mx("signed.example")["class"], "later")
            finally:
                server.destroy()
        keys.destroy()


class WithoutSignatures(unittest.TestCase):
    """A forwarder that knows nothing of DNSSEC."""

    def test_auto_goes_on_without_and_require_does_not(self):
        lab = DNSServer()
        lab.rule("n.example", [GOOD])
        for policy, kind in (("auto", "data"), ("require", "later"), ("off", "data")):
            with self.subTest(policy):
                server = ResolverServer({}, forwarders=lab.address, insecure_zones="", dnssec=policy).start()
                try:
                    self.assertEqual(server.mx("n.example")["class"], kind)
                    if policy == "auto":
                        server.event(9651)
                        self.assertEqual(json.loads(server.cli("dns", "test", "--json"))["dnssec"], "absent")
                finally:
                    server.destroy()
        lab.close()


def has_networks():
    """Whether a process may have a network of its own."""
    return shutil.which("ip", path=os.environ["PATH"] + ":/usr/sbin:/sbin") and subprocess.run(
        ["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True,
        env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}).returncode == 0


class WholeWorld(unittest.TestCase):
    """From the root on, and by what resolv.conf says, at the usual port."""

    def mail_host(self, **settings):
        if not has_networks():
            self.skipTest("no network of its own to be had")
        server = ResolverServer({}, dnssec="off", insecure_zones="", **settings)
        self.addCleanup(server.destroy)
        done = subprocess.run(
            ["unshare", "--net", sys.executable, ROOT / "Tests/EndToEnd/rootlab.py", MARTLET, "dns", "mx", "inner.example",
             "--json", "--data", server.folder], capture_output=True, text=True, timeout=90,
            env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
        answer = json.loads(done.stdout or "{}")
        self.assertEqual(answer.get("class"), "data", done)
        self.assertEqual([(host["name"], host["addresses"]) for host in answer["hosts"]],
                         [("mx.inner.example", ["192.0.2.80"])])
        return done.stderr

    def test_full_recursion(self):
        self.assertIn("questions to 192.0.2.99: 0", self.mail_host(forwarders="recursion"))

    def test_the_servers_of_this_system_are_asked(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write("search example.org\nnameserver 192.0.2.99\n")
            conf.flush()
            self.assertNotIn("questions to 192.0.2.99: 0", self.mail_host(resolv_conf=conf.name))


@unittest.skipIf(QUICK, "waits until resolv.conf is looked at again")
class SystemServers(unittest.TestCase):
    def test_resolv_conf_is_followed(self):
        lab, other = DNSServer(), DNSServer()
        lab.rule("s.test", [mx(10, "mx.s.test"), GOOD])
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            # libc's file has no ports; an address of this machine with the usual port is not ours to listen on.
            conf.write("search example.org\nnameserver 127.0.0.53\n")
            conf.flush()
            server = ResolverServer({"s.test": lab.address}, resolv_conf=conf.name, dnssec="off")
            try:
                server.start()
                event = server.event(9650)
                self.assertEqual(event["fields"]["resolver.servers"], ["127.0.0.53"])
                conf.write("nameserver ::1\n")
                conf.flush()
                server.event(9650, timeout=15, where=lambda e: e["fields"]["resolver.servers"] == ["127.0.0.53", "::1"])
            finally:
                server.destroy()
                lab.close()
                other.close()


if __name__ == "__main__":
    unittest.main()
