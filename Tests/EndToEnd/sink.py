# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Other people's mail servers, good and bad, on ports of their own."""
import socket
import threading
import time
from dataclasses import dataclass


@dataclass
class Copy:
    """A message whose end came, and when that can have been, as time.time() has it."""
    sender: str
    recipients: list
    octets: bytes
    begun: float        # before DATA was answered, so that not an octet had been sent
    ended: float        # all of it was here


class Sink:
    """Takes mail and keeps it. What it does to a recipient is what `behaviour` says:

    good, slow (answers each command late), later (451 to every RCPT), never (550 to every RCPT), drop (closes after
    the final dot, without an answer), dropdata (closes in the middle of the message), early (says 250 before the
    message has ended, and then takes it), silent (accepts and says nothing)."""

    offers = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE")
    # Recipients that are nobody, whatever the behaviour.
    unknown = ()

    def __init__(self, behaviour="good", port=0):
        self.behaviour = behaviour
        self.messages = []          # (sender, [recipients], octets) that were answered with 250
        self.unanswered = []        # the same, of those whose end came and got no answer
        self.copies = []            # all of both
        self.lock = threading.Lock()
        self.connections = set()
        self.port = port
        self.listener = None
        self.start()

    def start(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.listener.listen(200)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self):
        """Nobody listens any more, and nobody answers on connections that are open."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            for connection in self.connections:
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
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with self.lock:
            self.connections.add(connection)
        try:
            with connection:
                self.talk(connection, connection.makefile("rb"))
        except (OSError, ValueError):
            pass
        with self.lock:
            self.connections.discard(connection)

    def say(self, connection, text):
        if self.behaviour == "slow":
            time.sleep(0.05)
        connection.sendall(text.encode() + b"\r\n")

    def talk(self, connection, lines):
        if self.behaviour == "silent":
            time.sleep(30)
            return
        self.say(connection, "220 sink ESMTP")
        sender, recipients = "", []
        while True:
            line = lines.readline()
            if not line:
                return
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say(connection, "".join(f"250-{word}\r\n" for word in ("sink", *self.offers)) + "250 HELP")
            elif verb == b"MAIL":
                sender, recipients = line.split(b"<")[1].split(b">")[0].decode(), []
                self.say(connection, "250 2.1.0 ok")
            elif verb == b"RCPT":
                if self.behaviour in ("later", "never"):
                    self.say(connection, "451 4.3.0 come again" if self.behaviour == "later" else "550 5.1.1 nobody")
                    continue
                recipient = line.split(b"<")[1].split(b">")[0].decode()
                if recipient in self.unknown:
                    self.say(connection, "550 5.1.1 nobody")
                    continue
                recipients.append(recipient)
                self.say(connection, "250 2.1.5 ok")
            elif verb == b"DATA":
                if not recipients:
                    self.say(connection, "554 5.5.1 no recipients")
                    continue
                begun = time.time()
                self.say(connection, "354 go on")
                if not self.take(connection, lines, sender, recipients, begun):
                    return
                sender, recipients = "", []
            elif verb == b"QUIT":
                self.say(connection, "221 2.0.0 bye")
                return
            else:
                self.say(connection, "250 2.0.0 ok")

    def take(self, connection, lines, sender, recipients, begun=0.0):
        octets = bytearray()
        if self.behaviour == "early":
            self.say(connection, "250 2.0.0 taken")
        while True:
            line = lines.readline()
            if not line:
                return False
            if self.behaviour == "dropdata" and len(octets) > 100:
                return False
            if line == b".\r\n":
                break
            octets += line[1:] if line.startswith(b".") else line
        message = (sender, recipients, bytes(octets))
        with self.lock:
            self.copies.append(Copy(*message, begun, time.time()))
            (self.unanswered if self.behaviour == "drop" else self.messages).append(message)
        if self.behaviour == "drop":
            return False
        if self.behaviour != "early":
            self.say(connection, "250 2.0.0 taken")
        return True

    def recipients(self):
        """Every recipient of every message that was taken, once for each time."""
        with self.lock:
            return [recipient for _, recipients, _ in self.messages for recipient in recipients]
