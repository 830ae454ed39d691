# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A mail server at many addresses, each with a fault of its own for the first who comes; whoever comes again is served.

It knows of each connection how far it got, so that it can say which copies of a message the other side may be in doubt
about: those whose end came, and whose answer did not go out whole.
"""
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field


@dataclass
class Fault:
    """What is wrong with a connection. Both counts are of octets, and of everything since it was opened."""
    name: str
    said: int = None            # gone after it has said so many
    heard: int = None           # gone after it has heard so many
    reset: bool = False         # gone by a reset, and not by an end
    replies: dict = field(default_factory=dict)     # what it says first to a verb ("" is the greeting, "." the end)
    tls: str = ""               # after STARTTLS: "refuse", "close", "garbage", "half"


class Gone(Exception):
    pass


@dataclass
class Taken:
    """A message whose end came."""
    recipients: list
    octets: bytes
    is_answered: bool = False


class Wire:
    """A connection that ends where its fault says."""

    def __init__(self, connection, fault):
        self.connection, self.fault = connection, fault
        self.said = self.heard = 0
        self.rest = b""

    def say(self, octets):
        limit = self.fault.said
        if limit is not None and self.said + len(octets) > limit:
            self.connection.sendall(octets[:limit - self.said])
            raise Gone
        self.connection.sendall(octets)
        self.said += len(octets)

    def line(self):
        """The next line; what it lacks when the connection ends is not heard."""
        while b"\n" not in self.rest:
            piece = self.connection.recv(65_536)
            if not piece:
                raise Gone
            self.rest += piece
        line, _, self.rest = self.rest.partition(b"\n")
        self.heard += len(line) + 1
        if self.fault.heard is not None and self.heard > self.fault.heard:
            raise Gone
        return line + b"\n"

    def end(self):
        try:
            if self.fault.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        except OSError:
            pass


class FaultySink:
    """`faults`: by address; all of 127.0.0.0/8 that have none are good."""

    OFFERS = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n"
    ANSWER = b"250 2.0.0 taken\r\n"

    def __init__(self, faults):
        self.faults = dict(faults)
        self.taken = []
        self.visits = {}
        self.lock = threading.Lock()
        self.listener = socket.socket()
        self.listener.bind(("0.0.0.0", 0))
        self.port = self.listener.getsockname()[1]
        self.listener.listen(1000)
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        address = connection.getsockname()[0]
        with self.lock:
            self.visits[address] = self.visits.get(address, 0) + 1
            fault = self.faults.pop(address, Fault("good"))
        connection.settimeout(60)
        wire = Wire(connection, fault)
        try:
            self.talk(wire, fault)
        except (Gone, OSError, ValueError):
            pass
        wire.end()

    def talk(self, wire, fault):
        def say(verb, usual):
            """True when it is what is usual."""
            reply = fault.replies.pop(verb, usual)
            wire.say(reply)
            return reply == usual

        say("", b"220 sink ESMTP\r\n")
        has_sender, recipients = False, []
        while True:
            line = wire.line()
            verb = line[:4].upper().decode("latin-1").strip()
            if verb == "EHLO":
                offer = b"250-STARTTLS\r\n" if fault.tls else b""
                say(verb, offer + self.OFFERS)
            elif verb == "STAR":
                self.break_tls(wire, fault)
            elif verb == "MAIL":
                has_sender, recipients = say(verb, b"250 2.0.0 ok\r\n"), []
            elif verb == "RCPT":
                if say(verb, b"250 2.1.5 ok\r\n") and has_sender:
                    recipients.append(line.split(b"<")[1].split(b">")[0].decode())
            elif verb == "DATA" and not recipients:
                wire.say(b"554 5.5.1 no recipients\r\n")
            elif verb == "DATA":
                if not say(verb, b"354 go on\r\n"):
                    continue
                taken = self.take(wire, recipients)
                is_good = "." not in fault.replies
                recipients = []
                say(".", self.ANSWER)
                taken.is_answered = is_good
            elif verb == "QUIT":
                return say(verb, b"221 2.0.0 bye\r\n")
            else:
                say(verb, b"250 2.0.0 ok\r\n")

    def take(self, wire, recipients):
        octets = bytearray()
        while (line := wire.line()) != b".\r\n":
            octets += line[1:] if line.startswith(b".") else line
        taken = Taken(recipients, bytes(octets))
        with self.lock:
            self.taken.append(taken)
        return taken

    def break_tls(self, wire, fault):
        if fault.tls == "refuse":
            return wire.say(b"454 4.7.0 not now\r\n")
        wire.say(b"220 go on\r\n")
        if fault.tls == "garbage":
            wire.say(b"\x16\x03\x01\xff\xff" + bytes(range(256)))
        elif fault.tls == "half":
            # The beginning of what a server that knows TLS says, and no more.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            incoming.write(wire.connection.recv(65_536))
            try:
                context.wrap_bio(incoming, outgoing, server_side=True).do_handshake()
            except ssl.SSLError:
                pass
            wire.say(outgoing.read()[:3])
        raise Gone

    def copies(self, recipient):
        with self.lock:
            return [taken for taken in self.taken if recipient in taken.recipients]
