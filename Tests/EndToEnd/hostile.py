# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that are made to hurt whoever reads them, and a reader that asks for everything a client may ask.

The messages are the same for the same count and seed. Each is put into a mailbox and read over IMAP and POP3: the
octets must be the ones that were put in, every response valid, the session alive, and every answer quick.
"""
import hashlib
import poplib
import random
import re
import time

from server import tls_context
from strictimap import StrictClient, parse

RICH = b"""Return-Path: <a@example.org>\r
Received: from a (b [192.0.2.1]) by c with ESMTPS id 1; Sat, 21 Nov 2026 07:28:46 +0000 (a (nested) comment)\r
From: =?utf-8?Q?J=C3=BCrgen_=22x=22?= <j@example.org>, "a, b" <"quoted \\" local"@example.org>\r
To: group: one@example.org, =?iso-8859-1?B?5A==?= <two@example.org>;, undisclosed:;\r
Subject: =?utf-8?B?0J/RgNC40LLQtdGC?= Re: [list] Fwd: =?koi8-r?Q?=F0=D2?=\r
Date: Fri (day), 21 Nov 97 09:55:06 -0600\r
Message-ID: <1@example.org>\r
References: <0@example.org> <-1@example.org>\r
MIME-Version: 1.0 (really)\r
Content-Type: multipart/mixed; boundary="=_o (x)"; charset*0*=utf-8'en'a%20; charset*1=b\r
\r
preamble\r
--=_o (x)\r
Content-Type: text/plain; charset=""\r
Content-Transfer-Encoding: quoted-printable\r
\r
=C3=BCber=\r
 alles =ZZ=\r
