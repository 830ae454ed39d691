# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Postfix in front of Dovecot's LMTP, as Debian has them, for measuring deliveries beside Martlet's.

Both run from files that are unpacked and thrown away, under configurations of their own: nothing of the machine's mail
is touched. Postfix takes the mail, keeps it in its queue and hands it over a Unix socket to Dovecot, which writes a
Maildir for each user and syncs every message (mail_fsync = always), as Martlet does.
"""
import grp
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from relay import SERVICES, Tools, free_port, wait_for
from server import children_of

DOMAIN = "example.test"
OWNER, GROUP = "news", "uucp"


def unpack_dovecot(folder):
    """Dovecot's files below a folder; its version."""
    subprocess.run(["apt-get", "-qq", "download", "dovecot-core", "dovecot-lmtpd"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for package in folder.glob("dovecot-*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    return next(folder.glob("dovecot-core_*.deb")).name.split("_")[1].replace("%3a", ":")


class Dovecot:
    def __init__(self, folder):
        self.folder = folder
        self.version = unpack_dovecot(folder)
        root, user = folder / "root", pwd.getpwnam(OWNER)
        self.mail, self.socket = folder / "mail", folder / "run/lmtp"
        for path in (self.mail, folder / "run", folder / "state"):
            path.mkdir(mode=0o755)
        os.chown(self.mail, user.pw_uid, user.pw_gid)
        libraries = f"{root}/usr/lib/dovecot"
        (folder / "dovecot.conf").write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
libexec_dir = {libraries}
mail_plugin_dir = {libraries}/modules
import_environment = TZ LD_LIBRARY_PATH={libraries}
protocols = lmtp
ssl = no
log_path = {folder}/dovecot.log
default_internal_user = {OWNER}
default_internal_group = {GROUP}
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:{self.mail}/%n
mail_fsync = always
userdb {{
  driver = static
  args = uid={user.pw_uid} gid={user.pw_gid} home={self.mail}/%n allow_all_users=yes
}}
passdb {{
  driver = static
  args = nopassword=y
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service lmtp {{
  unix_listener lmtp {{
    mode = 0666
  }}
}}
""")
        self.process = subprocess.Popen(
            [root / "usr/sbin/dovecot", "-F", "-c", folder / "dovecot.conf"], start_new_session=True,
            env={**os.environ, "LD_LIBRARY_PATH": libraries}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 30
        while not self.socket.exists():
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"Dovecot does not start: {self.log()}")
            time.sleep(0.1)

    def log(self):
        path = self.folder / "dovecot.log"
        return path.read_text()[-2000:] if path.exists() else "no log"

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in [*children_of(self.process.pid), self.process.pid]:
                os.kill(pid, signal.SIGKILL)


class PostfixDovecot:
    """Takes mail for any address of the domain and has it in Maildirs."""

    name = "Postfix and Dovecot"

    def __init__(self, count):
        self.tools, self.port = Tools(), free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-mailboxes-", dir="/tmp"))
        os.chmod(self.folder, 0o755)
        (self.folder / "dovecot").mkdir()
        self.addresses = [f"user{number}@{DOMAIN}" for number in range(count)]
        self.dovecot = Dovecot(self.folder / "dovecot")
        self.configure()
        self.process = subprocess.Popen(
            [f"{self.tools.root}/usr/lib/postfix/sbin/master", "-c", self.folder / "etc", "-d"],
            env={**self.tools.environment, "MAIL_CONFIG": str(self.folder / "etc")}, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait_for(self.port, self.log)
        self.version = f"Postfix {self.tools.version}, Dovecot {self.dovecot.version}"

    def configure(self):
        (self.folder / "etc").mkdir()
        (self.folder / "etc/master.cf").write_text(SERVICES.format(port=self.port))
        root = self.tools.root
        (self.folder / "etc/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.folder}/spool
data_directory = {self.folder}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH
mail_owner = {OWNER}
setgid_group = {GROUP}
default_privs = nobody
myhostname = postfix.test
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_maps = static:ok
virtual_transport = lmtp:unix:{self.dovecot.socket}
maillog_file = {self.folder}/log/maillog
maillog_file_prefixes = {self.folder}
""")
        user, setgid = pwd.getpwnam(OWNER), grp.getgrnam(GROUP).gr_gid
        (self.folder / "log").mkdir()
        (self.folder / "data").mkdir(mode=0o700)
        os.chown(self.folder / "data", user.pw_uid, user.pw_gid)
        spool = self.folder / "spool"
        (spool / "pid").mkdir(parents=True)
        for name in ("incoming", "active", "deferred", "bounce", "defer", "corrupt", "hold", "flush", "trace", "saved",
                     "private"):
            (spool / name).mkdir(mode=0o700)
            os.chown(spool / name, user.pw_uid, 0)
        for name, mode in (("maildrop", 0o1730), ("public", 0o2710)):
            (spool / name).mkdir()
            os.chown(spool / name, user.pw_uid, setgid)
            os.chmod(spool / name, mode)

    def log(self):
        path = self.folder / "log/maillog"
        return (path.read_text()[-2000:] if path.exists() else "no log") + self.dovecot.log()

    def pids(self):
        parents = [self.process.pid, self.dovecot.process.pid]
        return parents + [child for parent in parents for child in children_of(parent)]

    def count(self):
        """How many messages are in the mailboxes."""
        return sum(len(os.listdir(folder)) for folder in self.dovecot.mail.glob("*/new"))

    def numbers(self):
        """The numbers of the messages in the mailboxes, and how often each is there."""
        there = Counter()
        for file in self.dovecot.mail.glob("*/new/*"):
            there.update(int(n) for n in re.findall(rb"^Subject: n(\d+)\r?$", file.read_bytes(), re.M)[:1])
        return there

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            for pid in [*children_of(self.process.pid), self.process.pid]:
                os.kill(pid, signal.SIGKILL)
        self.dovecot.close()
        self.tools.close()
        shutil.rmtree(self.folder, ignore_errors=True)
