# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Relay throughput: mail that comes in on one side and goes out to a sink on the other, with Postfix beside it.

Load and sink are Postfix's own tools (smtp-source, smtp-sink); to more than 64 destinations the load is a client of our
own (source.py). Postfix runs with Debian's defaults, from files that are unpacked and thrown away, under a configuration
of its own: nothing of the machine's mail is touched. Each destination is a domain with an MX record, a host and an address
of its own, in one zone that an nsd serves to both servers: to Postfix as the name server of its resolv.conf, in a mount
namespace of its own.
"""
import asyncio
import os
import pwd
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server import Server, children_of
from source import hand_in

SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def free_port(host="127.0.0.1"):
    with socket.socket() as listener:
        listener.bind((host, 0))
        return listener.getsockname()[1]


class Tools:
    """Postfix's files, unpacked into a folder."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-postfix-", dir="/tmp"))
        os.chmod(self.folder, 0o755)
        subprocess.run(["apt-get", "-qq", "download", "postfix"], cwd=self.folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        package = next(self.folder.glob("postfix_*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, self.folder / "root"], check=True)
        self.version = package.name.split("_")[1]
        self.root = self.folder / "root"
        self.environment = {**os.environ, "LD_LIBRARY_PATH": str(self.root / "usr/lib/postfix")}

    def program(self, name):
        return str(self.root / "usr/sbin" / name)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Sink:
    """smtp-sink on a port of every loopback address; knows how many messages came.

    By itself it lets the 257th connection wait for another one's end, which measures who keeps connections open."""

    def __init__(self, tools):
        self.port = free_port("0.0.0.0")
        self.count = 0
        self.process = subprocess.Popen(
            [tools.program("smtp-sink"), "-c", "-m", "4096", "-u", "nobody", f"inet:0.0.0.0:{self.port}", "4096"],
            env=tools.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        )
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        rest = b""
        while piece := os.read(self.process.stdout.fileno(), 65536):
            rest = (rest + piece)[-4096:]
            found = re.findall(rb"mesg=(\d+)", rest)
            if found:
                self.count = int(found[-1])

    def close(self):
        self.process.terminate()
        self.process.wait()


class Names:
    """nsd with the zone relay.test: each domain's MX record and the address of its host."""

    # Another one in each run, so that nobody answers for one that was left behind.
    address = f"127.53.{random.randrange(256)}.{random.randrange(1, 255)}"

    def __init__(self, destinations):
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-names-", dir="/tmp"))
        zone = ["$TTL 3600", "$ORIGIN relay.test.", "@ SOA ns root 1 3600 600 86400 60", "@ NS ns", f"ns A {self.address}"]
        for domain, address in destinations:
            label = domain.removesuffix(".relay.test")
            zone.append(f"{label} MX 10 mx.{label}")
            zone.append(f"mx.{label} {'AAAA' if ':' in address else 'A'} {address}")
        (self.folder / "relay.test.zone").write_text("\n".join(zone) + "\n")
        (self.folder / "nsd.conf").write_text(f"""server:
  ip-address: {self.address}@53
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  database: ""
  pidfile: "{self.folder}/nsd.pid"
  xfrdfile: "{self.folder}/xfrd.state"
  zonelistfile: "{self.folder}/zone.list"
  xfrdir: "{self.folder}"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: relay.test
  zonefile: relay.test.zone
""")
        self.process = subprocess.Popen(
            ["/usr/sbin/nsd", "-d", "-c", self.folder / "nsd.conf"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 20
        with socket.socket() as probe:
            while probe.connect_ex((self.address, 53)):
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError("nsd does not answer; it takes root, and a port 53 that is free")
                time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


# The name server is another one, for this process and those that it starts.
NAMESPACE = """
mount --make-rprivate /
mount --bind "$1/etc/resolv.conf" /etc/resolv.conf
shift
exec "$@"
"""


class Postfix:
    """Sends mail on to the sink; or, told so by more settings, hands that of some users to somebody."""

    name = "Postfix"

    def __init__(self, tools, sink, settings="", users=()):
        self.tools, self.port = tools, free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-postfix-run-", dir="/tmp"))
        os.chmod(self.folder, 0o755)
        (self.folder / "etc").mkdir()
        owner, group = "news", "uucp"
        (self.folder / "etc/resolv.conf").write_text(f"nameserver {Names.address}\n")
        (self.folder / "etc/users").write_text("".join(f"{user} {user}\n" for user in users))
        (self.folder / "etc/master.cf").write_text(SERVICES.format(port=self.port))
        (self.folder / "etc/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.folder}/spool
data_directory = {self.folder}/data
command_directory = {tools.root}/usr/sbin
daemon_directory = {tools.root}/usr/lib/postfix/sbin
shlib_directory = {tools.root}/usr/lib/postfix
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
myhostname = postfix.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
known_tcp_ports = smtp={sink.port if sink else 25}
maillog_file = {self.folder}/log/maillog
maillog_file_prefixes = {self.folder}
{settings.replace("{folder}", str(self.folder))}""")
        user = pwd.getpwnam(owner)
        setgid = __import__("grp").getgrnam(group).gr_gid
        (self.folder / "log").mkdir()
        (self.folder / "data").mkdir(mode=0o700)
        os.chown(self.folder / "data", user.pw_uid, user.pw_gid)
        spool = self.folder / "spool"
        spool.mkdir(mode=0o755)
        (spool / "pid").mkdir()
        for name in ("incoming", "active", "deferred", "bounce", "defer", "corrupt", "hold", "flush", "trace", "saved",
                     "private"):
            (spool / name).mkdir(mode=0o700)
            os.chown(spool / name, user.pw_uid, 0)
        for name, mode in (("maildrop", 0o1730), ("public", 0o2710)):
            (spool / name).mkdir()
            os.chown(spool / name, user.pw_uid, setgid)
            os.chmod(spool / name, mode)
        self.process = subprocess.Popen(
            ["unshare", "-m", "bash", "-c", NAMESPACE, "bash", self.folder,
             f"{tools.root}/usr/lib/postfix/sbin/master", "-c", self.folder / "etc", "-d"],
            env={**tools.environment, "MAIL_CONFIG": str(self.folder / "etc")}, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait_for(self.port, self.log)

    def log(self):
        path = self.folder / "log/maillog"
        return path.read_text()[-2000:] if path.exists() else "no log"

    def pids(self):
        return [self.process.pid, *children_of(self.process.pid)]

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in reversed(self.pids()):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)


class Martlet:
    name = "Martlet"

    def __init__(self, sink, more=None):
        self.server = Server({
            "smtp/1/relay-networks": "127.0.0.0/8", "queue/low-disk": "0", "store/reserved-space": "0",
            "outbound/port": str(sink.port), "resolver/forwarders": Names.address,
            "resolver/insecure-zones": "test", "resolver/unusable-addresses": "none",
            "smtp/maximum-transactions": "100000", **(more or {}),
        }).start()
        self.port = self.server.port("smtp")

    def log(self):
        return self.server.console()[-2000:]

    def pids(self):
        return [self.server.process.pid, *children_of(self.server.process.pid)]

    def close(self):
        self.server.destroy()


def wait_for(port, log, timeout=30):
    end = time.monotonic() + timeout
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                if connection.recv(1):
                    return
        except OSError:
            pass
        if time.monotonic() > end:
            raise AssertionError(f"nobody answers at {port}: {log()}")
        time.sleep(0.1)


def processor(pids):
    """Seconds of processor time of processes and of those that they have waited for."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def destinations(count):
    return [(f"d{number}.relay.test", f"127.1.{number // 200}.{number % 200 + 1}") for number in range(count)]


def load(tools, port, domains, messages, octets, sessions=32):
    """Puts so many messages in, spread evenly over the domains."""
    each = max(1, messages // len(domains))
    if len(domains) > 64:
        # A process for each of them would be most of what is measured.
        asyncio.run(hand_in(port, domains, each, octets, sessions))
        return each * len(domains)
    lanes = min(len(domains), 16)
    own = max(1, sessions // lanes)

    def one(domain):
        subprocess.run(
            [tools.program("smtp-source"), "-d", "-s", str(min(own, each)), "-m", str(each), "-l", str(octets), "-f",
             "sender@relay.test", "-t", f"user@{domain}", f"inet:127.0.0.1:{port}"],
            env=tools.environment, check=True, stdout=subprocess.DEVNULL,
        )

    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(one, domains))
    return each * len(domains)


def relay(tools, server, sink, domains, messages, octets):
    """One run: messages a second from the first that goes in to the last that comes out, and CPU of each."""
    before, cpu, begun = sink.count, processor(server.pids()), time.monotonic()
    sent = load(tools, server.port, domains, messages, octets)
    accepted = time.monotonic() - begun
    end = time.monotonic() + 300
    while sink.count < before + sent:
        if time.monotonic() > end:
            raise AssertionError(f"{server.name}: {sink.count - before} of {sent} came out: {server.log()}")
        time.sleep(0.01)
    seconds = time.monotonic() - begun
    return {"rate": sent / seconds, "accepted": sent / accepted, "cpu": (processor(server.pids()) - cpu) / sent * 1000}


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def raise_limits():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure_relay(counts, messages, octets, rounds):
    """A table: each server in turns, for each number of destinations."""
    raise_limits()
    tools = Tools()
    try:
        print(f"Postfix {tools.version}; {messages} messages of {octets} octets a run, {rounds} rounds in turns; load "
              f"{os.getloadavg()[0]:.1f} at the beginning", flush=True)
        print("| destinations | Martlet, /s | Postfix, /s | ratio, and from to | accepted, /s: Martlet, Postfix "
              "| CPU of a message, ms: Martlet, Postfix |")
        print("|---|---|---|---|---|---|")
        for count in counts:
            places = destinations(count)
            sink, names = Sink(tools), Names(places)
            servers = [Martlet(sink), Postfix(tools, sink)]
            found = {server.name: [] for server in servers}
            try:
                domains = [domain for domain, _ in places]
                for server in servers:
                    relay(tools, server, sink, domains, max(count, messages // 10), octets)
                for _ in range(rounds):
                    for server in servers:
                        found[server.name].append(relay(tools, server, sink, domains, max(count, messages), octets))
            finally:
                for server in servers:
                    server.close()
                sink.close()
                names.close()
            ours, theirs = found["Martlet"], found["Postfix"]
            ratios = [x["rate"] / y["rate"] for x, y in zip(ours, theirs)]
            middle = lambda rows, key: median([row[key] for row in rows])
            print(f"| {count} | {middle(ours, 'rate'):.0f} | {middle(theirs, 'rate'):.0f} | {median(ratios):.2f} "
                  f"({min(ratios):.2f} to {max(ratios):.2f}) | {middle(ours, 'accepted'):.0f}, "
                  f"{middle(theirs, 'accepted'):.0f} | {middle(ours, 'cpu'):.2f}, {middle(theirs, 'cpu'):.2f} |",
                  flush=True)
        print(f"load {os.getloadavg()[0]:.1f} at the end")
    finally:
        tools.close()
