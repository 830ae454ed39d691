# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Benchmarks/Load: that every load runs without an error, and that a wrong answer is one."""
import json
import math
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path
from xml.etree import ElementTree

from clients import send
from messages import message
from server import MARTLET, ROOT, shared

sys.path.insert(0, str(ROOT / "Benchmarks/Compare"))
LOAD = Path(MARTLET).with_name("Load")


@unittest.skipUnless(LOAD.exists(), "Benchmarks/Load is not built")
class Loads(unittest.TestCase):
    def setUp(self):
        self.server = shared()
        self.users = [self.server.new_account() for _ in range(3)]
        self.file = tempfile.NamedTemporaryFile("w", suffix=".users")
        self.addCleanup(self.file.close)
        self.file.write("".join(f"{user} secret\n" for user in self.users))
        self.file.flush()

    def words(self, load, **options):
        ports = {name: self.server.port(name) for name in ("smtp", "imap", "pop3")}
        given = {"users": self.file.name, "octets": 3000, **ports, **options}
        return [str(LOAD), load, *(str(word) for name, value in given.items() for word in (f"--{name}", value))]

    def load(self, load, status=0, **options):
        result = subprocess.run(self.words(load, **options), capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        found = json.loads(result.stdout)
        self.assertEqual(found["errors"] > 0, status != 0, found)
        return found

    def test_mail_that_is_written(self):
        self.assertEqual(self.load("deliver", sessions=4, messages=20, mailboxes=3)["operations"], 20)
        self.assertEqual(self.load("append", sessions=3, messages=9)["operations"], 9)
        self.assertEqual(self.load("append", sessions=3, messages=9, hot=1)["operations"], 9)
        self.assertEqual(self.load("notify", sessions=2, messages=3)["operations"], 6)

    def test_mail_that_is_read(self):
        self.load("fill", messages=60)
        for items in ("flags", "envelopes", "bodies"):
            self.assertEqual(self.load("fetch", items=items)["operations"], 60)
        for by in ("text", "flags", "dates", "sent"):
            self.load("search", by=by, times=3)
        self.load("select", times=3)
        self.assertEqual(self.load("download", sessions=2, times=2)["operations"], 4)
        self.load("log-on", sessions=2, seconds=1, imaps=self.server.port("imaps"))
        self.load("probe", sessions=1, seconds=1)

    def test_mail_that_is_put_in_order(self):
        # More than is put in order on the spot.
        self.load("fill", messages=702, octets=1000)
        for by in ("date", "subject"):
            self.load("sort", by=by)
        for by in ("references", "orderedsubject"):
            self.load("thread", by=by)

    def test_mail_that_is_changed(self):
        self.load("fill", messages=60)
        self.assertEqual(self.load("store", times=2)["operations"], 240)
        self.assertEqual(self.load("expunge", times=2)["operations"], 108)
        self.load("fetch", items="flags")

    def test_what_another_session_waits_for(self):
        self.load("fill", messages=60)
        found = self.load("pause", other=1)["pauses"]
        commands = [pause["command"] for pause in found]
        self.assertEqual(commands[:2], ["nothing", "SELECT"])
        for command in ("FETCH bodies", "SORT by SUBJECT", "THREAD REFERENCES", "STORE +FLAGS", "EXPUNGE"):
            self.assertIn(command, commands)
        # A command may be over before anything could be asked.
        asked = [pause for pause in found if pause["asked"]]
        self.assertTrue(all(pause["longest_ms"] >= pause["p50_ms"] > 0 for pause in asked), found)
        self.assertIn("nothing", [pause["command"] for pause in asked])

    def test_sessions_that_are_held(self):
        words = self.words("hold", sessions=5, imaps=self.server.port("imaps"))
        held = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(held.stdout.readline(), "ready 5\n")
        output, _ = held.communicate("go on\n", timeout=60)
        self.assertEqual((held.returncode, json.loads(output)["errors"]), (0, 0))

    def test_a_wrong_answer_is_an_error(self):
        self.load("fill", messages=3)
        send(self.server, [self.users[0]], message())
        for items in ("envelopes", "bodies"):
            self.load("fetch", status=1, items=items)
        self.load("download", status=1)

    def test_another_order_or_another_result_is_an_error(self):
        # The load takes it for the first of its own, which was sent and came before all others.
        send(self.server, [self.users[1]], message())
        self.load("fill", messages=3, first=1)
        for load, by in (("search", "flags"), ("search", "dates"), ("search", "sent"), ("sort", "date"), ("sort", "subject"),
                         ("thread", "references"), ("thread", "orderedsubject")):
            self.load(load, status=1, first=1, by=by)


class Report(unittest.TestCase):
    """What script/bench makes of figures."""

    NAMES = ["Martlet", "Others"]

    def measuring(self):
        from measuring import Measuring
        from rows import LESS, Row
        run = Measuring("", "", 2, 1, lambda text: None)
        figures = {"cpu_ms": 2.0, "memory_kb": 2048, "memory_by_process": {"martlet": 2048}, "p99_ms": 1.0}
        for row, ours, theirs in (
            (Row("flags-10", "G", "flags <10>", "/s", "fetch", bar=2, goal=3), (40, 60), (10, 30)),
            (Row("flags-100", "G", "flags of 100", "/s", "fetch", bar=2, goal=5), (10, 20), (10, 10)),
            (Row("search-10", "G", "search", "ms", "search", figure="p50_ms", better=LESS), (1, 1), (4, 4)),
            (Row("search-100", "G", "search", "ms", "search", figure="p50_ms", better=LESS), (20, 20), (40, 40)),
        ):
            runs = {name: [{**figures, row.figure: value} for value in values]
                    for name, values in zip(self.NAMES, (ours, theirs))}
            run.figures[row.key] = {"row": row, "runs": runs, "failed": False}
        return run.summaries()

    def test_medians_ratios_and_verdicts(self):
        from report import verdict
        first, second, third, _ = self.measuring()
        self.assertEqual(first["ratio"], {"median": 3, "least": 2, "most": 4})
        self.assertEqual([verdict(row) for row in (first, second, third)], ["goal reached", "below the bar", ""])
        self.assertEqual(third["ratio"]["median"], 4)
        self.assertEqual(first["cpu_ratio"], 1)

    def test_growth(self):
        from report import growth
        found = {entry["title"]: entry["values"] for entry in growth(self.measuring(), [10, 100], self.NAMES)}
        self.assertAlmostEqual(found["FETCH flags"]["Martlet"]["exponent"], 1 + math.log10(50 / 15))
        self.assertAlmostEqual(found["SEARCH TEXT"]["Martlet"]["exponent"], 1 + math.log10(2))
        self.assertAlmostEqual(found["SEARCH TEXT"]["Others"]["exponent"], 1)

    def test_growth_beyond_linear_is_marked(self):
        from report import exponents
        self.assertEqual(exponents({"exponent": 1.301, "steps": [1.0, 1.6]}), "**1.30** (1.00, 1.60)")
        self.assertEqual(exponents({"exponent": 1.15, "steps": [1.15]}), "1.15")
        self.assertEqual(exponents(None), "")

    def test_pauses(self):
        from measuring import Measuring
        from report import pauses
        from rows import pause
        waits = {"Martlet": [10, 70, 20], "Others": [5, 5, 90]}
        run = Measuring("", "", 3, 1, lambda text: None)
        run.run = lambda contender, row: {"pauses": [
            {"command": "SELECT", "seconds": 1, "p50_ms": 1, "longest_ms": waits[contender.name].pop(0)}]}
        found = run.pauses([types.SimpleNamespace(name=name) for name in self.NAMES], pause(0), 3)
        self.assertEqual(found[0]["servers"]["Martlet"], {"median": 20, "most": 70, "p50": 1, "seconds": 1})
        self.assertEqual(pauses(found, self.NAMES)[-2], "| SELECT | 20 (70) | 5 (90) | 1, 1 | within the bar |")
        found[0]["servers"]["Martlet"]["median"] = 51
        self.assertIn("**above 50 ms**", pauses(found, self.NAMES)[-2])

    def test_files(self):
        from report import growth, write
        rows = self.measuring()
        results = {"begun": "now", "machine": "m", "versions": "v", "rounds": 2, "command": "c", "load": [0, 0], "seconds": 1,
                   "names": self.NAMES, "sizes": [10, 100], "rows": rows, "alone": [{"title": "t", "value": "1 s"}],
                   "growth": growth(rows, [10, 100], self.NAMES), "notes": ["a note"]}
        with tempfile.TemporaryDirectory() as folder:
            text = write(results, folder)
            self.assertIn("| flags <10> | /s | 50 (40 to 60) |", text)
            self.assertEqual(json.loads(Path(folder, "bench.json").read_text())["rows"][0]["row"], "flags-10")
            pictures = sorted(path.name for path in Path(folder).glob("*.svg"))
            self.assertEqual(pictures, ["bench-g.svg", "bench-growth.svg"])
            for name in pictures:
                ElementTree.parse(Path(folder, name))


if __name__ == "__main__":
    unittest.main()
