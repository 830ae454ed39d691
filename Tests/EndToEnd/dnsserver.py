# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A name server that says whatever a test has it say, over UDP and TCP, octet by octet if need be."""
import socket
import socketserver
import struct
import threading
import time

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, OPT = 1, 2, 5, 6, 12, 15, 16, 28, 41
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
TYPES = {A: "A", NS: "NS", CNAME: "CNAME", SOA: "SOA", PTR: "PTR", MX: "MX", TXT: "TXT", AAAA: "AAAA"}


# -- octets

def name(text):
    """The wire form of a name, without compression."""
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def mx(preference, exchange):
    return MX, struct.pack(">H", preference) + name(exchange)


def a(address):
    return A, socket.inet_aton(address)


def aaaa(address):
    return AAAA, socket.inet_pton(socket.AF_INET6, address)


def cname(target):
    return CNAME, name(target)


def txt(*texts):
    return TXT, b"".join(bytes([len(text)]) + text.encode() for text in texts)


def soa(zone, minimum=60):
    return SOA, name("ns." + zone) + name("root." + zone) + struct.pack(">IIIII", 1, 3600, 600, 86400, minimum)


def record(owner, data, ttl=60, length=None, cls=1):
    """One record; `length` is what RDLENGTH says instead of the truth."""
    kind, octets = data
    return name(owner) + struct.pack(">HHIH", kind, cls, ttl, len(octets) if length is None else length) + octets


class Query:
    """A question that came, and what can be said to it."""

    def __init__(self, wire, transport):
        self.wire, self.transport = wire, transport
        self.id, self.flags, questions, _, _, additional = struct.unpack(">HHHHHH", wire[:12])
        labels, offset = [], 12
        while wire[offset]:
            labels.append(wire[offset + 1: offset + 1 + wire[offset]].decode("latin-1"))
            offset += 1 + wire[offset]
        self.name = ".".join(labels).lower()
        self.type = struct.unpack(">H", wire[offset + 1: offset + 3])[0]
        self.question = wire[12: offset + 5]
        self.has_edns = additional > 0
        self.time = time.monotonic()

    def __repr__(self):
        return f"{self.name} {TYPES.get(self.type, self.type)} over {self.transport}"

    def reply(self, answers=(), authority=(), additional=(), rcode=NOERROR, flags=0, id=None, question=None,
              counts=None):
        """A reply of whole records, the flags QR, AA and RA set; `counts` may lie."""
        answers, authority, additional = list(answers), list(authority), list(additional)
        if self.has_edns:
            additional.append(b"\0" + struct.pack(">HHIH", OPT, 1232, 0, 0))
        counts = counts or (1, len(answers), len(authority), len(additional))
        head = struct.pack(">HHHHHH", self.id if id is None else id, 0x8480 | (self.flags & 0x0100) | flags | rcode,
                           *counts)
        return head + (self.question if question is None else question) + b"".join(answers + authority + additional)

    def data(self, *datas, ttl=60):
        return self.reply([record(self.name, data, ttl) for data in datas])

    def nothing(self, rcode=NOERROR, minimum=60):
        """No data, or (NXDOMAIN) no such name; with the SOA that says for how long."""
        zone = self.name.split(".")[-1]
        return self.reply(authority=[record(zone, soa(zone, minimum), minimum)], rcode=rcode)


