# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Programs that want a terminal, run with one that nobody looks at."""
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time


def run_in_terminal(*command, environment=None, timeout=60):
    """Runs a program with a terminal of 80 by 24; its exit status and all that it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    written = []

    def read():
        while True:
            try:
                octets = os.read(ours, 65536)
            except OSError:
                return
            if not octets:
                return
            written.append(octets)

    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                               env={**os.environ, "TERM": "xterm", **(environment or {})})
    os.close(theirs)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        status = process.wait(timeout)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        status = None
    # What is left in the terminal is read before its other end says that it is over.
    deadline = time.monotonic() + 5
    while reader.is_alive() and time.monotonic() < deadline:
        reader.join(0.1)
    os.close(ours)
    return status, b"".join(written).decode(errors="replace")
