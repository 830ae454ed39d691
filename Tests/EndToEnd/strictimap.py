# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""An IMAP client that takes nothing but what the grammar allows (RFC 9051 §9, RFC 7162 §7, RFC 4466).

A response is read into Python values: an atom is an Atom, a number an int, a string bytes, NIL None, a list a list.
What is not valid, or follows where nothing may, is an Invalid with the place.
"""
import re
import zlib


class Invalid(AssertionError):
    pass


class Atom(str):
    """An atom, with its spelling; compare with str in upper case."""


ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
TAG = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]+")
FLAG = re.compile(rb"\\\*|\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
SET = re.compile(rb"[1-9][0-9]*(:[1-9][0-9]*)?(,[1-9][0-9]*(:[1-9][0-9]*)?)*$")
TEXT = re.compile(rb"[^\x00\r\n]+$")


def numbers(octets, limit=1 << 32):
    """The numbers of a set in order, refused unless it is ascending and joined as far as it can be."""
    text = octets.encode() if isinstance(octets, str) else octets
    if not SET.match(text):
        raise Invalid(f"not a set: {text!r}")
    found = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        first, last = int(first), int(last or first)
        if not 0 < first <= last < limit or b":" in part and first == last:
            raise Invalid(f"not a range: {part!r}")
        if found and first <= found[-1] + 1:
            raise Invalid(f"not ascending, or not joined: {text[:200]!r}")
        found.extend(range(first, last + 1))
    return found


def as_set(chosen):
    """Numbers as a set of ranges."""
    ranges = []
    for number in sorted(set(chosen)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in ranges)


class Reader:
    """The tokens of one response, whose literals have been taken out into `literals`."""

    def __init__(self, octets, literals, utf8):
        self.octets, self.literals, self.utf8 = octets, list(literals), utf8
        self.place = 0

    def fail(self, what):
        raise Invalid(f"expected {what} at {self.place} of {self.octets[:300]!r}")

    def at(self, text):
        return self.octets.startswith(text, self.place)

    def take(self, text, what=None):
        if not self.at(text):
            self.fail(what or repr(text))
        self.place += len(text)

    def accept(self, text):
        if self.at(text):
            self.place += len(text)
            return True
        return False

    def match(self, pattern, what):
        found = pattern.match(self.octets, self.place)
        if not found:
            self.fail(what)
        self.place = found.end()
        return found.group()

    def end(self):
        if self.place != len(self.octets):
            self.fail("the end")

    def atom(self):
        return Atom(self.match(ATOM, "an atom").decode())

    def number(self, bits=32, least=0):
        text = self.match(re.compile(rb"[0-9]+"), "a number")
        value = int(text)
        if not least <= value < 1 << bits or text != b"%d" % value:
            self.fail(f"a number of {bits} bits from {least} on")
        return value

    def string(self):
        if self.at(b"{") or self.at(b"~{"):
            is_binary = self.accept(b"~")
            self.match(re.compile(rb"\{[0-9]+\}\r\n"), "a literal")
            octets = self.literals.pop(0)
            if b"\0" in octets and not is_binary:
                self.fail("a literal8 for octets with NUL")
            return octets
        text = self.match(re.compile(rb'"(?:[^"\\\x00\r\n]|\\["\\])*"'), "a string")
        if not self.utf8 and any(octet > 127 for octet in text):
            self.fail("a quoted string of 7 bits")
        text.decode("utf-8")
        return re.sub(rb'\\(["\\])', rb"\1", text[1:-1])

    def astring(self):
        if self.at(b'"') or self.at(b"{"):
            return self.string()
        return self.match(re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+"), "an astring")

    def nstring(self):
        return None if self.accept(b"NIL") else self.string()

    def list(self, item, least=0):
        self.take(b"(")
        items = []
        if least == 0 and self.accept(b")"):
            return items
        while True:
            items.append(item())
            if self.accept(b")"):
                return items
            self.take(b" ")

    def flag(self):
        return self.match(FLAG, "a flag").decode()

    def flags(self):
        found = self.list(self.flag)
        if len(set(name.upper() for name in found)) != len(found):
            self.fail("each flag once")
        return frozenset(found)

    def value(self):
        """Anything: an atom, number, string, NIL, or list of them (body structures have no space between some)."""
        if self.at(b"("):
            self.take(b"(")
            items = []
            while not self.accept(b")"):
                if items and not (self.at(b"(") and isinstance(items[-1], list)):
                    self.take(b" ")
                items.append(self.value())
            return items
        if self.at(b'"') or self.at(b"{") or self.at(b"~{"):
            return self.string()
        if re.compile(rb"[0-9]+[ )]").match(self.octets, self.place):
            return self.number(64)
        atom = self.atom()
        return None if atom.upper() == "NIL" else atom


class Response:
    """One response. `kind`: the word that says what it is, in upper case; `number`: what stands in front of it;
    `data`: the rest. A status response has `code` (a list whose first is the upper-case word) and `text`."""

    def __init__(self, tag, kind, number=None, data=None, code=None, text=None, octets=b""):
        self.tag, self.kind, self.number, self.data = tag, kind, number, data
        self.code, self.text, self.octets = code, text, octets

    def __repr__(self):
        return f"<{self.tag} {self.octets[:300]!r}>"

    def code_is(self, word):
        return self.code is not None and self.code[0] == word


STATUS = {"OK", "NO", "BAD", "BYE", "PREAUTH"}


def parse(octets, literals=(), utf8=False):
    """Reads one response: its octets without the literals' own, and without the last line end."""
    reader = Reader(octets, literals, utf8)
    if reader.accept(b"+ "):
        return Response("+", "+", text=octets[2:], octets=octets)
    tag = reader.match(re.compile(rb"\*|" + TAG.pattern), "a tag or *").decode()
    reader.take(b" ")
    response = Response(tag, "", octets=octets)
    if tag == "*" and reader.octets[reader.place:reader.place + 1].isdigit():
        numbered(reader, response)
    else:
        response.kind = reader.atom().upper()
        if response.kind in STATUS:
            status(reader, response)
        elif tag == "*":
            named(reader, response)
        else:
            reader.fail("OK, NO or BAD")
    reader.end()
    if reader.literals:
        raise Invalid("a literal is left over")
    return response


