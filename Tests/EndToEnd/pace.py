# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""How fast the machine is just now, for the few tests that hold the server against a clock."""
import statistics
import subprocess
import time

from server import MARTLET

# What a start of the program takes on two idle cores, debug build, in seconds.
USUAL_START = 0.02


def slack(duration):
    """A time that may pass on the usual machine, as long as it may be on this one now: longer on a slower, never shorter.

    A process that starts is what the measure is, since it asks of the machine what a test of the server asks.
    """
    return duration * max(1, start_time() / USUAL_START)


def start_time():
    """Seconds from a start of the program to its end: the median of a few."""
    times = []
    for _ in range(7):
        begun = time.monotonic()
        subprocess.run([MARTLET, "--version"], stdout=subprocess.DEVNULL, check=True)
        times.append(time.monotonic() - begun)
    return statistics.median(times)
