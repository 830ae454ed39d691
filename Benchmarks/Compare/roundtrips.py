# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What of SELECT is the way there and back, and what is SELECT itself, on Martlet and Dovecot (script/measure round-trips)."""
import os
import pwd
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import contenders
import relay
from processes import settle, until_quiet

#: Of the large mailbox, that are left without \Seen.
UNSEEN = 10
#: Messages that come between two times that it is opened.
ARRIVALS = 30


class Caller:
    """An IMAP client that does as little as it can between sending and having the answer."""

    def __init__(self, port, user=None):
        end = time.monotonic() + 10
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
                break
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if user:
            self.socket.recv(65536)
            self.ask(f"LOGIN {user} {contenders.PASSWORD}")

    def ask(self, command):
        """Microseconds until the tagged answer was there, which is yes."""
        octets, answer = f"a {command}\r\n".encode(), b""
        begun = time.perf_counter()
        self.socket.sendall(octets)
        while not (answer.endswith(b"\r\n") and answer[answer.rfind(b"\n", 0, -1) + 1:].startswith(b"a ")):
            piece = self.socket.recv(65536)
            if not piece:
                raise AssertionError(f"{command}: the server has gone")
            answer += piece
        took = 1e6 * (time.perf_counter() - begun)
        assert b"a OK" in answer, answer[-300:]
        return took

    def times(self, command, count, after=None):
        found = []
        for _ in range(count):
            found.append(self.ask(command))
            if after:
                self.ask(after)
        return found


def make_maildir(folder, count):
    (folder / "new").mkdir(parents=True)
    (folder / "tmp").mkdir()
    (folder / "cur").mkdir()
    for number in range(count):
        (folder / f"cur/{1_700_000_000 + number}.M{number}P1.host:2,").write_text(
            f"From: a@example.org\nTo: b@example.org\nSubject: number {number}\nMessage-ID: <{number}@example.org>\n\n{number}\n")


def fill(server, folder):
    """Puts the mail of a Maildir into the first user's INBOX."""
    user = server.users[0]
    if isinstance(server, contenders.Martlet):
        server.server.cli("import", "maildir", str(folder), "--account", user)
    else:
        place = server.folder / "mail" / user
        shutil.copytree(folder, place, dirs_exist_ok=True)
        uid = pwd.getpwnam(server.owner)
        subprocess.run(["chown", "-R", f"{uid.pw_uid}:{uid.pw_gid}", place], check=True)


def rested(port, user):
    """A new session, once opening the mailbox takes it no longer than it took the one before.

    Dovecot looks again some seconds later at what was changed just now, and sessions that were there go on doing so.
    """
    before = None
    for _ in range(10):
        caller = Caller(port, user)
        caller.ask("SELECT INBOX")
        caller.ask("CLOSE")
        took = statistics.median(caller.times("EXAMINE INBOX", 11, "CLOSE"))
        if before and took > 0.7 * before:
            break
        before = took
        caller.socket.close()
        time.sleep(1.5)
    return caller


def measured(server, messages, times):
    """(what, microseconds) for all that is asked of one server."""
    port, (large, empty) = server.ports["imap"], server.users[:2]
    nobody = rested(port, empty)
    yield "NOOP, nothing selected", nobody.times("NOOP", times)
    yield "EXAMINE of an empty mailbox", nobody.times("EXAMINE INBOX", times, "CLOSE")
    caller = rested(port, large)
    yield f"EXAMINE of {messages:,}, none seen", caller.times("EXAMINE INBOX", times, "CLOSE")
    caller.ask("SELECT INBOX")
    caller.ask(f"STORE 1:{messages - UNSEEN} +FLAGS.SILENT (\\Seen)")
    caller.socket.close()
    caller, other = rested(port, large), Caller(port, large)
    yield f"EXAMINE of {messages:,}, all but {UNSEEN} seen", caller.times("EXAMINE INBOX", times, "CLOSE")
    found = []
    for _ in range(ARRIVALS):
        other.ask("APPEND INBOX {14+}\r\nSubject: new\r\n")
        found += caller.times("EXAMINE INBOX", 1, "CLOSE")
    yield "EXAMINE of it, after a message came", found


def floor(folder, times):
    """What the machine takes for a line and its answer, with one process and with two."""
    program = Path(folder) / "echo"
    subprocess.run(["cc", "-O2", "-o", program, Path(__file__).parent / "echo.c"], check=True)
    for name, more in (("one process that does nothing else", []), ("two", [str(Path(folder) / "socket")])):
        port = relay.free_port()
        process = subprocess.Popen([program, str(port), *more])
        caller = Caller(port)
        yield name, caller.times("NOOP", times)
        caller.socket.close()
        process.wait(10)


def row(name, found):
    found = sorted(found)
    low, middle, high = (found[len(found) * tenth // 10] for tenth in (1, 5, 9))
    print(f"| {name} | {middle:,.0f} ({low:,.0f} to {high:,.0f}) |", flush=True)


def measure_round_trips(messages, times=2000):
    tools, servers = relay.Tools(), []
    with tempfile.TemporaryDirectory(prefix="martlet-roundtrips-") as folder:
        try:
            servers.append(contenders.Martlet(2))
            servers.append(contenders.PostfixDovecot(2, tools))
            make_maildir(Path(folder) / "mail", messages)
            for server in servers:
                fill(server, Path(folder) / "mail")
                until_quiet(server.roots())
            settle()
            print("| | µs, median (tenth to ninth tenth) |\n|---|---|")
            for name, found in floor(folder, times):
                row(f"a line and its answer, {name}", found)
            for server in servers:
                for name, found in measured(server, messages, times):
                    row(f"{server.name.split()[-1]}: {name}", found)
            return 0
        finally:
            for server in servers:
                server.close()
            tools.close()
