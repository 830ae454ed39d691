# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Clients: Python's own set up for the test server, and one of plain lines for what those cannot say."""
import imaplib
import poplib
import re
import smtplib

from server import tls_context


def imap(server, address=None, password="secret", tls=True):
    if tls:
        client = imaplib.IMAP4_SSL("127.0.0.1", server.port("imaps"), ssl_context=tls_context(), timeout=20)
    else:
        client = imaplib.IMAP4("127.0.0.1", server.port("imap"), timeout=20)
    if address:
        client.login(address, password)
    return client


def pop3(server, address=None, password="secret", tls=True):
    if tls:
        client = poplib.POP3_SSL("127.0.0.1", server.port("pop3s"), context=tls_context(), timeout=20)
    else:
        client = poplib.POP3("127.0.0.1", server.port("pop3"), timeout=20)
    if address:
        client.user(address)
        client.pass_(password)
    return client


def smtp(server, name="smtp"):
    if name == "submissions":
        return smtplib.SMTP_SSL("127.0.0.1", server.port(name), context=tls_context(), timeout=20)
    return smtplib.SMTP("127.0.0.1", server.port(name), timeout=20)


def send(server, recipients, message, sender="sender@example.org"):
    """Hands a message in at port 25; it is stored when this returns."""
    with smtp(server) as client:
        refused = client.sendmail(sender, recipients, message, mail_options=["BODY=8BITMIME"])
        assert not refused, refused


def fetch(client, uid, item="BODY.PEEK[]"):
    """The octets of one item of one message."""
    status, data = client.uid("FETCH", str(uid), f"({item})")
    assert status == "OK", (status, data)
    literals = [part[1] for part in data if isinstance(part, tuple)]
    assert len(literals) == 1, data
    return literals[0]


def uids(client, mailbox="INBOX"):
    status, data = client.select(mailbox, readonly=True)
    assert status == "OK", data
    status, data = client.uid("SEARCH", "ALL")
    assert status == "OK", data
    return [int(word) for word in data[0].split()]


class Lines:
    """A connection seen as lines."""

    def __init__(self, server, name, timeout=10):
        self.socket = server.connect(name, timeout)
        self.buffer = b""
        self.tag = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def line(self):
        """The next line without its end; b"" when the server has closed."""
        while b"\n" not in self.buffer:
            try:
                received = self.socket.recv(65536)
            except ConnectionResetError:
                received = b""
            if not received:
                rest, self.buffer = self.buffer, b""
                return rest
            self.buffer += received
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def lines_until(self, pattern):
        """Lines up to and with the one that matches; what there is, when the server closes first."""
        lines = []
        while True:
            line = self.line()
            lines.append(line)
            if line == b"" and not self.buffer or re.match(pattern, line):
                return lines

    def reply(self, command=None):
        """The last line of an SMTP reply to a command."""
        if command is not None:
            self.send(command + b"\r\n")
        return self.lines_until(rb"\d{3} ")[-1]

    def imap(self, command):
        """The lines of the answer to an IMAP command; the tagged one is last, without its tag."""
        self.tag += 1
        tag = b"t%d" % self.tag
        self.send(tag + b" " + command + b"\r\n")
        lines = self.lines_until(tag + b" ")
        lines[-1] = lines[-1].removeprefix(tag + b" ")
        return lines

    def is_closed(self):
        """Whether the server ends the connection now."""
        while True:
            try:
                if self.socket.recv(65536) == b"":
                    return True
            except ConnectionResetError:
                return True
            except TimeoutError:
                return False