def numbered(reader, response):
    response.number = reader.number()
    reader.take(b" ")
    response.kind = reader.atom().upper()
    if response.kind in ("EXISTS", "RECENT"):
        return
    if response.number == 0:
        reader.fail("a sequence number above 0")
    if response.kind == "EXPUNGE":
        return
    if response.kind not in ("FETCH", "UIDFETCH"):
        reader.fail("EXISTS, RECENT, EXPUNGE or FETCH")
    reader.take(b" ")
    response.data = fetch_items(reader)


def fetch_items(reader):
    items = {}

    def one():
        name, value = fetch_item(reader)
        if name in items:
            reader.fail("each item once")
        items[name] = value
    reader.list(one, least=1)
    return items


def fetch_item(reader):
    name = reader.match(re.compile(rb"[A-Z0-9.-]+(?:\[[^\]]*\])?(?:<[0-9]+>)?"), "an item of FETCH").decode()
    reader.take(b" ")
    if name == "FLAGS":
        return name, reader.flags()
    if name == "UID":
        return name, reader.number(least=1)
    if name == "PREVIEW":
        return name, reader.nstring()
    if name == "MODSEQ":
        return name, reader.list(lambda: reader.number(63, least=1), least=1)[0]
    if name.startswith(("RFC822.SIZE", "BINARY.SIZE")):
        return name, reader.number(63)
    if "[" in name or name.startswith("RFC822"):
        return name, reader.nstring()
    if name in ("INTERNALDATE", "SAVEDATE", "EMAILID", "THREADID", "ENVELOPE", "BODY", "BODYSTRUCTURE", "PREVIEW"):
        return name, reader.value()
    return reader.fail("an item of FETCH")


def status(reader, response):
    reader.take(b" ")
    if reader.accept(b"["):
        response.code = [reader.atom().upper()]
        while reader.accept(b" "):
            response.code.append(code_value(reader))
        reader.take(b"] ")
    response.text = reader.match(re.compile(rb"[^\x00\r\n]+"), "text").decode()


def code_value(reader):
    if reader.at(b"("):
        return reader.list(lambda: reader.flag() if reader.at(b"\\") else reader.value())
    return reader.match(re.compile(rb"[^\] \x00\r\n]+"), "what a code has").decode()


def named(reader, response):
    kind = response.kind
    if kind == "FLAGS":
        reader.take(b" ")
        response.data = reader.flags()
    elif kind in ("CAPABILITY", "ENABLED"):
        response.data = []
        while reader.accept(b" "):
            response.data.append(str(reader.atom()))
    elif kind in ("SEARCH", "SORT"):
        response.data, response.code = [], None
        while reader.accept(b" "):
            if reader.accept(b"(MODSEQ "):
                response.code = ["MODSEQ", reader.number(63, least=1)]
                reader.take(b")")
                break
            response.data.append(reader.number(least=1))
        if response.code and not response.data:
            reader.fail("no MODSEQ when nothing was found")
    elif kind == "THREAD":
        response.data = []
        if reader.accept(b" "):
            reader.at(b"(") or reader.fail("a thread")
            while reader.at(b"("):
                response.data.append(reader.value())
    elif kind == "VANISHED":
        is_earlier = reader.accept(b" (EARLIER)")
        reader.take(b" ")
        response.data = (numbers(reader.match(re.compile(rb"[0-9:,]+"), "a set")), is_earlier)
    elif kind == "ESEARCH":
        esearch(reader, response)
    elif kind in ("LIST", "LSUB"):
        listing(reader, response)
    elif kind == "STATUS":
        reader.take(b" ")
        name = reader.astring()
        reader.take(b" ")
        response.data = (name, {})

        def one():
            item = reader.atom().upper()
            reader.take(b" ")
            response.data[1][item] = reader.value() if reader.at(b"(") else reader.number(63)
        reader.list(one)
    else:
        response.data = []
        while reader.accept(b" "):
            response.data.append(reader.value())


