# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What has nothing beside it: starts, deaths, and what others notice of an import."""
import shutil
import subprocess
import time

from clients import send
from contenders import Martlet
from messages import message
from rows import Row
from server import MARTLET


def write_mbox(path, count):
    """Messages of 1 kB."""
    body = b"\n".join([b"a line of text that is as long as lines of text are, about so"] * 10)
    with open(path, "wb", 1 << 20) as file:
        for number in range(count):
            file.write(b"From load@example.org Sat Nov 21 07:28:46 2026\nFrom: load@example.org\nSubject: Message %d\n"
                       b"Date: Sat, 21 Nov 2026 07:28:46 +0000\nMessage-ID: <alone-%d@example.org>\n\n%s\n\n"
                       % (number, number, body))


def measure_alone(quick, queue_program, folder, run, found):
    """Adds rows of title and value, as text."""
    count = 20_000 if quick else 1_000_000
    contender = Martlet(6)
    server = contender.server
    path = f"{folder}/alone.mbox"
    try:
        write_mbox(path, count)
        send(server, [contender.users[1]], message())
        importer = subprocess.Popen([MARTLET, "import", "mbox", path, "--account", contender.users[0], "--data",
                                     server.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = time.monotonic()
        waits = []
        while importer.poll() is None:
            probe = Row("probe", "", "", "", "probe", {"sessions": 1, "seconds": 2 if quick else 10}, first=1)
            waits.append(run.run(contender, probe))
        seconds = time.monotonic() - begun
        if importer.returncode != 0:
            raise AssertionError(f"the import ended with {importer.returncode}")
        found.append({"title": f"import of {count:,} messages of 1 kB", "value": f"{count / seconds:,.0f}/s"})
        if waits:
            worst = max(wait["p99_ms"] for wait in waits)
            middle = sorted(wait["p50_ms"] for wait in waits)[len(waits) // 2]
            found.append({"title": "NOOP and FETCH of another user meanwhile",
                          "value": f"p50 {middle:.1f} ms, p99 {worst:.1f} ms"})
        contender.kill()
        begun = time.monotonic()
        contender.start()
        ready = time.monotonic() - begun
        select = Row("select", "", "", "", "select", {"times": 1}, first=0)
        opened = run.run(contender, select)
        if opened["messages"] != count:
            raise AssertionError(f"{opened['messages']} of {count} messages after kill -9")
        first = time.monotonic() - begun
        found.append({"title": f"after kill -9 with {count:,} messages: every port answers", "value": f"{ready:.2f} s",
                      "bars": "5 s, 1 s"})
        found.append({"title": "and until that mailbox was open in a session", "value": f"{first:.2f} s"})
    finally:
        contender.close()
    empty = Martlet(1)
    try:
        empty.server.stop()
        begun = time.monotonic()
        empty.start()
        found.append({"title": "start of an empty server: every port answers", "value": f"{time.monotonic() - begun:.2f} s"})
    finally:
        empty.close()
    if queue_program:
        queue(queue_program, folder, found)


def queue(program, folder, found):
    """A queue of a million messages, by itself: taken in, and opened again."""
    result = subprocess.run([program, f"{folder}/queue", "1000000"], check=True, capture_output=True,
                            text=True)
    shutil.rmtree(f"{folder}/queue", ignore_errors=True)
    for line in result.stdout.strip().splitlines():
        found.append({"title": "queue of 1,000,000", "value": " ".join(line.strip("| ").split())})

