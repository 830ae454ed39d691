# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Mail programs that people use, as Debian ships them: OfflineIMAP, fetchmail, getmail and mutt (mbsync is in test_imap)."""
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from clients import fetch, imap, send, uids
from messages import DELICATE, message
from server import shared
from terminal import run_in_terminal

# What is no message is left out: these programs look into headers, and put one right that is none.
NAMES = [name for name in DELICATE if name != "not MIME at all"]


def lines(octets):
    """With the ends of lines that files have."""
    return octets.replace(b"\r\n", b"\n")


class Program(unittest.TestCase):
    """An account and a folder of its own for each test."""

    name = ""

    def setUp(self):
        if not shutil.which(self.name):
            self.skipTest(f"{self.name} is not installed (script/bootstrap --test)")
        self.server = shared()
        self.address = self.server.new_account()
        self.folder = tempfile.mkdtemp(prefix=f"martlet-{self.name}-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.certificate = self.server.folder + "/keys/server.crt"

    def file(self, name, text):
        path = Path(self.folder, name)
        path.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
        path.chmod(0o600)
        return str(path)

    def run_program(self, *arguments, given=None, expect=(0,), timeout=120):
        result = subprocess.run(
            [self.name, *arguments], input=given, capture_output=True, text=True, timeout=timeout,
            env={**os.environ, "HOME": self.folder, "LANG": "C.UTF-8"},
        )
        self.assertIn(result.returncode, expect, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def deliver(self):
        """One of each delicate message, in the order of NAMES."""
        for name in NAMES:
            send(self.server, [self.address], DELICATE[name])

    def client(self):
        client = imap(self.server, self.address)
        self.addCleanup(client.shutdown)
        return client

    def check(self, texts, name_of=lambda name: lines(DELICATE[name])):
        """That each delicate message is one of these texts, below what was put on top of it."""
        self.assertEqual(len(texts), len(NAMES))
        for name in NAMES:
            self.assertEqual(len([text for text in texts if text.endswith(name_of(name))]), 1, name)


class OfflineIMAP(Program):
    name = "offlineimap"

    def configure(self):
        self.file("offlineimaprc", f"""
            [general]
            accounts = martlet
            metadata = {self.folder}/metadata
            [Account martlet]
            localrepository = near
            remoterepository = far
            [Repository near]
            type = Maildir
            localfolders = {self.folder}/mail
            [Repository far]
            type = IMAP
            remotehost = localhost
            remoteport = {self.server.port("imaps")}
            remoteuser = {self.address}
            remotepass = secret
            ssl = yes
            sslcacertfile = {self.certificate}
            auth_mechanisms = PLAIN
            folderfilter = lambda name: name in ("INBOX", "Archive")
        """)

    def sync(self):
        said = self.run_program("-c", self.folder + "/offlineimaprc", "-o", "-u", "basic")
        self.assertNotIn("ERROR", said)

    def near(self, mailbox="INBOX"):
        """Texts of the messages here, with the path of each."""
        found = {}
        for path in Path(self.folder, "mail", mailbox).glob("*/*"):
            if path.parent.name in ("new", "cur"):
                found[path] = re.sub(rb"(?m)^X-OfflineIMAP: .*\n", b"", path.read_bytes())
        return found

    def near_one(self, subject):
        found = [path for path, text in self.near().items() if b"\nSubject: %s\n" % subject in text]
        self.assertEqual(len(found), 1, subject)
        return found[0]

    def test_both_sides_stay_equal(self):
        client = self.client()
        for number in range(4):
            client.append("INBOX", None, None, message(b"text %d\r\n" % number, subject=b"number %d" % number))
        client.create("Archive")
        self.configure()
        self.sync()
        self.assertEqual(len(self.near()), 4)
        # Here: one is read, one goes, one comes.
        read = self.near_one(b"number 0")
        read.rename(Path(self.folder, "mail/INBOX/cur", read.name.split(":")[0] + ":2,S"))
        self.near_one(b"number 1").unlink()
        Path(self.folder, "mail/INBOX/new/1.local").write_bytes(lines(message(b"from here\r\n", subject=b"pushed")))
        self.sync()
        client.select("INBOX")
        self.assertEqual(client.search(None, "SEEN")[1], [b"1"])
        self.assertEqual(client.search(None, "SUBJECT", '"number 1"')[1], [b""])
        [pushed] = client.uid("SEARCH", None, "SUBJECT", "pushed")[1][0].split()
        self.assertTrue(fetch(client, int(pushed)).endswith(b"from here\r\n"))
        # There: one is flagged, one goes, one comes, one moves.
        client.select("INBOX")
        client.uid("STORE", "1", "+FLAGS", "(\\Flagged)")
        client.uid("STORE", "3", "+FLAGS", "(\\Deleted)")
        client.expunge()
        self.assertEqual(client.uid("MOVE", "4", "Archive")[0], "OK")
        client.append("INBOX", None, None, message(b"from there\r\n", subject=b"pulled"))
        self.sync()
        self.assertIn("F", self.near_one(b"number 0").name.rpartition(",")[2])
        self.assertEqual(len(self.near()), 3)
        self.assertTrue(self.near_one(b"pulled").read_bytes().endswith(b"from there\n"))
        self.assertEqual([text.split(b"\n\n")[1] for text in self.near("Archive").values()], [b"text 3\n"])
        self.sync()
        self.assertEqual((len(self.near()), len(self.near("Archive")), len(uids(client))), (3, 1, 3))


class Fetchmail(Program):
    name = "fetchmail"

    def fetch(self, protocol, port, *options):
        self.file("hand-on", f'#!/bin/sh\nexec cat > "$(mktemp {self.folder}/got/XXXXXXXX)"\n')
        Path(self.folder, "got").mkdir(exist_ok=True)
        path = self.file("fetchmailrc", f"""
            set no bouncemail
            poll localhost service {self.server.port(port)} protocol {protocol}
            user "{self.address}" password "secret" {" ".join(options)}
            ssl sslcertck sslcertfile "{self.certificate}"
            mda "/bin/sh {self.folder}/hand-on"
        """)
        self.run_program("-f", path, "--pidfile", self.folder + "/pid", "--idfile", self.folder + "/ids")
        return [file.read_bytes() for file in Path(self.folder, "got").iterdir()]

    def test_imap(self):
        self.deliver()
        self.check(self.fetch("IMAP", "imaps", "no keep", "no rewrite"))
        self.assertEqual(uids(self.client()), [])

    def test_pop3(self):
        self.deliver()
        self.check(self.fetch("POP3", "pop3s", "no keep", "no rewrite"))
        self.assertEqual(uids(self.client()), [])

    def test_keeps_what_it_has_fetched(self):
        self.deliver()
        self.check(self.fetch("IMAP", "imaps", "keep", "no rewrite"))
        client = self.client()
        client.select("INBOX")
        self.assertEqual(len(client.search(None, "SEEN")[1][0].split()), len(NAMES))


class Getmail(Program):
    name = "getmail"

    def fetch(self, retriever, port, more=""):
        # It never writes mail as root, and takes up another user for that.
        writer = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        for part in (".", "mail", "mail/cur", "mail/new", "mail/tmp"):
            Path(self.folder, part).mkdir(exist_ok=True)
            os.chown(Path(self.folder, part), pwd.getpwnam(writer).pw_uid, -1)
        self.file("getmailrc", f"""
            [retriever]
            type = {retriever}
            server = localhost
            port = {self.server.port(port)}
            username = {self.address}
            password = secret
            ca_certs = {self.certificate}
            {more}
            [destination]
            type = Maildir
            path = {self.folder}/mail/
            user = {writer}
            [options]
            delete = true
            delivered_to = false
            received = false
        """)
        self.run_getmail()
        return [re.sub(rb"(?m)^X-getmail-.*\n", b"", path.read_bytes())
                for path in Path(self.folder, "mail/new").iterdir()]

    def run_getmail(self):
        """It waits for ever when the child that writes a message ends before it begins to wait: then once more."""
        for patience in (30, 30, 120):
            try:
                return self.run_program("--getmaildir", self.folder, "--rcfile", "getmailrc", timeout=patience)
            except subprocess.TimeoutExpired:
                if patience > 30:
                    raise
                # What it wrote it has not deleted from the server, and brings again.
                for path in Path(self.folder, "mail/new").iterdir():
                    path.unlink()

    def test_imap(self):
        self.deliver()
        self.check(self.fetch("SimpleIMAPSSLRetriever", "imaps", 'mailboxes = ("INBOX",)'))
        self.assertEqual(uids(self.client()), [])

    def test_pop3(self):
        self.deliver()
        self.check(self.fetch("SimplePOP3SSLRetriever", "pop3s"))
        self.assertEqual(uids(self.client()), [])


class Mutt(Program):
    name = "mutt"

    def configure(self):
        url = f"imaps://localhost:{self.server.port('imaps')}/"
        return self.file("muttrc", f"""
            set folder="{url}"
            set spoolfile="{url}INBOX"
            set imap_user="{self.address}"
            set imap_pass="secret"
            set ssl_ca_certificates_file="{self.certificate}"
            set certificate_file="{self.folder}/certificates"
            set header_cache="{self.folder}/headers"
            set message_cachedir="{self.folder}/bodies"
            set mbox_type=mbox
            set move=no delete=yes quit=yes wait_key=no
            set confirmappend=no confirmcreate=no
            set copy=yes record="=Sent"
            set sendmail="/bin/true"
            set realname="Somebody"
            set from="{self.address}"
        """)

    def do(self, *steps):
        """What a user types; ends with quitting."""
        path = self.configure()
        status, screen = run_in_terminal(
            "mutt", "-n", "-F", path, "-e", 'push "' + "".join(steps) + '<quit>"',
            environment={"HOME": self.folder, "LANG": "C.UTF-8"},
        )
        self.assertEqual(status, 0, screen[-2000:])

    def tag(self, pattern):
        return f"<tag-pattern>{pattern}<enter>"

    def test_moves_flags_and_copies(self):
        client = self.client()
        for number in range(3):
            client.append("INBOX", None, None, message(b"text %d\r\n" % number, subject=b"number-%d" % number))
        self.do(
            self.tag("~s number-0"), f"<tag-prefix><copy-message>{self.folder}/copy<enter>", "<untag-pattern>.<enter>",
            self.tag("~s number-1"), "<tag-prefix><save-message>=Archive<enter>", "<untag-pattern>.<enter>",
            self.tag("~s number-2"), "<tag-prefix><flag-message>", "<sync-mailbox>",
        )
        client.select("INBOX")
        self.assertEqual(client.uid("SEARCH", "ALL")[1], [b"1 3"])
        self.assertEqual(client.uid("SEARCH", "FLAGGED")[1], [b"3"])
        client.select("Archive")
        self.assertEqual(len(client.search(None, "SUBJECT", "number-1")[1][0].split()), 1)
        self.assertIn(b"\ntext 0\n", Path(self.folder, "copy").read_bytes())

    def test_copies_every_octet(self):
        self.deliver()
        self.do(self.tag("~A"), f"<tag-prefix><copy-message>{self.folder}/copy<enter>")
        octets = Path(self.folder, "copy").read_bytes()
        # An mbox marks what begins with "From " and its like, and mutt notes status and length in the header.
        for name in NAMES:
            body = lines(DELICATE[name]).split(b"\n\n", 1)[1]
            if b"From " not in body:
                self.assertIn(b"\n\n" + body, octets, name)

    def test_files_what_it_sent(self):
        path = self.configure()
        self.run_program("-n", "-F", path, "-s", "by mutt", "bob@example.test", given="Said by mutt.\n")
        client = self.client()
        [uid] = uids(client, "Sent")
        octets = fetch(client, uid)
        self.assertIn(b"Subject: by mutt\r\n", octets)
        self.assertTrue(octets.endswith(b"\r\n\r\nSaid by mutt.\r\n"), octets)
        client.select("Sent")
        self.assertEqual(client.search(None, "SEEN")[1], [b"1"])


if __name__ == "__main__":
    unittest.main()
