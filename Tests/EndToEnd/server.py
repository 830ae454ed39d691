# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The real server, started on free ports in a folder of its own."""
import atexit
import functools
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MARTLET = os.environ.get("MARTLET") or str(ROOT / ".build/debug/martlet")
WELL_KNOWN = {"smtp": 25, "submission": 587, "submissions": 465, "lmtp": 24,
              "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995}
IMPLICIT_TLS = {"submissions", "imaps", "pop3s"}
DOMAIN = "example.test"
QUICK = os.environ.get("MARTLET_TEST_QUICK") == "1"


class CommandFailed(AssertionError):
    pass


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port_base():
    """A base below the ports that the kernel gives to clients, with all listeners' ports free."""
    for _ in range(200):
        base = random.randrange(11_000, 31_700)
        if all(is_free(base + port) for port in WELL_KNOWN.values()):
            return base
    raise AssertionError("no free ports between 11000 and 32000")


@functools.cache
def tls_context():
    """Takes any certificate: the server under test vouches for itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def until(condition, timeout=10.0, what="it"):
    """Asks again and again until the answer counts as true, and gives it back."""
    deadline = time.monotonic() + timeout
    pause = 0.002
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {timeout} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


class Server:
    """One instance. Accounts: alice and bob at example.test, with the passwords secret1 and secret2."""

    def __init__(self, settings=None, folder=None):
        # Short, because Unix sockets below it have names of at most 107 octets.
        self.folder = folder or tempfile.mkdtemp(prefix="martlet-e2e-", dir="/tmp")
        self.owns_folder = folder is None
        self.base = free_port_base()
        self.process = None
        self.made = 0
        self.prepare(settings or {})

    # -- starting and stopping

    def prepare(self, settings):
        if not os.path.exists(self.folder + "/directory.db"):
            self.cli("domain", "add", DOMAIN)
            self.add_account("alice", "secret1")
            self.add_account("bob", "secret2")
        if not os.path.exists(self.folder + "/keys/server.crt"):
            self.cli("certificate", "create", "--self-signed", "--name", "localhost")
        for path, value in settings.items():
            self.cli("settings", "set", path, value)

    def start(self, environment=None):
        """Starts it, with more in its environment than this process has; returns when every port answers."""
        self.spawn(environment)
        self.wait_until_ready()
        return self

    def spawn(self, environment=None):
        os.makedirs(self.folder + "/log", exist_ok=True)
        with open(self.folder + "/log/console.log", "ab") as console:
            self.process = subprocess.Popen(
                [MARTLET, "serve", "--data", self.folder, "--port-base", str(self.base)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                env={**os.environ, **(environment or {})},
            )
        atexit.register(self.destroy)

    def wait_until_ready(self, timeout=30):
        for name in WELL_KNOWN:
            until(lambda: self.answers(name), timeout, f"{name} to answer ({self.console()[-500:]})")

    def answers(self, name):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}: {self.console()}")
        try:
            with self.connect(name, timeout=2) as connection:
                return connection.recv(1) != b""
        except OSError:
            return False

    def stop(self, timeout=20):
        """Asks the server to end, and gives its exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end within {timeout} s of SIGTERM: {self.console()}")

    def kill(self):
        """Ends service control and every process it started, by their ids."""
        processes = [self.process.pid, *children_of(self.process.pid)] if self.process else []
        for pid in processes:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process:
            self.process.wait()

    def destroy(self):
        atexit.unregister(self.destroy)
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except AssertionError:
                self.kill()
        if self.owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- the command line

    def run(self, *arguments, given=None, timeout=180):
        """A command of the program on this instance, whatever comes of it."""
        # Behind "--" all are words.
        end = arguments.index("--") if "--" in arguments else len(arguments)
        words = [MARTLET, *arguments[:end], "--data", self.folder, *arguments[end:]]
        return subprocess.run(words, input=given, capture_output=True, text=True, timeout=timeout)

    def cli(self, *arguments, given=None):
        """A command that must work; its output."""
        result = self.run(*arguments, given=given)
        if result.returncode != 0:
            raise CommandFailed(f"martlet {' '.join(arguments)}: {result.returncode} {result.stderr or result.stdout}")
        return result.stdout

    def add_account(self, name, password="secret"):
        address = f"{name}@{DOMAIN}"
        self.cli("account", "add", address, "--password-stdin", given=password + "\n")
        return address

    def new_account(self, password="secret"):
        """An account that no other test uses; its address."""
        self.made += 1
        return self.add_account(f"user{self.made}", password)

    def services(self):
        return json.loads(self.cli("service", "list", "--json"))

    def workers(self, role=None):
        """Worker processes by name; of one role, or all."""
        return {s["name"]: s["pid"] for s in self.services() if role in (None, s["role"]) and s["pid"]}

    def events(self, *numbers, last=10_000):
        choice = [part for number in numbers for part in ("--id", str(number))]
        return json.loads(self.cli("events", "--json", "--last", str(last), *choice))

    def event(self, *numbers, timeout=5, where=lambda event: True):
        """The newest event of these numbers, once there is one."""
        found = until(lambda: [e for e in self.events(*numbers) if where(e)], timeout, f"event {numbers}")
        return found[-1]

    def console(self):
        try:
            return Path(self.folder, "log/console.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    # -- the network

    def port(self, name):
        return self.base + WELL_KNOWN[name]

    def connect(self, name, timeout=10):
        connection = socket.create_connection(("127.0.0.1", self.port(name)), timeout=timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if name in IMPLICIT_TLS:
            try:
                return tls_context().wrap_socket(connection, server_hostname="localhost")
            except BaseException:
                connection.close()
                raise
        return connection


def children_of(pid):
    """Ids of the processes that a process has started and that still run; none of one that has ended meanwhile."""
    found = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        try:
            found += [int(word) for word in Path(f"/proc/{pid}/task/{thread}/children").read_text().split()]
        except OSError:
            pass
    return found


_shared = None


def shared():
    """One server for all tests that only need one to be there."""
    global _shared
    if _shared is None or _shared.process.poll() is not None:
        _shared = Server().start()
    return _shared
