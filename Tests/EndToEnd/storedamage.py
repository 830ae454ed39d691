# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Damages the files of a store, and knows from docs/store-format.md which messages that may have cost."""
import collections
import os
import random
import re
import shutil
import struct
import tempfile
import time
from pathlib import Path

from drill import Dumper, Writing, lines_of
from ledger import Contents

MAGIC = b"MRJ1"
VICTIMS = {"snap": "snapshots", "a": "checkpoints", "b": "checkpoints", "idx": "segment indexes", "text": "search texts",
           "text-a": "search texts", "text-b": "search texts"}
PAGE = 4096

Record = collections.namedtuple("Record", "path start end kind stream metadata")
Damage = collections.namedtuple("Damage", "path kind start end")


class Image:
    """The files of a closed store, and where its records are."""

    def __init__(self, folder, in_order=True):
        self.files, self.in_order = {}, in_order
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.relpath(os.path.join(place, name), folder)
                if path != "lock":
                    self.files[path] = Path(place, name).read_bytes()
        text = self.files["FORMAT"].decode().split()
        self.identity = bytes.fromhex(text[text.index("identity") + 1])
        self.records = [record for path in self.segments for record in self.scan(path)]
        self.by_path = collections.defaultdict(list)
        for record in self.records:
            self.by_path[record.path].append(record)

    @property
    def segments(self):
        return sorted(path for path in self.files if path.endswith(".log"))

    def scan(self, path):
        """The records of a segment: what begins with a header that names its own place, up to the next such."""
        octets, number = self.files[path], int(path.rsplit("-", 1)[1].removesuffix(".log"))
        starts, at = [], octets.find(MAGIC)
        while at >= 0:
            head = octets[at:at + 80]
            if len(head) == 80 and head[8:24] == self.identity and struct.unpack_from("<IIQ", head, 24)[::2] == (number, at):
                starts.append(at)
            at = octets.find(MAGIC, at + 1)
        for start, end in zip(starts, starts[1:] + [len(octets)]):
            metadata, = struct.unpack_from("<I", octets, start + 28)
            stream, = struct.unpack_from("<Q", octets, start + 48)
            yield Record(path, start, end, octets[start + 5], stream, octets[start + 80:start + 80 + metadata])

    def write(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        for path, octets in self.files.items():
            os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
            Path(folder, path).write_bytes(octets)

    # -- damage

    def damage(self, generator, in_place=False):
        """Chooses one damage; what it changes are the octets from start to end."""
        segments = self.segments
        others = sorted(set(self.files) - set(segments))
        path = generator.choice(segments if not others or in_place or generator.random() < 0.65 else others)
        size = len(self.files[path])
        kind = generator.choice(["bit", "bit", "bit", "page", "octets"] + ([] if in_place else ["cut", "cut", "loss"]))
        place = generator.randrange(size) if size else 0
        if kind == "bit":
            return Damage(path, kind, place, min(size, place + 1))
        if kind == "page":
            place -= place % PAGE
            return Damage(path, kind, place, min(size, place + PAGE))
        if kind == "octets":
            return Damage(path, kind, place, min(size, place + generator.randrange(1, 600)))
        return Damage(path, kind, place if kind == "cut" and generator.random() < 0.9 else 0, size)

    @staticmethod
    def apply(octets, damage, generator):
        """The damaged octets; None for a file that is gone."""
        start, end = damage.start, min(damage.end, len(octets))
        if damage.kind == "loss":
            return None
        if start >= end:
            return octets[:start]
        if damage.kind == "cut":
            return octets[:start]
        if damage.kind == "page":
            return octets[:start] + bytes(end - start) + octets[end:]
        if damage.kind == "bit":
            return octets[:start] + bytes([octets[start] ^ 1 << generator.randrange(8)]) + octets[end:]
        return octets[:start] + generator.randbytes(end - start) + octets[end:]

    def hit(self, damages):
        """The records that damages have touched (without those whose octets came out the same)."""
        found = set()
        for damage in damages:
            for record in self.by_path.get(damage.path, ()):
                if record.start < damage.end and damage.start < record.end:
                    found.add(record)
        return found


    def changed(self, record, damaged):
        """Whether any octet of a record is another in damaged files."""
        now = damaged.get(record.path)
        return now is None or now[record.start:record.end] != self.files[record.path][record.start:record.end]


class Fields:
    """Reads the fields of a record's metadata, as docs/store-format.md has them."""

    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def varint(self):
        value = shift = 0
        while True:
            octet = self.octets[self.at]
            self.at += 1
            value |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return value

    def skip(self, *kinds):
        for kind in kinds:
            if kind == "octet":
                self.at += 1
            elif kind == "counted":
                length = self.varint()
                self.at += length
            else:
                self.varint()


TRANSFER = 16 + 3


def copied(record):
    """(segment, offset) of the message records that a transfer puts into its target."""
    fields = Fields(record.metadata)
    fields.skip("octet", "octet", "epoch", "account", "source", "target", "modseq", "octet")
    fields.skip(*["counted"] * fields.varint())
    found = set()
    for _ in range(fields.varint()):
        fields.skip("source", "target", "octet", "bits", "bits", "date", "zone", "saved", "size")
        segment = fields.varint()
        fields.skip("preamble")
        found.add((segment, fields.varint()))
    return found


class Expectation:
    """What an undamaged store holds, and what of it must still be there after damage."""

    def __init__(self, image, contents):
        self.image, self.contents = image, contents
        self.holders = collections.defaultdict(set)      # digest: the records that hold the message
        digests = {digest for messages in contents.messages.values() for _, _, digest, _, _ in messages}
        # The digest stands in the metadata of a message's record.
        wanted = {bytes.fromhex(digest): digest for digest in digests}
        for record in image.records:
            for at in range(0, len(record.metadata) - 31) if record.kind >= 16 else ():
                digest = wanted.get(record.metadata[at:at + 32])
                if digest:
                    self.holders[digest].add(record)
        missing = digests - self.holders.keys()
        # A copy is there by the record of the copying alone, once the original was expunged.
        self.copiers = collections.defaultdict(set)
        places = {(int(record.path[-14:-4]), record.start): digest
                  for digest, holders in self.holders.items() for record in holders}
        for record in image.records:
            for place in copied(record) if record.kind == TRANSFER else ():
                if place in places:
                    self.copiers[places[place]].add(record)
        assert not missing, f"the record of {len(missing)} messages is not found: is docs/store-format.md still true?"

    def problems(self, damages, found):
        """What is wrong with what was read after damages: ([texts], messages that they have cost)."""
        hit = self.image.hit(damages)
        texts, cost = [], 0
        lost = {digest for digest, holders in self.holders.items() if holders & hit}
        messages = {record for holders in self.holders.values() for record in holders}
        # Records that change what is there rather than hold a message: flags, moves, mailboxes.
        shaken = {str(record.stream) for record in hit if record.kind >= 16 and record not in messages}
        for (account, mailbox), expected in self.contents.messages.items():
            there = found.messages.get((account, mailbox), [])
            if account in shaken:
                whole = {digest for (owner, _), rest in found.messages.items() if owner == account
                         for _, _, digest, is_whole, _ in rest if is_whole}
                for uid, token, digest, _, _ in expected:
                    if digest not in lost and digest not in whole and not self.copiers[digest] & hit:
                        texts.append(f"{token} of {account} {mailbox} is lost, and was not hit")
                continue
            by_uid = {message[0]: message for message in there}
            for message in expected:
                uid, token, digest, _, flags = message
                now = by_uid.pop(uid, None)
                if digest in lost:
                    cost += 1
                elif now is None:
                    texts.append(f"{token} of {account} {mailbox}, UID {uid}, is lost, and was not hit")
                elif now != message:
                    texts.append(f"{token} of {account} {mailbox}, UID {uid}, is changed: {message} {now}")
            for uid, message in by_uid.items():
                texts.append(f"{account} {mailbox} has a message that was not there: {message}")
        return texts, cost


    def is_traceless(self, record, damaged):
        """Whether nobody can know that a record was there: it and all after it in its file are gone, with what tells
        of them: the checkpoints for the last segment, the beginning of the next for others."""
        image, path = self.image, record.path
        if any(r.start >= record.start and not image.changed(r, damaged) for r in image.by_path[path]):
            return False
        if path == image.segments[-1]:
            heads = [path for path in image.files if path.endswith(("heads.a", "heads.b"))]
            return not image.in_order or any(damaged[path] != image.files[path] for path in heads)
        following = image.segments[image.segments.index(path) + 1]
        return image.changed(image.by_path[following][0], damaged)

    def unfound(self, damages, damaged, findings, traces=False, now=lambda path: None):
        """What was damaged of live data and of derived files, and what a check has not told of.

        With traces, something is left that knows of every record. `now` reads a file as it is after the check.
        """
        hits_records = any(damage.path.endswith(".log") for damage in damages)
        texts, told = [], collections.defaultdict(list)
        for kind, file, offset, octets in findings:
            told[file].append((kind, offset, octets))
        for record in {record for holders in self.holders.values() for record in holders} & self.image.hit(damages):
            near = any(record.start <= offset < record.end
                       or kind == "octets" and offset < record.end and record.start < offset + octets
                       for kind, offset, octets in told[record.path])
            known = traces or not self.is_traceless(record, damaged)
            if not near and known and self.image.changed(record, damaged):
                texts.append(f"check has not found the message at {record.start} of {record.path}")
        for damage in damages:
            derived = re.sub(r"(\.text)-[ab]$", r"\1", damage.path)
            if damage.kind in ("bit", "page", "octets") and derived.endswith((".snap", ".a", ".b", ".text")):
                # An account that lost records has its snapshot made anew when it is opened, so before the check.
                if hits_records and derived.endswith(".snap") and now(damage.path) not in (None, damaged[damage.path]):
                    continue
                # Texts without their index count as none.
                if not told[derived] and None not in (damaged[damage.path], damaged[derived]):
                    texts.append(f"check has not found the damage to {damage.path}")
        return texts


def make_store(program, folder, log, accounts=6, writers=12, operations=70, in_order=True, cycle=0):
    """A store of some hundred messages, closed in order or killed; its image and what it holds."""
    options = ["--writers", str(writers), "--accounts", str(accounts), "--segment", str(400_000)]
    for part in range(3):
        writing = Writing(program, folder, log, *options, "--operations", str(operations), "--cycle", str(3 * cycle + part))
        if part < 2 or in_order:
            status, output = writing.close()
            assert status == 0, output
        else:
            time.sleep(0.6)
            writing.kill()
    image = Image(folder, in_order)
    image.write(folder + ".read")
    dumper = Dumper(program, "--accounts", str(accounts))
    contents, problem = dumper.dump(folder + ".read", log)
    dumper.close()
    assert contents is not None, problem
    return image, contents


def octets_of(path):
    """What a file has; None where there is none."""
    return Path(path).read_bytes() if os.path.exists(path) else None


def damage(program, damages, accounts=6, seed=None, report=print):
    """Damages stores until that many damages were done; counts of what came of them, and what was wrong."""
    generator = random.Random(seed)
    place = tempfile.mkdtemp(prefix="martlet-damage-", dir="/dev/shm" if os.path.isdir("/dev/shm") else "/tmp")
    counts, problems = collections.Counter(), []
    begun = time.monotonic()
    dumper = Dumper(program, "--accounts", str(accounts), "--append", "1", "--check", "1")
    stores = []
    try:
        while counts["damages"] < damages:
            # From time to time other stores: one that was closed in order, one that was killed.
            if counts["damages"] >= len(stores) * 1000:
                number = len(stores)
                image, contents = make_store(program, f"{place}/{number}", f"{place}/log", accounts,
                                             in_order=number % 2 == 0, cycle=number)
                stores.append((image, Expectation(image, contents)))
                counts["stores"] += 1
                counts["messages in the stores"] += sum(len(messages) for messages in contents.messages.values())
                counts["octets of the stores"] += sum(len(octets) for octets in image.files.values())
            image, expectation = generator.choice(stores)
            chosen = [image.damage(generator) for _ in range(generator.choice([1, 1, 1, 2, 3, 5]))]
            damaged = dict(image.files)
            for one in chosen:
                if damaged.get(one.path) is not None:
                    damaged[one.path] = image.apply(damaged[one.path], one, generator)
                kind = "segments" if one.path.endswith(".log") else os.path.basename(one.path).split(".")[-1]
                counts["over " + VICTIMS.get(kind, kind)] += 1
                counts["kind " + one.kind] += 1
            shutil.rmtree(f"{place}/store", ignore_errors=True)
            for path, octets in damaged.items():
                os.makedirs(os.path.dirname(f"{place}/store/{path}"), exist_ok=True)
                if octets is not None:
                    Path(f"{place}/store/{path}").write_bytes(octets)
            # Two that undo each other, or zeros over zeros, are no damage.
            real = [one for one in chosen if damaged[one.path] is None
                    or damaged[one.path][one.start:one.end] != image.files[one.path][one.start:one.end]]
            found, problem = dumper.dump(f"{place}/store", f"{place}/log")
            counts["damages"] += len(chosen)
            counts["rounds"] += 1
            if found is None:
                problems.append(f"{chosen}: {problem}")
                continue
            counts["read and compared"] += sum(len(messages) for messages in found.messages.values())
            texts, cost = expectation.problems(real, found)
            counts["messages hit"] += cost
            problems += [f"{chosen}: {text}" for text in texts[:3]]
            unfound = expectation.unfound(
                real, damaged, dumper.findings, now=lambda path: octets_of(f"{place}/store/{path}")
            )
            counts["found by check"] += len(dumper.findings)
            problems += [f"{chosen}: {text}" for text in unfound[:3]]
            problems += [f"{chosen}: not found by SEARCH: {line}" for line in dumper.missed[:3]]
            if counts["rounds"] % 500 == 0:
                report(f"{counts['damages']} damages, {time.monotonic() - begun:.0f} s, {len(problems)} problems")
    finally:
        dumper.close()
        shutil.rmtree(place, ignore_errors=True)
    counts["traps"] = dumper.traps
    return counts, problems
