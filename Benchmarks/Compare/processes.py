# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What the processes of a server use: processor time and memory."""
import os
import subprocess
import time
from pathlib import Path

from server import children_of

TICK = os.sysconf("SC_CLK_TCK")


def family(root):
    """A process and all below it."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children_of(pid)
    return found


def name_of(pid):
    """What a process is called: the role of a worker of Martlet, or the name of the program."""
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    if words[1:2] == ["worker"] and len(words) > 3:
        return f"{words[2]}-{words[3]}"
    return Path(f"/proc/{pid}/comm").read_text().strip()


def processor(roots):
    """Seconds of processor time of processes, of those below them, and of those that they have waited for."""
    return sum(processor_by_name(roots).values())


def processor_by_name(roots):
    """The same by the names of processes."""
    found = {}
    for pid in [pid for root in roots for pid in family(root)]:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            name = name_of(pid)
        except OSError:
            continue
        found[name] = found.get(name, 0) + sum(int(field) for field in fields[11:15]) / TICK
    return found


def memory(roots):
    """PSS in kB by the names of processes: pages that several share are divided among them."""
    found = {}
    for pid in [pid for root in roots for pid in family(root)]:
        try:
            name = name_of(pid)
            rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        for line in rows:
            if line.startswith("Pss:"):
                found[name] = found.get(name, 0) + int(line.split()[1])
    return found


def drop_caches():
    """Empties the page cache, so that what is read next comes from the disk; false where that is not allowed."""
    subprocess.run(["sync"], check=True)
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError:
        return False
    return True


def until_quiet(roots, limit=90):
    """Waits until processes do no more of their own, such as indexing what they were filled with; whether they ended it."""
    end = time.monotonic() + limit
    calm, before = 0, processor(roots)
    while calm < 3 and time.monotonic() < end:
        time.sleep(1)
        used = processor(roots)
        calm, before = calm + 1 if used - before < 0.05 else 0, used
    return calm >= 3


def settle(seconds=1.0):
    """Lets what was written go to the disk, so that it is not the next run's."""
    subprocess.run(["sync"], check=True)
    time.sleep(seconds)
