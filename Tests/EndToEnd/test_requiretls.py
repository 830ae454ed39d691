# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""REQUIRETLS to the servers of a domain, found by MX records: only where DNSSEC vouches for them (RFC 8689 §4.2.1)."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from clients import smtp
from messages import message
from server import MARTLET, Server, free_port_base, until
from test_queue import SETTINGS
from test_resolver import Daemon
from test_smtp_extensions import PATIENCE, SMTPExtensions, TLSSink

ZONE = """$TTL 300
@ SOA ns root 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
@ MX 10 mx
mx A 127.0.0.1
other MX 10 name
name A 127.0.0.1
"""


@unittest.skipUnless(all(shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin") for name in
                         ("nsd", "ldns-keygen", "ldns-signzone")), "nsd or ldnsutils is missing")
class Vouched(unittest.TestCase):
    """nsd with a signed zone and one that is not; the sink's certificate is that of mx.signed.example."""

    submit, inbox, arrived = SMTPExtensions.submit, SMTPExtensions.inbox, SMTPExtensions.arrived

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="martlet-vouched-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.zones()
        cls.port = free_port_base() + 53
        cls.daemon = Daemon(cls.folder, "nsd", cls.nsd(), "/usr/sbin/nsd", "-d", "-c")
        cls.addClassCleanup(cls.daemon.stop)
        cls.daemon.wait(cls.port)
        subprocess.run([MARTLET, "certificate", "create", "--self-signed", "--name",
                        "mx.signed.example", "--data", cls.folder], check=True, capture_output=True, timeout=30)
        certificate = f"{cls.folder}/keys/server.crt"
        cls.sink = TLSSink(certificate, f"{cls.folder}/keys/server.key", ["REQUIRETLS", "8BITMIME"])
        cls.addClassCleanup(cls.sink.stop)
        server = f"127.0.0.1@{cls.port}"
        settings = {name: value for name, value in SETTINGS.items() if not name.startswith("resolver/")}
        cls.server = Server({
            **settings, "outbound/port": str(cls.sink.port), "resolver/zones":
            f"signed.example {server}, plain.example {server}", "resolver/trust-anchor-file": str(cls.folder / "anchors"),
            "resolver/dnssec": "require", "resolver/forwarders": "recursion", "resolver/unusable-addresses": "none",
        })
        cls.addClassCleanup(cls.server.destroy)
        cls.server.start({"SSL_CERT_FILE": certificate})

    @classmethod
    def zones(cls):
        def run(*command):
            return subprocess.run(command, cwd=cls.folder, check=True, capture_output=True, text=True).stdout.strip()
        for zone in ("signed.example", "plain.example"):
            (cls.folder / f"{zone}.zone").write_text(f"$ORIGIN {zone}.\n" + ZONE)
        key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "-r", "/dev/urandom", "signed.example")
        run("ldns-signzone", "signed.example.zone", key)
        shutil.copy(cls.folder / f"{key}.ds", cls.folder / "anchors")

    @classmethod
    def nsd(cls):
        return f"""server:
  ip-address: 127.0.0.1@{cls.port}
  username: ""
  chroot: ""
  zonesdir: "{cls.folder}"
  database: ""
  pidfile: "{cls.folder}/nsd.pid"
  xfrdfile: "{cls.folder}/xfrd.state"
  zonelistfile: "{cls.folder}/zone.list"
  xfrdir: "{cls.folder}"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "signed.example"
  zonefile: "signed.example.zone.signed"
zone:
  name: "plain.example"
  zonefile: "plain.example.zone"
"""

    def report(self, recipient):
        return until(lambda: [m for m in self.inbox() if recipient.encode() in m and b"5.7.30" in m], PATIENCE, "a report")

    def test_where_the_zone_is_signed_it_goes_on_protected(self):
        sent = self.submit(["a@signed.example"], "REQUIRETLS")
        until(lambda: self.arrived("a@signed.example"), PATIENCE, "the message to leave")
        self.assertIn(b"REQUIRETLS", self.sink.mail[-1])
        self.assertTrue([m for _, r, m in self.sink.messages if "a@signed.example" in r][0].endswith(sent))

    def test_where_it_is_not_signed_it_comes_back(self):
        self.submit(["b@plain.example"], "REQUIRETLS")
        self.assertIn(b"DNSSEC", self.report("b@plain.example")[0])
        self.assertFalse(self.arrived("b@plain.example"))
        # Without the wish it goes there.
        self.submit(["c@plain.example"])
        until(lambda: self.arrived("c@plain.example"), PATIENCE, "the message to leave")
        self.assertNotIn(b"REQUIRETLS", self.sink.mail[-1])

    def test_a_certificate_of_another_name_is_not_enough(self):
        self.submit(["d@other.signed.example"], "REQUIRETLS")
        self.report("d@other.signed.example")
        self.assertFalse(self.arrived("d@other.signed.example"))


if __name__ == "__main__":
    unittest.main()
