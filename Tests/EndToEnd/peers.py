# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mail servers of others, as Debian ships them: Postfix, Exim and OpenSMTPD, each with a configuration for one test.

The packages exclude each other and would become services of this machine, so that they are not installed:
script/bootstrap --test unpacks them below .build/peers. Each runs in a mount namespace of its own, in which what was
unpacked lies over /usr and /etc, and everything it writes is in a folder that goes away. That takes root.
"""
import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from server import ROOT, until

PEERS = Path(os.environ.get("MARTLET_PEERS") or ROOT / ".build/peers")

# Puts the unpacked files over the system's, for this process and what it starts alone.
NAMESPACE = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$FOLDER/over"
for part in usr etc; do
    mkdir -p "$FOLDER/over/$part/upper" "$FOLDER/over/$part/work" "$FOLDER/over/$part/whole"
    mount -t overlay overlay -o "lowerdir=$UNPACKED/$part:/$part,upperdir=$FOLDER/over/$part/upper,\
workdir=$FOLDER/over/$part/work" "$FOLDER/over/$part/whole"
    mount --bind "$FOLDER/over/$part/whole" /$part
done
for part in spool lib log; do
    mkdir "$FOLDER/over/$part"
    mount --bind "$FOLDER/over/$part" /var/$part
done
mkdir "$FOLDER/over/run"
mount --bind "$FOLDER/over/run" /run
mkdir -p /var/empty
# The machine may have them, where the package is installed for another purpose.
group() { getent group "$1" >/dev/null || groupadd --system "$1"; }
user() { id "$1" >/dev/null 2>&1 || useradd --system --no-create-home "${@:2}" "$1"; }
export LD_LIBRARY_PATH="$UNPACKED/lib/x86_64-linux-gnu:$UNPACKED/usr/lib/x86_64-linux-gnu"
"""


def why_not(name):
    """Why a server cannot be run here; None when it can."""
    if not (PEERS / name / "usr").is_dir():
        return f"{name} is not unpacked below {PEERS} (script/bootstrap --test)"
    if os.geteuid() != 0:
        return "mount namespaces need root"
    probe = "mount --make-rprivate / && d=$(mktemp -d) && mount -t tmpfs tmpfs $d && mkdir $d/u $d/w $d/a && " \
        "mount -t overlay overlay -o lowerdir=/etc,upperdir=$d/u,workdir=$d/w $d/a; s=$?; umount -l $d; rmdir $d; exit $s"
    if subprocess.run(["unshare", "-m", "bash", "-c", probe], capture_output=True).returncode:
        return "no mount namespaces, or no overlays in them"
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """One server. Takes mail for everybody at NAME.test, and at plain.NAME.test, into one folder; sends its reports to our
    server. At its second port it lacks what not every server has."""

    name = ""
    # Commands that prepare and then become the server; {folder} and so on are filled in.
    script = ""

    def __init__(self, home_port):
        """home_port: where mail for other domains goes, from here on."""
        self.folder = tempfile.mkdtemp(prefix=f"martlet-{self.name}-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.mail = Path(self.folder, "mail")
        os.mkdir(self.folder + "/over")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-keyout", self.folder + "/key", "-out", self.folder + "/crt"],
                       check=True, capture_output=True)
        os.chmod(self.folder + "/key", 0o600)
        self.port, self.plain_port = free_port(), free_port()
        self.values = {"folder": self.folder, "port": self.port, "plain": self.plain_port, "home": home_port,
                       "domain": f"{self.name}.test"}
        self.write()
        self.process = None
        # Also when nobody comes to stop it.
        atexit.register(self.stop)

    def fill(self, text):
        for name, value in self.values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def file(self, name, text, mode=0o644):
        path = Path(self.folder, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.fill(text))
        path.chmod(mode)

    def write(self):
        raise NotImplementedError

    def start(self):
        console = open(self.folder + "/console", "wb")
        self.process = subprocess.Popen(
            ["unshare", "-m", "bash", "-c", NAMESPACE + self.fill(self.script)],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "FOLDER": self.folder, "UNPACKED": str(PEERS / self.name)},
        )
        console.close()
        until(lambda: self.answers(self.port) and self.answers(self.plain_port), 60, f"{self.name} to answer")
        return self

    def answers(self, port):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended: {self.console()}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    def console(self):
        found = [Path(self.folder, "console"), *Path(self.folder, "log").glob("*")]
        return "\n".join(path.read_text(errors="replace") for path in found if path.is_file())[-4000:]

    def messages(self):
        """What it has taken, with CR LF at the ends of lines, in no order."""
        found = []
        for path in self.mail.rglob("new/*"):
            octets = path.read_bytes()
            found.append(octets if b"\r\n" in octets else octets.replace(b"\n", b"\r\n"))
        return found

    def stop(self):
        """Ends it and all it started: they are one session."""
        atexit.unregister(self.stop)
        if self.process is not None:
            for ending in (signal.SIGTERM, signal.SIGKILL):
                for pid in members(self.process.pid):
                    try:
                        os.kill(pid, ending)
                    except ProcessLookupError:
                        pass
                deadline = time.monotonic() + 5
                while members(self.process.pid) and time.monotonic() < deadline:
                    self.process.poll()
                    time.sleep(0.05)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def members(first):
    """Processes that descend from one, itself among them, by their ids; those that have ended are none."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(status.parent.name)] = (int(fields[1]), int(fields[3]))
    found = {pid for pid, (_, session) in parents.items() if session == first}
    while more := {pid for pid, (parent, _) in parents.items() if parent in found} - found:
        found |= more
    return found


class Postfix(Peer):
    name = "postfix"
    script = """