class DNSServer:
    """Answers questions with what its rules say.

    A rule is found by name and type, by name, or by the name's end (`*.name`); it is a list of (type, octets), or a
    function of a `Query` that gives the octets to send, a list of such (several datagrams), or `None` for silence.
    Names without a rule do not exist; a name with records has no data of other types.
    """

    def __init__(self, udp=True, tcp=True, host="127.0.0.1", port=0):
        self.host = host
        self.rules = {}
        self.seen = []
        self.lock = threading.Lock()
        for _ in range(50):
            self.stream = socketserver.ThreadingTCPServer((host, port), self.handler(self.take_stream), False)
            self.stream.allow_reuse_address = self.stream.daemon_threads = True
            self.stream.server_bind()
            self.stream.server_activate()
            self.port = self.stream.server_address[1]
            self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self.datagrams.bind((host, self.port))
                break
            except OSError:
                self.stream.server_close()
                self.datagrams.close()
        self.udp, self.tcp = udp, tcp
        threading.Thread(target=self.stream.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        threading.Thread(target=self.take_datagrams, daemon=True).start()

    @property
    def address(self):
        return f"{self.host}@{self.port}"

    def close(self):
        self.stream.shutdown()
        self.stream.server_close()
        self.datagrams.close()

    def rule(self, owner, answer, kind=None):
        self.rules[(owner.lower(), kind) if kind else owner.lower()] = answer

    def asked(self, owner, kind=None, transport=None):
        """The questions about a name so far."""
        with self.lock:
            return [q for q in self.seen if q.name == owner.lower() and kind in (None, q.type)
                    and transport in (None, q.transport)]

    def answer(self, query):
        with self.lock:
            self.seen.append(query)
        rule = self.rules.get((query.name, query.type), self.rules.get(query.name))
        labels = query.name.split(".")
        while rule is None and labels:
            rule = self.rules.get("*." + ".".join(labels))
            labels = labels[1:]
        if rule is None:
            parent = any((key[0] if isinstance(key, tuple) else key).endswith("." + query.name) for key in self.rules)
            return query.nothing(NOERROR if parent else NXDOMAIN)
        if callable(rule):
            return rule(query)
        found = [data for data in rule if data[0] == query.type] or [data for data in rule if data[0] == CNAME]
        return query.data(*found) if found else query.nothing()

    def take_datagrams(self):
        while True:
            try:
                wire, peer = self.datagrams.recvfrom(65_535)
            except OSError:
                return
            if self.udp:
                threading.Thread(target=self.answer_datagram, args=(wire, peer), daemon=True).start()

    def answer_datagram(self, wire, peer):
        reply = self.answer(Query(wire, "udp"))
        for octets in reply if isinstance(reply, list) else [reply] if reply is not None else []:
            try:
                self.datagrams.sendto(octets, peer)
            except OSError:
                pass

    @staticmethod
    def handler(take):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    take(self.request)
                except OSError:
                    pass
        return Handler

    def take_stream(self, connection):
        """Octets after octets: a reply brings its own length prefix when it is a `bytearray`."""
        if not self.tcp:
            return
        connection.settimeout(30)
        stream = connection.makefile("rb")
        while len(prefix := stream.read(2)) == 2:
            reply = self.answer(Query(stream.read(struct.unpack(">H", prefix)[0]), "tcp"))
            for octets in reply if isinstance(reply, list) else [reply] if reply is not None else []:
                if not isinstance(octets, bytearray):
                    octets = struct.pack(">H", len(octets)) + octets
                connection.sendall(octets)


def truncated(query):
    """What a server says over UDP when the answer only fits into TCP."""
    return query.reply(flags=0x0200)


def sized(size, count=3):
    """A rule: an MX answer of so many octets in all, over UDP when the client takes that many (here: at most 1232),
    else by TCP."""
    def rule(query):
        if query.type != MX:
            return query.nothing()
        answers = [record(query.name, mx(10 * (i + 1), f"mx{i + 1}.sized.test")) for i in range(count)]
        whole = query.reply(answers)
        missing = size - len(whole)
        padding = []
        head = len(name(query.name)) + 10
        while missing > 0:
            # Further MX records with long names of no use fill the rest, to the octet.
            length = min(missing, head + 2 + 250)
            if 0 < missing - length < head + 40:
                length -= head + 40
            padding.append(record(query.name, (MX, struct.pack(">H", 60_000) + filler(length - head - 2, len(padding)))))
            missing -= length
        whole = query.reply(answers + padding)
        assert len(whole) == size, (len(whole), size)
        return truncated(query) if query.transport == "udp" and size > 1232 else whole
    return rule


def filler(octets, number):
    """A name of exactly so many octets on the wire, different for each number."""
    text, left = b"", octets - 1
    start = b"p%07d" % number
    while left > 0:
        length = min(63, left - 1)
        if left - 1 - length == 1:
            length -= 1
        label = (start + b"x" * 63)[:length]
        text += bytes([length]) + label
        left -= 1 + length
    return text + b"\0"
