# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A filter that speaks the milter protocol and does what a test tells it, right or wrong."""
import os
import socket
import struct
import tempfile
import threading
import time

CONTINUE, ACCEPT, REJECT, TEMPFAIL, DISCARD, SKIP, PROGRESS = b"c", b"a", b"r", b"t", b"d", b"s", b"p"
ALL_ACTIONS = 0x1FF
STAGES = {b"C": "connect", b"H": "helo", b"M": "mail", b"R": "rcpt", b"T": "data", b"L": "header", b"N": "eoh",
          b"B": "body", b"E": "end"}


def packet(kind, payload=b""):
    return struct.pack(">I", len(payload) + 1) + kind + payload


def reply_code(text):
    return packet(b"y", text.encode() + b"\0")


def add_header(name, value):
    return packet(b"h", name.encode() + b"\0" + value.encode() + b"\0")


def insert_header(index, name, value):
    return packet(b"i", struct.pack(">I", index) + name.encode() + b"\0" + value.encode() + b"\0")


def change_header(index, name, value):
    return packet(b"m", struct.pack(">I", index) + name.encode() + b"\0" + value.encode() + b"\0")


def add_recipient(address, parameters=None):
    if parameters is None:
        return packet(b"+", address.encode() + b"\0")
    return packet(b"2", address.encode() + b"\0" + parameters.encode() + b"\0")


def delete_recipient(address):
    return packet(b"-", address.encode() + b"\0")


def replace_body(octets):
    return b"".join(packet(b"b", octets[at:at + 65535]) for at in range(0, len(octets), 65535))


def change_sender(address):
    return packet(b"e", address.encode() + b"\0")


def quarantine(reason):
    return packet(b"q", reason.encode() + b"\0")


class Milter:
    """`script` says per stage what is sent back: octets of packets, "die" (closes), "stall" (says nothing), or a
    callable that gets the payload and returns one of these. Stages without a word get CONTINUE."""

    def __init__(self, script=None, actions=ALL_ACTIONS, protocol=0, macros=b"", version=6, unix=True, terms=None):
        self.script = script or {}
        self.actions, self.protocol, self.macros, self.version, self.terms = actions, protocol, macros, version, terms
        self.seen = []          # (stage, payload)
        self.macros_seen = {}   # stage letter -> {name: value}
        self.connections = 0
        self.aborts = 0
        self.open = set()
        self.lock = threading.Lock()
        self.unix = unix
        self.path = tempfile.mktemp(prefix="milter-", dir="/tmp")
        self.port = 0
        self.start()

    def start(self):
        if self.unix:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
            self.address = "unix:" + self.path
        else:
            self.listener = socket.socket()
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind(("127.0.0.1", self.port))
            self.port = self.listener.getsockname()[1]
            self.address = f"inet:127.0.0.1:{self.port}"
        self.listener.listen(100)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """Nobody listens, and whoever was connected is dropped."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        if self.unix and os.path.exists(self.path):
            os.unlink(self.path)
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection:
                self.talk(connection, connection.makefile("rb"))
        except (OSError, ValueError, struct.error):
            pass
        with self.lock:
            self.open.discard(connection)

    def talk(self, connection, stream):
        while True:
            head = stream.read(5)
            if len(head) < 5:
                return
            length, kind = struct.unpack(">I", head[:4])[0], head[4:]
            payload = stream.read(length - 1)
            if kind == b"O":
                if not self.say(connection, "terms", payload, self.terms or packet(
                        b"O", struct.pack(">III", self.version, self.actions, self.protocol) + self.macros)):
                    return
            elif kind == b"D":
                words = payload[1:].split(b"\0")[:-1]
                found = dict(zip((w.decode() for w in words[::2]), (w.decode() for w in words[1::2])))
                self.macros_seen.setdefault(payload[:1].decode(), {}).update(found)
            elif kind == b"A":
                self.aborts += 1
            elif kind in (b"Q", b"K"):
                return
            elif kind in STAGES:
                stage = STAGES[kind]
                with self.lock:
                    self.seen.append((stage, payload))
                if not self.say(connection, stage, payload, packet(CONTINUE)):
                    return

    def say(self, connection, stage, payload, usual):
        answer = self.script.get(stage, usual)
        if callable(answer):
            answer = answer(payload)
            answer = usual if answer is None else answer
        if answer == "die":
            connection.shutdown(socket.SHUT_RDWR)
            return False
        if answer == "stall":
            time.sleep(20)
            return False
        for part in answer if isinstance(answer, list) else [answer]:
            if isinstance(part, float):
                time.sleep(part)
            else:
                connection.sendall(part)
        return True

    def stages(self):
        with self.lock:
            return [stage for stage, _ in self.seen]

    def body(self):
        with self.lock:
            return b"".join(payload for stage, payload in self.seen if stage == "body")

    def headers(self):
        with self.lock:
            return [tuple(payload.split(b"\0")[:2]) for stage, payload in self.seen if stage == "header"]