--=_o (x)  \r
Content-Type: message/rfc822\r
Content-Disposition: attachment; filename*=utf-8''%e2%82%ac.eml; size=10\r
Content-Language: de, en\r
\r
Subject: inner\r
From: <>\r
Content-Type: multipart/alternative; boundary=i\r
\r
--i\r
Content-Type: text/html; charset=windows-1252\r
Content-Transfer-Encoding: base64\r
\r
PHA+aGk8L3A+\r
--i\r
Content-Type: image/png; name="a\\"b.png"\r
Content-ID: <i@x>\r
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r
Content-Transfer-Encoding: x-uuencode\r
\r
begin 644 x\r
`\r
end\r
--i--\r
epilogue\r
--=_o (x)\r
Content-Type: text/calendar; method=REQUEST; charset=utf-7\r
\r
+ZeVnLIqe-\r
--=_o (x)--\r
the end\r
"""

PLAIN = "From: Grüße <ä@exämple.org>\r\nSubject: ungekürzt 日本語\r\nTo: b@example.org\r\n\r\ntext\r\n".encode()


def nested(depth, kind=b"multipart/mixed"):
    """Parts within parts."""
    if kind == b"message/rfc822":
        return b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: x\r\n\r\ninside\r\n"
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return head + b"\r\ninside\r\n" + b"".join(b"--b%d--\r\n" % n for n in reversed(range(depth)))


def specials(scale):
    """Name and octets of messages that are each bad in a way of its own; `scale` of 1 is the whole size."""
    def many(count):
        return max(10, int(count * scale))

    yield "depth", nested(many(10_000))
    yield "messages within messages", nested(many(10_000), b"message/rfc822")
    yield "parts", (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * many(100_000) + b"--b--\r\n")
    yield "parts that are not", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--bb\r\n--b-\r\n" * many(100_000)
    yield "header", b"Subject: a\r\nX-Long: " + b"x" * many(60 << 20) + b"\r\n\r\nbody\r\n"
    yield "folded header", b"Subject: a\r\n" + b" a\r\n" * many(1_000_000) + b"\r\nbody\r\n"
    yield "fields", b"X: y\r\n" * many(1_000_000) + b"\r\nbody\r\n"
    yield "parameters", b"Content-Type: text/plain" + b"; a=b" * many(1_000_000) + b"\r\n\r\nbody\r\n"
    yield "continued parameters", (b"Content-Type: text/plain" + b"".join(b"; a*%d*=b%%20" % n for n in range(many(100_000)))
                                   + b"\r\n\r\nbody\r\n")
    yield "addresses", b"To: " + b"a@b, " * many(1_000_000) + b"\r\nSubject: x\r\n\r\nbody\r\n"
    yield "groups", b"To: " + b"g:;, " * many(300_000) + b"\r\n\r\nbody\r\n"
    yield "comments", b"From: " + b"(" * many(500_000) + b"\r\nDate: " + b"(" * many(500_000) + b"\r\n\r\nbody\r\n"
    yield "quotes", b"From: \"" + b"\\\"" * many(500_000) + b"\r\n\r\nbody\r\n"
    yield "encoded words", b"Subject: " + b"=?utf-8?q?=41?= " * many(200_000) + b"\r\n\r\nbody\r\n"
    yield "half encoded words", b"Subject: " + b"=?" * many(500_000) + b"\r\n\r\nbody\r\n"
    yield "references", (b"Message-ID: <x@y>\r\nReferences: " + b"".join(b"<%d@y> " % n for n in range(many(200_000)))
                         + b"\r\n\r\nbody\r\n")
    yield "Re:", b"Subject: " + b"Re: [x] Fwd: " * many(200_000) + b"\r\n\r\nbody\r\n"
    yield "boundary", b"Content-Type: multipart/mixed; boundary=" + b"b" * many(100_000) + b"\r\n\r\n--" + b"b" * many(100_000)
    yield "one line", b"Subject: x\r\n\r\n" + b"y" * many(8 << 20)
    yield "empty lines", b"\r\n" * many(1_000_000)
    yield "NUL", b"Subject: a\0b\r\nFrom: \0@\0\r\n\0\r\nContent-Type: text/\0\r\n\r\n" + b"\0" * many(100_000)
    yield "bare CR", b"Subject: x\rFrom: y\r\r\rbody\r" * many(1000)
    yield "bare LF", b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n" * many(1000)
    yield "base64", b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=A=B=" * many(200_000)
    yield "quoted-printable", b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * many(1_000_000)
    yield "octets", bytes(range(256)) * many(1000)
    for charset in ("", "\"\"", "x", "utf-7", "utf-32", "iso-2022-jp", "iso-2022-cn-ext", "utf-8" * 1000, "\0", "../../x"):
        yield f"charset {charset[:20]!r}", (b"Content-Type: text/plain; charset=" + charset.encode()
                                            + b"\r\nSubject: =?" + charset.encode() + b"?B?4oKs?=\r\n\r\n\x1b$B\xff\xfe+A-\r\n")
    for date in ("", "99 Foo 99999999999999999999 99:99:99 +9999", "31 Feb 2026 25:61:61 -2400", "Fri", "0 Jan 0 0:0",
                 "1 Jan 1 00:00:00 +0000", "9" * 10_000):
        yield f"date {date[:20]!r}", b"Date: " + date.encode() + b"\r\n\r\nbody\r\n"
    for octets in (b"", b"\r\n", b":", b"\r\n\r\n", b"x", b" ", b"\n", b"\r", b": \r\n", b"Content-Type\r\n", b"From: @\r\n\r\n"):
        yield f"almost nothing {octets!r}", octets or b" "


def messages(count, scale=1.0, seed=1):
    """So many messages, of every kind: specials, others cut at each octet, others with a few octets changed."""
    made = 0
    for name, octets in specials(scale):
        yield name, octets
        made += 1
    cuts = [("cut", text, place) for text in (RICH, PLAIN) for place in range(1, len(text))]
    step = max(1, -(-len(cuts) // max(1, (count - made) // 2)))
    for _, text, place in cuts[::step]:
        yield f"cut at {place}", text[:place]
        made += 1
    source = random.Random(seed)
    while made < count:
        octets = bytearray(source.choice((RICH, PLAIN)))
        for _ in range(source.randint(1, 12)):
            octets = octets or bytearray(b"x")
            place = source.randrange(len(octets))
            act = source.randrange(4)
            if act == 0:
                octets[place] = source.choice(b"\0\r\n\t ()<>@,;:\\\"[]=?*-\x7f\x80\xff")
            elif act == 1:
                del octets[place:place + source.randint(1, 40)]
            elif act == 2:
                octets[place:place] = octets[source.randrange(len(octets)):][:source.randint(1, 80)]
            else:
                octets[place:place] = bytes([source.randrange(256)]) * source.randint(1, 200)
        yield "changed", bytes(octets) or b" "
        made += 1


class Slow(AssertionError):
    pass


class Reader:
    """Reads one mailbox in every way, and keeps how long the longest answer took."""

    # Items that need nothing of a message but what was made of it at delivery, and some that need it whole.
    ITEMS = "(UID RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE PREVIEW)"
    SECTIONS = ("HEADER", "TEXT", "MIME", "1", "1.MIME", "1.1", "1.HEADER", "2.1.TEXT", "2.2",
                "HEADER.FIELDS (SUBJECT FROM)", "HEADER.FIELDS.NOT (TO)", "1.1.1.1.1.1.1.1.1.1")
    SEARCHES = ("TEXT needle", "BODY needle", "SUBJECT needle", "HEADER X-Long needle", "FROM x", "SENTSINCE 1-Jan-2000",
                "OR TO needle NOT CC needle")

    def __init__(self, server, address, limit):
        self.client = StrictClient(server, timeout=120).log_on(address)
        self.limit = limit
        self.longest = (0.0, "")

    def note(self, seconds, what):
        self.longest = max(self.longest, (seconds, what))
        if seconds > self.limit:
            raise Slow(f"{what}: {seconds:.2f} s")

    def run(self, command, what, size=0):
        """The responses to a command, checked; only the server's time counts, not that of the check.

        What is sent as it is takes the time that its octets need: `size` of them at 20 MB/s."""
        begun, raw = time.monotonic(), []
        tag = self.client.begin(command)
        while True:
            line, literals = self.client.line(), []
            while found := re.search(rb"\{([0-9]+)\}$", line):
                literals.append(self.client.octets(int(found.group(1))))
                line += b"\r\n" + self.client.line()
            raw.append((line, literals))
            if line.startswith(tag.encode() + b" "):
                break
        self.note(time.monotonic() - begun - size / 20e6, f"{command[:100]} of {what}")
        # NUL in a BODY[] has no form in the grammar but is what the message has; all else of it is held against that.
        responses = [parse(line, [text.replace(b"\0", b"?") for text in literals], self.client.utf8)
                     for line, literals in raw]
        self.literals = [text for _, literals in raw for text in literals]
        if responses[-1].kind not in ("OK", "NO") or responses[-1].kind == "NO" and not responses[-1].code_is("UNKNOWN-CTE"):
            raise AssertionError(f"{command[:200]} of {what}: {responses[-1]}")
        return responses

    def put(self, octets, what):
        """Appends a message; gives its UID."""
        tilde = b"~" if b"\0" in octets else b""
        self.client.send(b"p APPEND INBOX %s{%d+}\r\n%s\r\n" % (tilde, len(octets), octets))
        answer = self.client.response()
        while answer.tag != "p":
            answer = self.client.response()
        if answer.kind != "OK":
            raise AssertionError(f"APPEND of {what}: {answer}")
        return int(answer.code[2])

    def fetch(self, uid, items, what, size=0):
        return next(r.data for r in self.run(f"UID FETCH {uid} {items}", what, size) if r.kind == "FETCH")

    def read(self, uid, octets, what):
        """Everything of one message."""
        size = len(octets)
        fetched = self.fetch(uid, self.ITEMS, what)
        if fetched["RFC822.SIZE"] != size:
            raise AssertionError(f"{what}: {fetched['RFC822.SIZE']} octets, not {size}")
        whole = self.fetch(uid, "(BODY.PEEK[])", what, size)["BODY[]"]
        whole = self.literals[0] if self.literals else whole
        if hashlib.sha256(whole).digest() != hashlib.sha256(octets).digest():
            raise AssertionError(f"{what}: other octets than were put in")
        for section in self.SECTIONS:
            if section == "MIME":
                continue
            self.run(f"UID FETCH {uid} (BODY.PEEK[{section}])", what, size)
        self.run(f"UID FETCH {uid} (BINARY.SIZE[1])", what, size)
        self.run(f"UID FETCH {uid} (BINARY.PEEK[1]<0.1000>)", what, size)

    def look_through(self, uids, what, size=0):
        """Searches, orders and threads messages that were read."""
        chosen = f"UID {uids}"
        for key in self.SEARCHES:
            self.run(f"UID SEARCH {chosen} {key}", what, size)
        for keys in ("SUBJECT FROM", "REVERSE DATE TO", "CC SIZE", "DISPLAYFROM DISPLAYTO ARRIVAL"):
            self.run(f"UID SORT ({keys}) UTF-8 {chosen}", what, size)
        for algorithm in ("REFERENCES", "ORDEREDSUBJECT"):
            self.run(f"UID THREAD {algorithm} UTF-8 {chosen}", what, size)


def read_pop3(server, address, sent, every=1):
    """TOP and RETR of messages, in the order in which they were put in.

    With UTF8 (RFC 6856) the octets must be theirs; without it some have surrogates, as large as LIST says.
    """
    # Lines of hostile messages are longer than poplib takes.
    poplib._MAXLINE = 1 << 30
    for utf8 in (True, False):
        client = poplib.POP3_SSL("127.0.0.1", server.port("pop3s"), context=tls_context(), timeout=120)
        if utf8:
            client.utf8()
        client.user(address)
        client.pass_("secret")
        if client.stat()[0] != len(sent):
            raise AssertionError(f"{client.stat()[0]} messages over POP3, not {len(sent)}")
        client.uidl()
        for number, (what, size) in enumerate(sent, 1):
            if number % every:
                continue
            listed = int(client.list(number).split()[2])
            if utf8 and listed != size:
                raise AssertionError(f"{what}: {listed} octets over POP3, not {size}")
            client.top(number, 3)
            octets = client.retr(number)[2]
            # The last line may lack its end, which POP3 has to add.
            if octets - listed not in (0, 1, 2):
                raise AssertionError(f"{what}: {octets} octets came over POP3, not {listed}")
        client.quit()


def run(server, count, scale=1.0, seed=1, limit=1.0, say=lambda text: None):
    """Puts in, reads and looks through so many messages; gives the longest answer."""
    address = server.new_account()
    workers = server.workers("backend"), server.workers("frontend")
    reader = Reader(server, address, limit)
    reader.client.ok("SELECT INBOX")
    sent = []
    for number, (what, octets) in enumerate(messages(count, scale, seed), 1):
        uid = reader.put(octets, what)
        reader.read(uid, octets, what)
        if len(octets) > 100_000 or number % 100 == 0:
            reader.look_through(uid if len(octets) > 100_000 else f"{max(1, uid - 99)}:{uid}", what, len(octets))
        sent.append((what, len(octets)))
        if number % 1000 == 0:
            say(f"{number} messages; longest answer {reader.longest[0]:.3f} s ({reader.longest[1]})")
    read_pop3(server, address, sent, max(1, count // 500))
    reader.client.ok("NOOP")
    reader.client.ok("LOGOUT")
    if workers != (server.workers("backend"), server.workers("frontend")):
        raise AssertionError("a worker ended")
    return len(sent), reader.longest