def esearch(reader, response):
    response.data = {"UID": False}
    if reader.accept(b" (TAG "):
        response.data["TAG"] = reader.string().decode()
        if reader.accept(b" MAILBOX "):
            response.data["MAILBOX"] = reader.astring()
            reader.take(b" UIDVALIDITY ")
            response.data["UIDVALIDITY"] = reader.number(least=1)
        reader.take(b")")
    if reader.accept(b" UID"):
        response.data["UID"] = True
    while reader.accept(b" "):
        name = reader.atom().upper()
        reader.take(b" ")
        if name in ("ADDTO", "REMOVEFROM"):
            reader.take(b"(")
            while not reader.accept(b")"):
                if response.data.get(name):
                    reader.accept(b" ")
                position = reader.number()
                reader.take(b" ")
                chosen = reader.match(re.compile(rb"[1-9][0-9:,]*"), "a set").decode()
                response.data.setdefault(name, []).append((position, chosen))
            continue
        if name in response.data:
            reader.fail("each part once")
        if name == "ALL":
            response.data[name] = numbers(reader.match(re.compile(rb"[0-9:,]+"), "a set"))
        elif name in ("MIN", "MAX", "COUNT"):
            response.data[name] = reader.number(least=0 if name == "COUNT" else 1)
        elif name == "MODSEQ":
            response.data[name] = reader.number(63, least=1)
        elif name == "PARTIAL":
            response.data[name] = reader.value()
        else:
            reader.fail("MIN, MAX, ALL, COUNT, MODSEQ or PARTIAL")


def listing(reader, response):
    reader.take(b" ")
    attributes = reader.list(reader.flag)
    if not all(name.startswith("\\") for name in attributes):
        reader.fail("attributes with a backslash")
    reader.take(b' "/" ')
    name = reader.astring()
    if not reader.utf8 and any(octet > 127 for octet in name):
        reader.fail("a name in modified UTF-7")
    more = {}
    if reader.accept(b" "):
        values = reader.value()
        more = {values[i].decode(): values[i + 1] for i in range(0, len(values), 2)}
    response.data = (set(attributes), name, more)


class StrictClient:
    """A connection: commands go out, valid responses come back, each whole."""

    def __init__(self, server, name="imaps", timeout=60):
        self.socket = server.connect(name, timeout)
        self.buffer = bytearray()
        self.count = 0
        self.utf8 = False
        self.seen = None
        self.inflater = self.deflater = None
        greeting = self.response()
        if greeting.tag != "*" or greeting.kind != "OK":
            raise Invalid(f"not a greeting: {greeting}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def fill(self):
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError("the server has closed the connection")
        self.buffer += self.inflater.decompress(received) if self.inflater else received

    def line(self):
        start = 0
        while (end := self.buffer.find(b"\n", start)) < 0:
            start = len(self.buffer)
            self.fill()
        line = bytes(self.buffer[:end + 1])
        del self.buffer[:end + 1]
        if not line.endswith(b"\r\n"):
            raise Invalid(f"a line without CR: {line[-100:]!r}")
        return line[:-2]

    def octets(self, count):
        while len(self.buffer) < count:
            self.fill()
        octets = bytes(self.buffer[:count])
        del self.buffer[:count]
        return octets

    def response(self):
        line, literals = self.line(), []
        while found := re.search(rb"\{([0-9]+)\}$", line):
            literals.append(self.octets(int(found.group(1))))
            line += b"\r\n" + self.line()
        response = parse(line, literals, self.utf8)
        if self.seen:
            self.seen(response)
        return response

    def send(self, octets):
        if self.deflater:
            octets = self.deflater.compress(octets) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(octets)

    def compress(self):
        """Compresses from here on (RFC 4978)."""
        self.ok("COMPRESS DEFLATE")
        self.inflater, self.deflater = zlib.decompressobj(-15), zlib.compressobj(wbits=-15)

    def begin(self, command):
        """Sends a command (str or bytes) and gives its tag."""
        self.count += 1
        tag = f"s{self.count}"
        self.send(tag.encode() + b" " + (command.encode() if isinstance(command, str) else command) + b"\r\n")
        return tag

    def end(self, tag):
        """Responses up to the tagged one, which is last."""
        responses = []
        while True:
            response = self.response()
            responses.append(response)
            if response.tag == tag:
                return responses
            if response.tag != "*":
                raise Invalid(f"unexpected: {response}")

    def run(self, command):
        return self.end(self.begin(command))

    def ok(self, command):
        """As `run`; anything but OK is an error. Gives the untagged ones and the tagged one."""
        *untagged, last = self.run(command)
        if last.kind != "OK":
            raise AssertionError(f"{command!r}: {last}")
        return untagged, last

    def log_on(self, address, password="secret"):
        self.ok(f"LOGIN {address} {password}")
        return self

    def enable(self, *names):
        untagged, _ = self.ok("ENABLE " + " ".join(names))
        enabled = [name for response in untagged if response.kind == "ENABLED" for name in response.data]
        if "IMAP4rev2" in enabled or "UTF8=ACCEPT" in enabled:
            self.utf8 = True
        return enabled
