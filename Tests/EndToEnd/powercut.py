# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What a power cut leaves of a folder: built from the record that powercut.c kept of everything done to it.

Safe is what a sync has covered: octets of a file by a sync of the file, names by a sync of their folder. Of all else
there is after the cut nothing, all, or any part: single pages of 4 KiB, in any of the states they have been in, under
any length that the file has had, with some names and without others, in any order. That is more than a file system
with a journal would lose.
"""
import collections
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from drill import Dumper, Writing, lines_of
from ledger import Contents, Ledger

HERE = Path(__file__).resolve().parent
LENGTH = struct.Struct("<Q")
HEAD = struct.Struct("<II5Q4I")
MAGIC = 0x43525750
PAGE = 4096

Record = collections.namedtuple("Record", "kind number time inode offset covers path other data")


def shim(folder):
    """The library that keeps the record, made in a folder; to be named in LD_PRELOAD."""
    target = f"{folder}/powercut.so"
    compiler = shutil.which("cc") or "clang"
    subprocess.run([compiler, "-O2", "-Wall", "-shared", "-fPIC", "-o", target, HERE / "powercut.c", "-ldl"], check=True)
    return target


def environment(library, folder, trace=None, delay=2000):
    """What a process needs to be recorded (or, without a trace, to have slow syncs: at most `delay` microseconds)."""
    chosen = {"LD_PRELOAD": library, "POWERCUT_FOLDER": folder, "POWERCUT_DELAY": str(delay)}
    return {**chosen, "POWERCUT_TRACE": trace} if trace else chosen


def records(path):
    octets = memoryview(Path(path).read_bytes())
    offset, found = LENGTH.size, []
    octets = octets[:LENGTH.unpack_from(octets)[0]]
    while offset < len(octets):
        magic, kind, number, when, inode, place, covers, path, other, data, _ = HEAD.unpack_from(octets, offset)
        assert magic == MAGIC, f"the record is damaged at {offset}"
        begin = offset + HEAD.size
        end = begin + path + other + data
        found.append(Record(chr(kind), number, when, inode, place, covers, bytes(octets[begin:begin + path]).decode(),
                            bytes(octets[begin + path:begin + path + other]).decode(), octets[end - data:end]))
        offset = end
    return found


class File:
    """Octets that are safe, and what was done since."""

    def __init__(self, octets=b""):
        self.safe = bytearray(octets)
        self.since = []

    def sync(self, covers):
        for operation in [record for record in self.since if record.number < covers]:
            self.apply(self.safe, operation)
        self.since = [record for record in self.since if record.number >= covers]

    @staticmethod
    def apply(octets, record):
        if record.kind == "t":
            del octets[record.offset:]
            octets.extend(bytes(record.offset - len(octets)))
        else:
            if len(octets) < record.offset:
                octets.extend(bytes(record.offset - len(octets)))
            octets[record.offset:record.offset + len(record.data)] = record.data

    def after_cut(self, generator):
        """What is found after the cut."""
        kind = generator.random()
        if not self.since or kind < 0.2:
            return bytes(self.safe)
        octets = bytearray(self.safe)
        if kind < 0.4:
            for record in self.since:
                self.apply(octets, record)
            return bytes(octets)
        return self.torn(octets, generator)

    def torn(self, octets, generator):
        """Each page in one of the states that it has been in, and one of the lengths that the file has had."""
        length, lengths = len(octets), [len(octets)]
        for record in self.since:
            length = record.offset if record.kind == "t" else max(length, record.offset + len(record.data))
            lengths.append(length)
        octets.extend(bytes(max(lengths) - len(octets)))
        states, count, last = {}, len(self.since), generator.random()

        def reached(page):
            if page not in states:
                states[page] = count if generator.random() < last else generator.randrange(0, count + 1)
            return states[page]

        for index, record in enumerate(self.since):
            whole = record.kind == "t"
            end = len(octets) if whole else record.offset + len(record.data)
            place = record.offset
            while place < end:
                page = place // PAGE
                stop = min(end, (page + 1) * PAGE)
                if reached(page) > index:
                    octets[place:stop] = bytes(stop - place) if whole else (
                        record.data[place - record.offset:stop - record.offset])
                place = stop
        return bytes(octets[:generator.choice([lengths[-1], generator.choice(lengths)])])


class Disk:
    """A folder on a disk with a cache, as the record tells it."""

    def __init__(self, folder):
        # What is safe.
        self.names, self.folders = {}, {""}
        # Changes of names that no sync has covered, with the file they are about.
        self.pending = []
        for place, folders, files in os.walk(folder):
            below = os.path.relpath(place, folder)
            self.folders.update(os.path.normpath(os.path.join(below, name)) for name in folders)
            for name in files:
                self.names[os.path.normpath(os.path.join(below, name))] = File(Path(place, name).read_bytes())
        # What the running process sees under a name, and by inode.
        self.current, self.seen = dict(self.names), {}

    def take(self, record):
        kind = record.kind
        if kind == "o":
            if record.path in self.current:
                self.seen[record.inode] = self.current[record.path]
        elif kind == "c":
            self.seen[record.inode] = self.current[record.path] = File()
            self.pending.append((record, self.seen[record.inode]))
        elif kind in "wt":
            if record.inode in self.seen:
                self.seen[record.inode].since.append(record)
        elif kind == "s":
            if record.inode in self.seen:
                self.seen[record.inode].sync(record.covers)
        elif kind == "d":
            self.sync_folder(record)
        else:
            file = self.current.pop(record.path, None)
            if kind == "r" and file is not None:
                self.current[record.other] = file
            self.pending.append((record, file))

    def sync_folder(self, sync):
        """Names of a folder are safe; a rename is when either of its folders is."""
        kept = []
        for record, file in self.pending:
            places = {os.path.dirname(name) for name in (record.path, record.other) if name}
            if record.number < sync.covers and sync.path in places:
                self.name(self.names, self.folders, record, file)
            else:
                kept.append((record, file))
        self.pending = kept

    @staticmethod
    def name(names, folders, record, file):
        if record.kind == "c":
            names[record.path] = file
        elif record.kind == "r":
            names.pop(record.path, None)
            if file is not None:
                names[record.other] = file
        elif record.kind == "u":
            names.pop(record.path, None)
        elif record.kind == "m":
            folders.add(record.path)
        elif record.kind == "x":
            folders.discard(record.path)

    def cut(self, folder, generator):
        """Leaves in a folder what is found there after power is cut now."""
        names, folders = dict(self.names), set(self.folders)
        share = generator.choice([0, 1, generator.random(), generator.random()])
        stop = generator.randrange(len(self.pending) + 1) if generator.random() < 0.5 else None
        for index, (record, file) in enumerate(self.pending):
            if index < stop if stop is not None else generator.random() < share:
                self.name(names, folders, record, file)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for name in sorted(folders):
            parents = [name[:at] for at in range(len(name)) if name[at] == "/"]
            if name and all(parent in folders for parent in parents):
                os.mkdir(f"{folder}/{name}")
        contents = {}
        for path, file in names.items():
            if os.path.isdir(os.path.dirname(f"{folder}/{path}")):
                if file not in contents:
                    contents[file] = file.after_cut(generator)
                Path(folder, path).write_bytes(contents[file])


def power_cut(program, cuts, each=20, writers=32, accounts=8, fresh=8, seconds=0.5, seed=None, report=print):
    """Cuts the power of a writer at random moments, `each` for every run; the ledger of what it had promised.

    The next run goes on from what one of the cuts has left; every `fresh` runs a new store is begun.
    """
    generator = random.Random(seed)
    total, problems = collections.Counter(), []
    ledger = Ledger()
    place = tempfile.mkdtemp(prefix="martlet-cut-", dir="/dev/shm" if os.path.isdir("/dev/shm") else "/tmp")
    store, log, trace, left = (f"{place}/{name}" for name in ("store", "log", "trace", "left"))
    library = shim(place)
    dumper = Dumper(program, "--accounts", str(accounts))
    begun, done, run = time.monotonic(), 0, 0
    retry = []
    try:
        while done < cuts:
            run += 1
            if run % fresh == 1:
                ledger, retry = Ledger(), []
                shutil.rmtree(store, ignore_errors=True)
            for path in (log, trace):
                Path(path).unlink(missing_ok=True)
            # The folder above is not under record, so this one is there from the beginning.
            os.makedirs(store, exist_ok=True)
            disk = Disk(store)
            options = ["--writers", str(writers), "--accounts", str(accounts), "--cycle", str(run), "--segment",
                       str(1 << 20)]
            writing = Writing(program, store, log, *options, *(["--retry", ",".join(retry)] if retry else []),
                              environment=environment(library, store, trace))
            time.sleep(generator.uniform(0.3, 1.7) * seconds)
            status, output = writing.kill()
            if status != -signal.SIGKILL:
                problems.append(f"run {run} ended with {status}: {output}")
                total["wrong answer"] += 1
            history, lines = records(trace), lines_of(log)
            contents, lines, said = Contents.parse(lines)
            before = ledger.copy()
            if said:
                ledger.reckon(contents)
            moments = sorted(generator.sample(range(len(history)), min(each, len(history), cuts - done)))
            at = 0
            for turn, moment in enumerate(moments):
                for record in history[at:moment]:
                    disk.take(record)
                at = moment
                is_open = said and history[moment].time > contents.time
                after = (ledger if is_open else before).copy()
                after.tell(lines if is_open else [], until=history[moment].time)
                retry = after.unanswered_deliveries()
                disk.cut(left, generator)
                if turn == len(moments) - 1:
                    shutil.rmtree(store, ignore_errors=True)
                    shutil.copytree(left, store)
                    # The next run begins where this look at it did, and is not held to what this look alone has written.
                    ledger_left = after.copy()
                found, problem = dumper.dump(left, log)
                if found is None:
                    after.problem("lost", f"the store cannot be read: {problem}")
                else:
                    after.reckon(found)
                done += 1
                total.update(after.counts)
                problems += [f"run {run}, moment {moment} of {len(history)}: {text}" for text in after.problems]
                total["cuts"] += 1
            ledger = ledger_left
            ledger.counts, ledger.problems = collections.Counter(), []
            total["octets written under record"] += sum(len(record.data) for record in history)
            total["syncs under record"] += sum(record.kind in "sd" for record in history)
            report(f"{done} cuts, {time.monotonic() - begun:.0f} s, {len(problems)} problems")
    finally:
        dumper.close()
        shutil.rmtree(place, ignore_errors=True)
    total["traps"] = dumper.traps
    ledger.counts, ledger.problems = total, problems
    return ledger