group postdrop
user postfix
mkdir -p /var/spool/postfix /var/lib/postfix "{folder}/mail" "{folder}/log"
chown postfix /var/lib/postfix "{folder}/mail"
sed -i "s/UID/$(id -u postfix)/; s/GID/$(id -g postfix)/" "{folder}/conf/main.cf"
cp /etc/postfix/postfix-files "{folder}/conf/" 2>/dev/null || :
exec postfix -c "{folder}/conf" start-fg
"""

    def write(self):
        self.file("conf/main.cf", """
compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
queue_directory = /var/spool/postfix
data_directory = /var/lib/postfix
maillog_file = {folder}/log/mail
maillog_file_prefixes = {folder}
import_environment = LD_LIBRARY_PATH MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C
myhostname = postfix.peer.test
mydestination =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
smtpd_relay_restrictions = reject_unauth_destination
virtual_mailbox_domains = {domain} plain.{domain}
virtual_mailbox_maps = static:all/
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:UID
virtual_gid_maps = static:GID
virtual_minimum_uid = 100
smtputf8_enable = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/crt
smtpd_tls_key_file = {folder}/key
default_transport = smtp:[127.0.0.1]:{home}
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
message_size_limit = 52428800
virtual_mailbox_limit = 0
""")
        self.file("conf/master.cf", """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{plain} inet n - n - - smtpd -o smtpd_discard_ehlo_keywords=8bitmime,chunking,smtputf8,starttls,dsn
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
""")


class Exim(Peer):
    name = "exim"
    script = """
group Debian-exim
user Debian-exim -g Debian-exim
mkdir -p /var/spool/exim4 "{folder}/mail" "{folder}/log"
chown -R Debian-exim /var/spool/exim4 "{folder}/mail" "{folder}/log"
chgrp Debian-exim "{folder}/key"
chmod 640 "{folder}/key"
cp "{folder}/conf" /etc/exim4.conf
exec /usr/sbin/exim4 -C /etc/exim4.conf -bdf -q10s
"""

    def write(self):
        self.file("conf", """
primary_hostname = exim.peer.test
spool_directory = /var/spool/exim4
log_file_path = {folder}/log/%slog
exim_user = Debian-exim
exim_group = Debian-exim
local_interfaces = 127.0.0.1.{port} : 127.0.0.1.{plain}
daemon_smtp_ports = {port} : {plain}
domainlist local_domains = {domain} : plain.{domain}
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {folder}/crt
tls_privatekey = {folder}/key
accept_8bitmime = true
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
chunking_advertise_hosts = *
auth_advertise_hosts = ${if eq{$received_port}{{plain}}{*}{}}
message_size_limit = 100M
bounce_return_body = true
smtp_accept_max = 200
smtp_accept_max_per_connection = 1000
smtp_accept_queue_per_connection = 0
begin acl
acl_rcpt:
  deny condition = ${if eq{$received_port}{{plain}}}
       !authenticated = *
       message = log on first
  accept domains = +local_domains
  accept authenticated = *
  accept hosts = :
  deny message = no relay
acl_data:
  accept
begin routers
here:
  driver = accept
  domains = +local_domains
  transport = into_folder
home:
  driver = manualroute
  transport = to_home
  route_list = * 127.0.0.1
  self = send
begin transports
into_folder:
  driver = appendfile
  directory = {folder}/mail/all
  maildir_format
  create_directory
  user = Debian-exim
  delivery_date_add
  envelope_to_add
  return_path_add
to_home:
  driver = smtp
  port = {home}
  allow_localhost
  hosts_avoid_tls = *
begin retry
* * F,1h,1s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{ann}}{eq{$auth3}{pencil-7}}}}
  server_set_id = $auth2
""")


class OpenSMTPD(Peer):
    """Without TLS: STARTTLS of Debian 12's package (6.8.0p2-4) fails for every client, with RSA and with other keys. Its
    process that speaks SMTP asks another one to sign by a key that it notes at the certificate's public one, and
    OpenSSL 3.0.19 drops that note: "missing private key", "EVP lib"."""

    name = "opensmtpd"
    script = """
mkdir -p /var/empty /var/lib/opensmtpd/empty
chmod 711 /var/spool
for name in opensmtpd opensmtpq; do user $name --home /var/lib/opensmtpd/empty; done
user vmail
mkdir -p "{folder}/mail" "{folder}/log"
chown vmail "{folder}/mail"
cp "{folder}/conf" /etc/smtpd.conf
chown root:root "{folder}/key" "{folder}/crt" /etc/smtpd.conf
export LD_LIBRARY_PATH
exec /usr/sbin/smtpd -d -f /etc/smtpd.conf
"""

    def write(self):
        self.file("conf", """
pki here cert "{folder}/crt"
pki here key "{folder}/key"
table people { "@" = "vmail" }
listen on 127.0.0.1 port {port} tls pki here hostname opensmtpd.peer.test
listen on 127.0.0.1 port {plain} hostname opensmtpd.peer.test no-dsn
action "here" maildir "{folder}/mail/all" virtual <people>
action "home" relay host "smtp://127.0.0.1:{home}" helo opensmtpd.peer.test
match from any for domain { "{domain}", "plain.{domain}" } action "here"
match from local for any action "home"
""")
