# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Instructions and allocations of hot paths stay within the budgets of the tree (script/budgets)."""
import json
import os
import subprocess
import unittest
from pathlib import Path

from server import ROOT

PROGRAM = ROOT / ".build/release/martlet"
# All but the commit of a delivery, whose program is not part of what script/build makes.
PATHS = ("imap-parse-fetch", "imap-parse-store", "imap-encode-flags", "imap-encode-envelope", "imap-read-envelope",
         "smtp-parse-mail", "smtp-parse-rcpt", "smtp-data-10k", "pop3-stuff-10k", "message-structure-10k")


def newest_source():
    return max(path.stat().st_mtime for path in (ROOT / "Sources").rglob("*") if path.is_file())


def has_release_build():
    """Whether the modules that the paths are in are built for release, as they are now."""
    return PROGRAM.exists() and PROGRAM.resolve().stat().st_mtime > newest_source()


class Budgets(unittest.TestCase):
    @unittest.skipUnless(has_release_build(), "no release build of these sources (script/build)")
    def test_hot_paths_keep_their_budgets(self):
        # With the flags of script/build, or everything would be built anew.
        environment = {name: value for name, value in os.environ.items() if name != "MARTLET_STRICT"}
        built = subprocess.run(
            ["swift", "build", "-c", "release", "--static-swift-stdlib", "--product", "Budgets"], cwd=ROOT, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(built.returncode, 0, built.stdout[-3000:])
        environment["MARTLET_BUDGETS"] = str(ROOT / ".build/release/Budgets")
        # Another processor chooses other code for copying and searching.
        counted = subprocess.run(
            [ROOT / "script/budgets", "--only", ",".join(PATHS), "--tolerance", "10"], env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(counted.returncode, 0, counted.stdout[-3000:])

    def test_every_path_of_the_program_has_budgets(self):
        kept = json.loads(Path(ROOT, "Benchmarks/Budgets/budgets.json").read_text())
        for kind in ("instructions", "allocations"):
            self.assertEqual(set(kept[kind]), {*PATHS, "deliver-commit-10k"})


if __name__ == "__main__":
    unittest.main()
