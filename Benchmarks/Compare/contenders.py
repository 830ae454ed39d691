# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared: Martlet, and Postfix with Dovecot, each in a folder of its own on loopback ports.

Both run as their makers deliver them: Martlet with its defaults, the others with Debian's. What is set besides is written
here: addresses, folders and accounts, and limits on connections that would keep a load out. Both sync to the disk before
they answer, hash passwords with yescrypt, and have a certificate of the same kind.
"""
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import relay
from processes import drop_caches
from server import DOMAIN, WELL_KNOWN, Server, children_of

PASSWORD = "secret1"
# Postfix takes mail for the users' domain and hands it to Dovecot by LMTP.
MAILBOXES = """
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{folder}/etc/users
virtual_transport = lmtp:unix:{lmtp}
smtpd_client_connection_count_limit = 10000
default_process_limit = 300
"""
DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
listen = 127.0.0.1
protocols = imap pop3 lmtp
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 100000
mail_uid = {owner}
mail_gid = {owner}
first_valid_uid = 1
first_valid_gid = 1
default_client_limit = 40000
namespace inbox {{
  inbox = yes
}}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={folder}/home/%u
}}
service anvil {{
  client_limit = 60000
}}
service auth {{
  client_limit = 60000
}}
service imap-login {{
  process_limit = 20000
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  process_limit = 1000
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service imap {{
  process_limit = 20000
}}
service lmtp {{
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
"""


def missing():
    """Programs that this comparison needs and that are not there."""
    return [name for name in ("dovecot", "doveadm") if not shutil.which(name)]


class Martlet:
    """The program under test, default settings but for the session limit of one load."""

    name = "Martlet"

    def __init__(self, users, settings=None):
        self.server = Server({"smtp/maximum-transactions": "1000000", **(settings or {})})
        self.users = [f"user{number}@{DOMAIN}" for number in range(users)]
        for user in self.users:
            self.server.cli("account", "add", user, "--password-stdin", given=PASSWORD + "\n")
        self.server.start()
        self.version = self.server.run("version").stdout.strip() or "of this working copy"
        self.ports = {name: self.server.port(name) for name in WELL_KNOWN}
        self.ports["smtp"] = self.server.port("smtp")

    def roots(self):
        return [self.server.process.pid]

    def restart(self, cold):
        """Stops, forgets what is in memory when it is to be cold, and starts; whether it could be made cold."""
        self.server.stop(60)
        was_cold = drop_caches() if cold else True
        self.server.start()
        return was_cold

    def kill(self):
        self.server.kill()

    def start(self):
        self.server.start()

    def log(self):
        return self.server.console()[-2000:]

    def close(self):
        self.server.destroy()


class PostfixDovecot:
    """Postfix for SMTP, Dovecot for what is read, Maildir between."""

    name = "Postfix + Dovecot"

    def __init__(self, users, tools):
        self.tools = tools
        self.folder = Path(tempfile.mkdtemp(prefix="martlet-dovecot-", dir="/tmp"))
        os.chmod(self.folder, 0o755)
        self.owner = "mail"
        uid = pwd.getpwnam(self.owner)
        for name in ("mail", "home", "state", "run"):
            (self.folder / name).mkdir()
            if name in ("mail", "home"):
                os.chown(self.folder / name, uid.pw_uid, uid.pw_gid)
        self.users = [f"user{number}@{DOMAIN}" for number in range(users)]
        self.make_users()
        self.make_certificate()
        self.ports = {name: relay.free_port() for name in ("imap", "imaps", "pop3", "pop3s")}
        self.configuration = self.folder / "dovecot.conf"
        self.configuration.write_text(DOVECOT.format(
            folder=self.folder, certificate=self.folder / "server.crt", key=self.folder / "server.key",
            owner=self.owner, **self.ports))
        self.start_dovecot()
        (self.folder / "postfix-users").write_text("".join(f"{user} x\n" for user in self.users))
        self.postfix = relay.Postfix(tools, None, MAILBOXES.format(
            domain=DOMAIN, folder="{folder}", lmtp=self.folder / "lmtp"), self.users)
        self.ports["smtp"] = self.postfix.port
        dovecot = subprocess.run(["dovecot", "--version"], capture_output=True, text=True).stdout.split()[0]
        self.version = f"Postfix {tools.version}, Dovecot {dovecot}"

    def make_users(self):
        made = subprocess.run(["openssl", "rand", "-hex", "8"], capture_output=True, text=True, check=True)
        import crypt  # in Python 3.11, Debian 12's
        hashed = crypt.crypt(PASSWORD, f"$y$j9T${made.stdout.strip()}")
        if not hashed or not hashed.startswith("$y$"):
            raise AssertionError("crypt(3) of this machine knows no yescrypt")
        (self.folder / "users").write_text("".join(f"{user}:{{CRYPT}}{hashed}::::::\n" for user in self.users))

    def make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=localhost", "-keyout", self.folder / "server.key", "-out", self.folder / "server.crt"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start_dovecot(self):
        self.dovecot = subprocess.Popen(["dovecot", "-F", "-c", str(self.configuration)], start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        relay.wait_for(self.ports["imap"], self.log)

    def stop_dovecot(self):
        self.dovecot.send_signal(signal.SIGTERM)
        try:
            self.dovecot.wait(30)
        except subprocess.TimeoutExpired:
            for pid in [*children_of(self.dovecot.pid), self.dovecot.pid]:
                os.kill(pid, signal.SIGKILL)
            self.dovecot.wait()
        end = time.monotonic() + 20
        while (self.folder / "run/master.pid").exists() and time.monotonic() < end:
            time.sleep(0.05)

    def roots(self):
        return [self.dovecot.pid, self.postfix.process.pid]

    def restart(self, cold):
        self.stop_dovecot()
        was_cold = drop_caches() if cold else True
        self.start_dovecot()
        return was_cold

    def log(self):
        path = self.folder / "dovecot.log"
        return (path.read_text()[-1500:] if path.exists() else "") + self.postfix.log() if hasattr(self, "postfix") else ""

    def close(self):
        self.stop_dovecot()
        if hasattr(self, "postfix"):
            self.postfix.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def users_file(folder, users):
    path = Path(folder) / "users.txt"
    path.write_text("".join(f"{user} {PASSWORD}\n" for user in users))
    return path
