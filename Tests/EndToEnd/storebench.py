# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Runs Benchmarks/StoreBench in turns with itself, and makes tables and JSON of what it says (script/measure store)."""
import json
import os
import platform
import shutil
import statistics
import subprocess
import time
from pathlib import Path


#: Octets that are to be free before a run: more than one run writes.
ROOM = 8 << 30


class Bench:
    def __init__(self, program, folder, report=print):
        self.program, self.folder, self.report = program, Path(folder), report
        self.folder.mkdir(parents=True, exist_ok=True)
        self.results = {"machine": machine(), "begun": time.strftime("%Y-%m-%d %H:%M:%S")}
        #: What runs have left: it goes when all is measured.
        self.left = []

    def run(self, *words, **options):
        """The figures of one run, as the program prints them."""
        flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        result = subprocess.run([self.program, *map(str, words), *flags], capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(f"{words}: {result.stdout}{result.stderr}")
        return json.loads(result.stdout.splitlines()[-1]) if result.stdout.strip() else {}

    def clean(self, name):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def fresh(self, name):
        """A folder that is not there yet. Those of earlier runs stay: removing 100,000 files is work that the file system
        still does while the next run is measured. Where they would fill the disk, they go all the same.
        """
        if shutil.disk_usage(self.folder).free < ROOM:
            self.remove_left()
            settle()
        path = self.clean(f"{name}-{len(self.left) + 1}")
        self.left.append(path)
        return path

    def remove_left(self):
        for path in self.left:
            shutil.rmtree(path, ignore_errors=True)
        self.left = []

    # -- deliveries

    #: What is measured: the name in the table, and what StoreBench is told.
    ENGINES = {"store": ("journal", 0), "Maildir": ("maildir", 0), "Maildir with UIDs": ("maildir", 1)}

    def deliveries(self, writers, rounds, seconds):
        """Durable deliveries, one engine after the other, in an order that changes from round to round."""
        names = list(self.ENGINES)
        found = {(name, number): [] for name in names for number in writers}
        for turn in range(rounds):
            for number in writers:
                for name in names[turn % len(names):] + names[:turn % len(names)]:
                    engine, uids = self.ENGINES[name]
                    path = self.fresh("deliver")
                    settle()
                    figures = self.run("deliver", engine, path, writers=number, seconds=seconds, uids=uids)
                    each = 1000 / max(1, figures["messages"])
                    found[name, number].append({
                        "rate": figures["messages"] / figures["seconds"],
                        "cpu": each * figures["cpu"], "machine": each * figures["machine cpu"],
                        "MB": figures["octets"] / figures["seconds"] / 1e6,
                    })
        self.remove_left()
        rows = [self.compared(found, number, name) for number in writers for name in names]
        self.results["deliveries"] = {"rows": rows, "rounds": rounds, "seconds": seconds}
        self.report(f"\nDurable deliveries (median of {rounds} rounds of {seconds} s, in turns)\n")
        self.table(rows)
        return rows

    @staticmethod
    def compared(found, number, name):
        """A row: what one engine did, and how the store is beside it."""
        ours, theirs = found["store", number], found[name, number]

        def ratio(what):
            return [a[what] / b[what] for a, b in zip(ours, theirs)]
        return {
            "writers": number, "": name, "/s": middle(theirs, "rate"), "MB/s": middle(theirs, "MB"),
            "ms CPU of the process": middle(theirs, "cpu"), "of the machine": middle(theirs, "machine"),
            "store beside it": statistics.median(ratio("rate")), "from": min(ratio("rate")), "to": max(ratio("rate")),
            "CPU beside it": statistics.median(ratio("cpu")), "of the machine beside it": statistics.median(ratio("machine")),
        }

    # -- one large mailbox

    def mailbox(self, messages, octets, rounds):
        for engine in ("journal", "maildir"):
            self.run("fill", engine, self.clean("full-" + engine), messages=messages, octets=octets)
        found = {"journal": [], "maildir": []}
        for _ in range(rounds):
            for engine in found:
                path = self.fresh("mailbox")
                subprocess.run(["cp", "-a", str(self.folder / f"full-{engine}"), str(path)], check=True)
                settle(drop=True)
                found[engine].append(self.run("mailbox", engine, path))
        self.remove_left()
        rows = []
        for what in ("open the account", "SELECT", "FETCH FLAGS", "STORE 10k", "EXPUNGE 10k", "1000 bodies"):
            row = {"what": what}
            for engine, name in (("journal", "store"), ("maildir", "Maildir")):
                for kind in ("cold", "warm"):
                    key = what if what == "open the account" else f"{what} {kind}"
                    values = [1000 * figures[key] for figures in found[engine] if key in figures]
                    row[f"{name} {kind}, ms"] = statistics.median(values) if values else None
            rows.append(row)
        rows[0]["store warm, ms"] = None
        self.results["mailbox"] = {"rows": rows, "messages": messages, "octets": octets, "rounds": rounds,
                                   "memory": statistics.median(f["memory"] for f in found["journal"])}
        self.report(f"\nA mailbox of {messages:,} messages of {octets:,} octets (median of {rounds} rounds)\n")
        self.table(rows)
        for engine in ("journal", "maildir"):
            self.clean("full-" + engine)

    # -- restart

    def restart(self, sizes, octets, rounds):
        rows = []
        for messages in sizes:
            accounts = max(1, messages // 1000)
            for kill in (0, 1):
                path = self.clean("restart")
                self.run("fill", "journal", path, messages=messages, octets=octets, accounts=accounts, kill=kill)
                for state in ("as it was left", "without derived files"):
                    if state != "as it was left":
                        if kill:
                            continue
                        drop_derived(path)
                    times = {"warm": [], "cold": []}
                    for _ in range(rounds):
                        for kind in times:
                            copy = self.clean("restart-copy")
                            # Segments are only read, but for what is added: the copy may share them.
                            subprocess.run(["cp", "-a", str(path), str(copy)], check=True)
                            settle(drop=kind == "cold")
                            times[kind].append(self.run("restart", copy))
                    ended = "closed in order" if not kill else "killed"
                    for kind, found in times.items():
                        rows.append({
                            "messages": messages, "state": ended if state == "as it was left" else state, "cache": kind,
                            "open, ms": 1000 * middle(found, "open the store"),
                            "first account, ms": 1000 * middle(found, "first account"),
                            "memory, MB": middle(found, "memory") / 1e6,
                        })
                self.clean("restart-copy")
            self.clean("restart")
        self.results["restart"] = {"rows": rows, "octets": octets, "rounds": rounds}
        self.report(f"\nRestart, messages of {octets} octets, 1,000 an account (median of {rounds})\n")
        self.table(rows)

    # -- octets on disk

    def corpus(self, files):
        path = self.clean("corpus")
        figures = self.run("corpus", path, *files)
        row = {"messages": figures["messages"], "octets of mail": figures["octets"],
               "octets of segments": size(path, "*.log"), "by octet": size(path, "*.log") / figures["octets"],
               "all files, by octet": size(path, "*") / figures["octets"],
               "Maildir, by octet (blocks of 4 KiB)": sum(-(-os.path.getsize(f) // 4096) * 4096 for f in files)
               / figures["octets"]}
        self.results["corpus"] = row
        self.report("\nOctets on disk by octet of mail\n")
        self.table([row])
        self.clean("corpus")

    def table(self, rows):
        names = list(rows[0])
        self.report("| " + " | ".join(names) + " |")
        self.report("|" + "---|" * len(names))
        for row in rows:
            self.report("| " + " | ".join(text(row[name]) for name in names) + " |")

    def save(self, path):
        Path(path).write_text(json.dumps(self.results, indent=1) + "\n")
        self.report(f"\nall of it in {path}")


def text(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def middle(found, name):
    return statistics.median(figures[name] for figures in found)


def size(folder, pattern):
    return sum(path.stat().st_size for path in Path(folder).rglob(pattern) if path.is_file())


def drop_derived(folder):
    """Leaves what cannot be made again: segments and FORMAT."""
    for path in Path(folder).rglob("*"):
        if path.is_file() and path.suffix != ".log" and path.name != "FORMAT":
            path.unlink()


def settle(drop=False):
    """Has what was written before reach the disk, so that the next run does not pay for it."""
    os.sync()
    if drop:
        try:
            Path("/proc/sys/vm/drop_caches").write_text("3")
        except OSError as error:
            raise SystemExit(f"cold figures need root, to drop the caches: {error}") from error


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": model, "cores": os.cpu_count(), "memory, GB": round(memory / 1e9), "kernel": platform.release(),
            "load before": os.getloadavg()[0]}
