# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Runs loads on contenders in turns, and keeps what they say."""
import json
import os
import select
import statistics
import subprocess
import sys
import time

from contenders import users_file
from processes import memory, processor_by_name, settle
from rows import LESS

LOAD_LIMIT = 900


class LoadFailed(Exception):
    pass


class Measuring:
    """All figures of one run of the comparison."""

    def __init__(self, program, folder, rounds, minutes, report):
        self.program, self.folder, self.rounds, self.report = program, folder, rounds, report
        self.deadline = time.monotonic() + 60 * minutes
        self.figures = {}
        self.notes = []

    # -- one load

    def command(self, contender, row, **more):
        options = {**row.options, **more}
        words = [self.program, row.load, "--smtp", contender.ports["smtp"], "--first", row.first]
        if hasattr(contender, "users"):
            words += ["--users", users_file(self.folder, contender.users)]
        for name in ("imap", "pop3"):
            if name in contender.ports:
                words += [f"--{name}s" if row.tls else f"--{name}", contender.ports[name + ("s" if row.tls else "")]]
        for name, value in options.items():
            words += [f"--{name}", value]
        return [str(word) for word in words]

    def run(self, contender, row, **more):
        """The JSON of a load; a wrong answer of the server ends it all."""
        if row.figure == "memory":
            return self.hold(contender, row)
        if row.cold and not contender.restart(cold=True):
            self.note("the page cache could not be emptied: cold rows are those of a restarted server")
        if row.fresh:
            contender.restart(cold=False)
        before, begun = processor_by_name(contender.roots()), time.monotonic()
        result = subprocess.run(self.command(contender, row, **more), capture_output=True, text=True, timeout=LOAD_LIMIT)
        used = {name: seconds - before.get(name, 0) for name, seconds in processor_by_name(contender.roots()).items()}
        found = self.read(contender, row, result.returncode, result.stdout, result.stderr)
        operations = max(1, found["operations"])
        pss = memory(contender.roots())
        by_process = {name: 1000 * seconds / operations for name, seconds in used.items()} if row.is_whole else {}
        return {**found, "cpu_ms": sum(by_process.values()) if row.is_whole else None, "wall": time.monotonic() - begun,
                "cpu_ms_by_process": by_process, "memory_kb": sum(pss.values()), "memory_by_process": pss}

    def read(self, contender, row, status, output, errors):
        lines = [line for line in output.splitlines() if line.startswith("{")]
        if not lines:
            raise LoadFailed(f"{row.key} on {contender.name}: {errors.strip()[-500:]} | {contender.log()[-500:]}")
        found = json.loads(lines[-1])
        if status != 0 or found["errors"]:
            raise LoadFailed(f"{row.key} on {contender.name}: {found['errors']} errors, first: {found['first_error']} | "
                             f"{contender.log()[-500:]}")
        return found

    def hold(self, contender, row):
        """Memory that sessions take which do nothing: what all processes have more while they are there.

        Of a server that was started anew, since what others left is given back meanwhile and would be taken off; and
        after some sessions that came and went, so that nothing is counted that is there once for all.
        """
        contender.restart(cold=False)
        self.hold_sessions(contender, row, row.options["sessions"] // 4)
        settle()
        before = sum(memory(contender.roots()).values())
        found, during = self.hold_sessions(contender, row, row.options["sessions"])
        return {**found, "memory": (sum(during.values()) - before) / row.options["sessions"], "cpu_ms": None,
                "memory_kb": sum(during.values()), "memory_by_process": during}

    def hold_sessions(self, contender, row, count):
        """What the load says, and the memory of the server's processes while its sessions were there."""
        process = subprocess.Popen(self.command(contender, row, sessions=count), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready, _, _ = select.select([process.stdout], [], [], LOAD_LIMIT)
        line = process.stdout.readline() if ready else ""
        if not line.startswith("ready"):
            process.kill()
            raise LoadFailed(f"{row.key} on {contender.name}: {line} {process.stderr.read()[-500:]}")
        time.sleep(2)
        during = memory(contender.roots())
        output, errors = process.communicate("go on\n", timeout=LOAD_LIMIT)
        return self.read(contender, row, process.returncode, output, errors), during

    # -- turns

    def measure(self, contenders, rows, rounds=None):
        """Every row in rounds, the contenders in turns; which is first changes from round to round."""
        for row in rows:
            count = rounds or self.rounds
            runs = {contender.name: [] for contender in contenders}
            failed = False
            for turn in range(count):
                if turn and time.monotonic() > self.deadline:
                    self.note("the time was over: the last rows have fewer rounds")
                    break
                for contender in contenders if turn % 2 == 0 else contenders[::-1]:
                    try:
                        runs[contender.name].append(self.run(contender, row))
                    except (LoadFailed, subprocess.TimeoutExpired) as error:
                        self.note(str(error))
                        failed = True
                if failed:
                    break
            self.figures[row.key] = {"row": row, "runs": runs, "failed": failed}
            self.tell(row)

    def pauses(self, contenders, row, rounds):
        """For each command, what another session waited for meanwhile: the longest of each round, by contender."""
        found = {}
        for turn in range(rounds):
            if turn and time.monotonic() > self.deadline:
                break
            for contender in contenders if turn % 2 == 0 else contenders[::-1]:
                try:
                    pauses = self.run(contender, row)["pauses"]
                except (LoadFailed, subprocess.TimeoutExpired) as error:
                    self.note(f"FAILED: {error}")
                    continue
                for pause in (one for one in pauses if one["longest_ms"] is not None):
                    found.setdefault(pause["command"], {}).setdefault(contender.name, []).append(pause)
        table = []
        for command, runs in found.items():
            servers = {name: {"median": statistics.median(one["longest_ms"] for one in waits),
                              "most": max(one["longest_ms"] for one in waits),
                              "p50": statistics.median(one["p50_ms"] for one in waits),
                              "seconds": statistics.median(one["seconds"] for one in waits)}
                       for name, waits in runs.items()}
            table.append({"command": command, "servers": servers})
            told = ", ".join(f"{name} {server['median']:.1f} ms" for name, server in servers.items())
            self.report(f"another session during {command}: {told}")
        return table

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
            print(f"note: {text}", file=sys.stderr, flush=True)

    # -- what came out

    def summary(self, row):
        """Medians, the ratio of pairs (above 1: Martlet is better), its spread, and processor time."""
        runs = self.figures[row.key]["runs"]
        names = list(runs)
        values = {name: [run[row.figure] for run in runs[name]] for name in names}
        out = {"row": row.key, "title": row.title, "unit": row.unit, "group": row.group, "better": row.better,
               "bar": row.bar, "goal": row.goal, "cpu_bar": row.cpu_bar, "cpu_goal": row.cpu_goal,
               "per": row.per, "failed": self.figures[row.key]["failed"], "servers": {}}
        for name in names:
            if not values[name]:
                continue
            cpu = [run["cpu_ms"] for run in runs[name] if run["cpu_ms"] is not None]
            out["servers"][name] = {
                "median": statistics.median(values[name]), "least": min(values[name]), "most": max(values[name]),
                "cpu_ms": statistics.median(cpu) if cpu else None, "p99_ms": statistics.median(
                    [run["p99_ms"] or 0 for run in runs[name]]),
                "memory_mb": statistics.median([run["memory_kb"] for run in runs[name]]) / 1024,
                "memory_kb_by_process": runs[name][-1]["memory_by_process"],
                "cpu_ms_by_process": medians([run.get("cpu_ms_by_process", {}) for run in runs[name]]),
                "accepted": statistics.median([run.get("accepted_per_second") or 0 for run in runs[name]]),
            }
        if len(names) == 2:
            pairs = list(zip(values[names[0]], values[names[1]]))
            ratios = [(b / a if row.better == LESS else a / b) for a, b in pairs if a > 0 and b > 0]
            costs = [(b["cpu_ms"] / a["cpu_ms"]) for a, b in zip(runs[names[0]], runs[names[1]])
                     if a["cpu_ms"] and b["cpu_ms"]]
            if ratios:
                out["ratio"] = {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)}
            if costs:
                out["cpu_ratio"] = statistics.median(costs)
        return out

    def tell(self, row):
        found = self.summary(row)
        parts = [f"{name} {server['median']:.3g} {row.unit}" for name, server in found["servers"].items()]
        ratio = f", ratio {found['ratio']['median']:.2f}" if "ratio" in found else ""
        self.report(f"{row.title}: {', '.join(parts)}{ratio}{' FAILED' if found['failed'] else ''}")

    def summaries(self):
        return [self.summary(entry["row"]) for entry in self.figures.values()]


def medians(tables):
    """The median of each entry over several tables."""
    return {name: statistics.median(table.get(name, 0) for table in tables) for table in tables for name in table}


def load_average():
    return os.getloadavg()[0]

