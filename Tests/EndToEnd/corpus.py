# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Real and broken messages beside the working copy (../shared/corpus/mime), and what Python's email package makes of them."""
import email
import email.policy
from pathlib import Path

from server import ROOT


# Where Python is of another opinion: it takes delimiters that follow each other for one, and here each begins a part.
PYTHON_DIFFERS = {"cpython/msg_37.txt"}


def files():
    """Name and octets of each file, in order; none when they are not there."""
    for root in (ROOT.parent / "shared/corpus/mime", ROOT.parent.parent / "shared/corpus/mime"):
        if root.is_dir():
            found = [(str(path.relative_to(root)), path.read_bytes()) for path in sorted(root.rglob("*"))
                     if path.is_file() and "LICENSE" not in path.name]
            return [(name, octets) for name, octets in found if octets]
    return []


class Part:
    """A part as one of the two sees it: its type, its octets, and the parts within."""

    def __init__(self, kind, content=None, size=None, children=()):
        self.kind, self.content, self.size, self.children = kind, content, size, list(children)

    def sections(self, prefix=()):
        """Each leaf with the section that IMAP has for it."""
        if self.is_multipart:
            for number, child in enumerate(self.children, 1):
                yield from child.sections((*prefix, number))
            return
        place = prefix or (1,)
        yield ".".join(map(str, place)), self
        # Of a message within the parts lie below its own number, and the only one is the first.
        for inner in self.children:
            yield from inner.sections(place if inner.is_multipart else (*place, 1))

    @property
    def is_multipart(self):
        return self.kind.startswith("multipart/")

    def shape(self):
        return self.kind, [child.shape() for child in self.children]


def from_structure(node):
    """The parts that a BODYSTRUCTURE tells of."""
    if isinstance(node[0], list):
        children = [child for child in node if isinstance(child, list)]
        count = next(index for index, item in enumerate(node) if not isinstance(item, list))
        return Part("multipart/" + text(node[count]), children=[from_structure(child) for child in children[:count]])
    kind = f"{text(node[0])}/{text(node[1])}"
    inner = [from_structure(node[8])] if kind == "message/rfc822" and len(node) > 8 else []
    return Part(kind, size=node[6], children=inner)


def text(octets):
    return bytes(octets).decode("ascii", "replace").lower() if not isinstance(octets, str) else octets.lower()


def from_python(octets):
    """The parts that Python's email package finds; None when it calls something wrong, for then opinions differ."""
    message = email.message_from_bytes(octets, policy=email.policy.compat32)
    if any(part.defects for part in message.walk()):
        return None
    return python_part(message)


def python_part(message):
    kind = message.get_content_type()
    if message.is_multipart() and kind.startswith("multipart/"):
        return Part(kind, children=[python_part(part) for part in message.get_payload()])
    if message.is_multipart() and kind == "message/rfc822":
        return Part(kind, children=[python_part(message.get_payload(0))])
    if message.is_multipart():
        return Part(kind)
    # As it came: get_payload would make text of it.
    return Part(kind, content=message._payload.encode("ascii", "surrogateescape"))
