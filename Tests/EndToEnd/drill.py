# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Benchmarks/StoreDrill, the program that works on a store directly: building it, starting it, and killing it."""
import collections
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from ledger import Contents, Ledger

ROOT = Path(__file__).resolve().parent.parent.parent


def variable(name):
    """What names a program of Benchmarks/ that is there already: MARTLET_STORE_DRILL for StoreDrill."""
    return "MARTLET" + "".join("_" + letter if letter.isupper() else letter for letter in name).upper()


def build(name="StoreDrill"):
    """The path of a program of Benchmarks/: the one that the environment names, or else built for release."""
    if path := os.environ.get(variable(name)):
        if not os.access(path, os.X_OK):
            raise SystemExit(f"{variable(name)}: {path} is no program")
        return path
    command = ["swift", "build", "-c", "release", "--static-swift-stdlib", "--scratch-path", ".build/bench",
               "--product", name]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if built.returncode:
        raise SystemExit(f"{name} could not be built:\n{built.stdout[-4000:]}")
    return str(ROOT / ".build/bench/release" / name)


def lines_of(path):
    """The whole lines of a log; the last one may have been cut by the kill."""
    try:
        text = Path(path).read_text()
    except FileNotFoundError:
        return []
    return text[:text.rfind("\n") + 1].splitlines()


class Writing:
    """One run of "store-drill write"."""

    def __init__(self, program, store, log, *options, environment=None):
        self.log = log
        self.process = subprocess.Popen(
            [program, "write", store, log, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, **(environment or {})}, text=True,
        )

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        return self.ended()

    def close(self):
        """Lets it come to its end in order."""
        return self.ended()

    def ended(self):
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output


class Dumper:
    """A process that says what stores hold, one after the other; started again when it ends, which is a trap."""

    def __init__(self, program, *options):
        self.command = [program, "dump", *options]
        self.process = None
        self.traps = 0
        self.findings = []      # of the last dump, with --check 1: (kind, file, offset, octets)
        self.missed = []        # and what SEARCH has not found

    def dump(self, store, output):
        """(Contents, None), or (None, what went wrong)."""
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        Path(output).unlink(missing_ok=True)
        self.process.stdin.write(f"{store} {output}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if answer != "done":
            if not answer:
                self.traps += 1
                answer = f"ended with {self.process.wait()}"
                self.process = None
            return None, answer
        lines = lines_of(output)
        rows = [line.split(" ") for line in lines if line.startswith("F ")]
        self.findings = [(kind, file, int(offset), int(octets)) for _, kind, file, offset, octets in rows]
        self.missed = [line for line in lines if line.startswith("X ")]
        contents, _, _ = Contents.parse([line for line in lines if line[:2] not in ("F ", "X ")] + ["R 0"])
        return contents, None

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait(30)


def store_kill(program, cycles, writers=32, accounts=8, fresh=100, seed=None, report=print):
    """Kills a writer at a random moment, again and again; the ledger of what it had promised.

    Every `fresh` cycles a new store is begun, so that the disk does not fill.
    """
    generator = random.Random(seed)
    ledger, total = Ledger(), collections.Counter()
    folder = tempfile.mkdtemp(prefix="martlet-drill-", dir="/tmp")
    store, log = folder + "/store", folder + "/log"
    problems, begun = [], time.monotonic()
    try:
        cycle = 0
        while total["killed"] < cycles:
            cycle += 1
            if cycle % fresh == 1 and cycle > 1:
                total.update(ledger.counts)
                problems += ledger.problems
                ledger = Ledger()
                shutil.rmtree(store)
            retry = ledger.unanswered_deliveries()
            options = ["--writers", str(writers), "--accounts", str(accounts), "--cycle", str(cycle)]
            if cycle % 3 == 0:
                # Small segments, so that compaction always finds some to empty and remove.
                options += ["--segment", "300000", "--compact", "20"]
                total["with compaction"] += 1
            Path(log).unlink(missing_ok=True)
            run = Writing(program, store, log, *options, *(["--retry", ",".join(retry)] if retry else []))
            kind = generator.random()
            # Some die while they are opening the store, most while they work, a few end in order.
            time.sleep(generator.uniform(0, 0.06) if kind < 0.15 else generator.uniform(0.03, 0.6))
            status, output = run.close() if kind > 0.97 else run.kill()
            total["ended in order" if kind > 0.97 else "killed"] += 1
            if status not in (0, -signal.SIGKILL):
                ledger.problem("wrong answer", f"cycle {cycle}: ended with {status} {output}")
            contents, lines, said = Contents.parse(lines_of(log))
            if not said:
                total["killed while opening"] += 1
                continue
            ledger.reckon(contents)
            ledger.tell(lines)
            if cycle % 50 == 0:
                report(f"{cycle} cycles, {time.monotonic() - begun:.0f} s: {ledger.verdict()}")
        Path(log).unlink(missing_ok=True)
        dumper = Dumper(program, "--accounts", str(accounts))
        contents, problem = dumper.dump(store, log)
        dumper.close()
        if contents is None:
            ledger.problem("lost", f"the store cannot be read: {problem}")
        else:
            ledger.reckon(contents)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    total.update(ledger.counts)
    ledger.counts, ledger.problems = total, problems + ledger.problems
    return ledger
