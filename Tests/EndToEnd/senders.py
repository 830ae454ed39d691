# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Other people's mail servers as senders: Postfix and Exim from Debian, each with its files in a folder of its own."""
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from server import ROOT, is_free, until

EXIM = ROOT / ".build/peers/exim"


def exim_program():
    """Debian's Exim, unpacked beside the build: it cannot be installed together with Postfix."""
    program = EXIM / "usr/sbin/exim4"
    if not program.exists():
        EXIM.mkdir(parents=True, exist_ok=True)
        for package in ("exim4-daemon-light", "exim4-base"):
            done = subprocess.run(["apt-get", "-qq", "download", package], cwd=EXIM, capture_output=True, timeout=120)
            if done.returncode != 0:
                return None
        for file in EXIM.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", file, EXIM], check=True, timeout=60)
            file.unlink()
    return str(program) if program.exists() else None


class Exim:
    """Sends one message at a time, in the foreground."""

    def __init__(self, port, chunking, tls):
        self.folder = tempfile.mkdtemp(prefix="exim-", dir="/tmp")
        self.config = self.folder + "/exim.conf"
        owner = pwd.getpwnam("daemon")
        users = Path("/etc/passwd").read_text().rstrip("\n") + "\nDebian-exim:x:64999:1::/:/usr/sbin/nologin\n"
        Path(self.folder, "passwd").write_text(users)
        groups = Path("/etc/group").read_text().rstrip("\n") + "\nDebian-exim:x:64999:\n"
        Path(self.folder, "group").write_text(groups)
        os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        Path(self.config).write_text(f"""
exim_path = {exim_program()}
primary_hostname = exim.example.org
spool_directory = {self.folder}/spool
log_file_path = {self.folder}/%slog
exim_user = daemon
exim_group = daemon
never_users =
local_interfaces =
keep_environment =
tls_advertise_hosts =
chunking_advertise_hosts =
begin routers
all:
  driver = manualroute
  route_list = * 127.0.0.1::{port}
  transport = out
  self = send
begin transports
out:
  driver = smtp
  hosts_try_chunking = {"*" if chunking else ":"}
  {"hosts_require_tls = *" if tls else "hosts_avoid_tls = *"}
  tls_verify_hosts = :
  tls_try_verify_hosts = :
  allow_localhost
begin retry
* * F,1h,1s
""")

    def send(self, sender, recipients, octets):
        # Debian's Exim wants its own user, which this machine need not have: it gets a list of users of its own.
        program = (f"mount --bind {self.folder}/passwd /etc/passwd "
                   f"&& mount --bind {self.folder}/group /etc/group && exec \"$@\"")
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", program, "sh", exim_program(), "-C", self.config, "-odf", "-oi", "-f", sender,
             *recipients], input=octets, capture_output=True, timeout=60,
        )
        return done.returncode, done.stderr.decode() + self.log()

    def log(self):
        return "".join(path.read_text(errors="replace") for path in Path(self.folder).glob("*log"))

    def stop(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Postfix:
    """A relay: takes mail on a port of its own and sends all of it to another."""

    def __init__(self, target, tls="none", transport="smtp"):
        self.folder = tempfile.mkdtemp(prefix="postfix-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.port = next(port for port in range(20_100, 29_000, 7) if is_free(port))
        config = Path(self.folder, "config")
        config.mkdir()
        (config / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
maillog_file = {self.folder}/log
maillog_file_prefixes = {self.folder}
myhostname = postfix.example.org
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{target}
relay_transport = {transport}
default_transport = {transport}
smtp_tls_security_level = {tls}
smtp_tls_loglevel = 1
smtp_address_preference = ipv4
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
message_size_limit = 52428800
minimal_backoff_time = 5s
maximal_backoff_time = 10s
queue_run_delay = 5s
""")
        master = Path("/usr/share/postfix/master.cf.dist").read_text()
        lines = [line for line in master.splitlines() if not line.startswith(("#", "smtp      inet", "maildrop",
                 "uucp", "ifmail", "bsmtp", "scalemail-backend", "mailman", "  flags", "  user", "  -o", " "))]
        lines = [self.without_chroot(line) for line in lines if line.strip()]
        lines.append(f"127.0.0.1:{self.port} inet n - n - - smtpd")
        if not any(line.startswith("postlog") for line in lines):
            lines.append("postlog unix-dgram n - n - 1 postlogd")
        (config / "master.cf").write_text("\n".join(lines) + "\n")
        self.config = str(config)
        for name in ("queue", "data"):
            Path(self.folder, name).mkdir()
        shutil.chown(self.folder + "/data", "postfix")
        self.run("set-permissions", check=False)
        self.run("start")
        until(self.answers, 30, "Postfix")

    @staticmethod
    def without_chroot(line):
        words = line.split()
        if len(words) > 4 and words[1] in ("inet", "unix", "unix-dgram", "fifo", "pass"):
            words[4] = "n"
        return "  ".join(words)

    def run(self, command, check=True):
        return subprocess.run(["postfix", "-c", self.config, command], check=check, capture_output=True, timeout=60)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    def log(self):
        try:
            return Path(self.folder, "log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def stop(self):
        self.run("stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
