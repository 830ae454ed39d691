# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The record that tests of power cuts go by is itself right, with several processes at it that are killed at any time."""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import powercut
from server import until

# Appends numbered lines to a file of its own, and to one that all share the name of, under new names.
WRITER = """
import os, sys, itertools
own = f"{sys.argv[1]}/{os.getpid()}"
file = os.open(own, os.O_CREAT | os.O_WRONLY)
for number in itertools.count():
    os.write(file, b"%d of %d\\n" % (number, os.getpid()))
    if number % 50 == 0:
        os.fsync(file)
        os.close(os.open(own + ".new", os.O_CREAT | os.O_WRONLY))
        os.rename(own + ".new", sys.argv[1] + "/all")
"""


class TheRecord(unittest.TestCase):
    def test_several_processes_write_it_and_die(self):
        place = tempfile.mkdtemp(prefix="martlet-record-", dir="/tmp")
        self.addCleanup(shutil.rmtree, place, True)
        folder, trace = f"{place}/folder", f"{place}/trace"
        os.mkdir(folder)
        environment = {**os.environ, **powercut.environment(powercut.shim(place), folder, trace, delay=100)}
        for turn in range(5):
            writers = [subprocess.Popen([sys.executable, "-c", WRITER, folder], env=environment) for _ in range(4)]
            until(lambda: os.path.exists(trace) and os.path.getsize(trace) > 50_000 * (turn + 1), 120, "a long record")
            for writer in writers:
                time.sleep(random.uniform(0, 0.05))
                os.kill(writer.pid, signal.SIGKILL)
                self.assertEqual(writer.wait(), -signal.SIGKILL)
        history = powercut.records(trace)
        numbers = [record.number for record in history]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertGreater(len(history), 1000)
        disk = powercut.Disk(f"{place}/nothing")
        for record in history:
            disk.take(record)
        for path in Path(folder).iterdir():
            self.check(disk.current.get(path.name, powercut.File()), path.read_bytes())

    def check(self, file, octets):
        """All that a file has was written down, but for the one thing that its process died in."""
        written = bytearray(file.safe)
        for record in file.since:
            file.apply(written, record)
        self.assertTrue(octets.startswith(written))
        self.assertLess(len(octets) - len(written), 40)
