# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that are easy to damage on their way."""
import hashlib
import itertools

_numbers = itertools.count(1)


def message(body=b"Hello.\r\n", subject=b"test", extra=b""):
    """A message with a Message-ID of its own."""
    number = next(_numbers)
    return (
        b"From: Sender <sender@example.org>\r\nTo: alice@example.test\r\nSubject: " + subject + b"\r\n"
        b"Date: Sat, 21 Nov 2026 07:28:46 +0000\r\nMessage-ID: <%d@example.org>\r\n" % number + extra + b"\r\n" + body
    )


DELICATE = {
    "plain": message(),
    "no body": message(b""),
    "dots": message(b".\r\n..\r\n.x\r\n...\r\nend.\r\n.\r\n"),
    "only a dot": message(b".\r\n"),
    "8 bit": message("Grüße aus Köln, 日本語\r\n".encode() + bytes(range(0xA0, 0x100)) + b"\r\n"),
    "blank lines at the end": message(b"text\r\n\r\n\r\n\r\n"),
    "spaces at the ends of lines": message(b"text \r\n\t\r\n  \r\n-- \r\nsignature\r\n"),
    "line of 998": message(b"x" * 998 + b"\r\n"),
    "From at the start of a line": message(b"From here on\r\n>From there\r\n"),
    "folded header": message(extra=b"X-Long: one\r\n two\r\n\tthree\r\n"),
    "multipart": message(
        b"--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>two</p>\r\n--b--\r\n",
        extra=b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b"\r\n',
    ),
    "not MIME at all": b"no colon in this header\r\n\r\nbody\r\n",
    "65,536 octets and around": message(b"".join(b"%070d\r\n" % n for n in range(1000))),
    "3 MB": message(b"".join(b"%076d\r\n" % n for n in range(40_000))),
}

# What a server puts in front of a message (RFC 5321 §4.4).
TRACE = (b"return-path:", b"received:", b"delivered-to:", b"x-original-to:")


def digest(octets):
    return hashlib.sha256(octets).hexdigest()


def split_trace(received, original_length):
    """The trace header fields in front, and what came below them."""
    cut = len(received) - original_length
    return received[:cut], received[cut:]


def is_trace_only(head):
    """Whether every header field in it is one of a server's."""
    lines = head.split(b"\r\n")
    return lines[-1] == b"" and all(
        line[:1] in (b" ", b"\t") or line.lower().startswith(TRACE) for line in lines[:-1]
    )
