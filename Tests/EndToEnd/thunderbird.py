# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Thunderbird, Debian's, with a window on a display of its own, driven by Marionette (script/clients)."""
import base64
import os
import shutil
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from clients import fetch, imap, send, uids
from marionette import Marionette
from messages import message
from peers import free_port
from server import shared, until

# Nothing that asks a question, looks for something new, or talks to anybody but the server.
PREFERENCES = {
    "app.donation.eoy.version.viewed": 999,
    "app.update.auto": False,
    "app.update.enabled": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "toolkit.startup.max_resumed_crashes": -1,
    "toolkit.telemetry.enabled": False,
}

# Makes the account as the program's own wizard does, without its questions: whether the certificate of a server that
# vouches for itself is good is one of them.
MAKE_ACCOUNT = """
    const {MailServices} = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
    const [address, port, certificate] = given;
    const certificates = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
    Cc["@mozilla.org/security/certoverride;1"].getService(Ci.nsICertOverrideService).rememberValidityOverride(
        "localhost", port, {}, certificates.constructX509FromBase64(certificate), false);
    const server = MailServices.accounts.createIncomingServer(address, "localhost", "imap");
    server.port = port;
    server.socketType = Ci.nsMsgSocketType.SSL;
    server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
    server.password = "secret";
    server.loginAtStartUp = false;
    server.doBiff = false;
    const identity = MailServices.accounts.createIdentity();
    identity.email = address;
    const account = MailServices.accounts.createAccount();
    account.incomingServer = server;
    account.addIdentity(identity);
    MailServices.accounts.defaultAccount = account;
    return server.key;
"""

# What the other scripts begin with.
TOOLS = """
    const {MailServices} = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
    const server = MailServices.accounts.allServers.find(server => server.type == "imap");
    const root = server.rootFolder;
    const named = name => {
        const found = root.descendants.find(folder => folder.name.toLowerCase() == name.toLowerCase());
        if (!found) throw new Error("no folder " + name + " among " + root.descendants.map(folder => folder.name));
        return found;
    };
    const listener = (resolve, reject) => ({
        QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
        OnStartRunningUrl() {},
        OnStopRunningUrl(url, status) { status ? reject(new Error("status 0x" + status.toString(16))) : resolve(); },
    });
    const update = folder => new Promise((resolve, reject) => folder
        .QueryInterface(Ci.nsIMsgImapMailFolder)
        .updateFolderWithListener(null, listener(resolve, reject)));
    const messages = folder => [...folder.messages];
"""

# Asks the server for its folders; they are there when the answer is.
DISCOVER = TOOLS + """
    const session = Cc["@mozilla.org/messenger/msgwindow;1"].createInstance(Ci.nsIMsgWindow);
    server.performExpand(session);
    const end = Date.now() + 60000;
    while (!root.descendants.some(folder => folder.name == "Archive")) {
        if (Date.now() > end) throw new Error("folders: " + root.descendants.map(folder => folder.name));
        await new Promise(resolve => setTimeout(resolve, 50));
    }
    return root.descendants.map(folder => folder.name);
"""

# Brings a folder up to date, messages and all, and says what is there.
SYNC = TOOLS + """
    const folder = named(given[0]);
    await update(folder);
    await new Promise((resolve, reject) => folder.downloadAllForOffline(listener(resolve, reject), null));
    return messages(folder).map(header => ({
        uid: header.messageKey,
        subject: header.mime2DecodedSubject,
        isRead: header.isRead,
        isFlagged: header.isFlagged,
        isHere: Boolean(header.flags & Ci.nsMsgMessageFlags.Offline),
    }));
"""

MOVE = TOOLS + """
    const [from, to] = [named(given[0]), named(given[1])];
    const header = messages(from).find(header => header.mime2DecodedSubject == given[2]);
    await new Promise((resolve, reject) => MailServices.copy.copyMessages(from, [header], to, true, {
        QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]),
        onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; },
        onStopCopy(status) { status ? reject(new Error("status 0x" + status.toString(16))) : resolve(); },
    }, null, true));
"""

MARK = TOOLS + """
    const folder = named(given[0]);
    folder.markMessagesRead(messages(folder).filter(header => header.mime2DecodedSubject == given[1]), true);
"""


class Program:
    """The program with a display and a profile that go away with it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="martlet-thunderbird-", dir="/tmp")
        self.display = self.program = self.driver = None
        profile = Path(self.folder, "profile")
        profile.mkdir()
        self.port = free_port()
        preferences = {**PREFERENCES, "marionette.port": self.port}
        Path(profile, "user.js").write_text("".join(
            f"user_pref({quoted(name)}, {quoted(value)});\n" for name, value in preferences.items()))

    def start(self):
        reading, writing = os.pipe()
        with open(self.folder + "/xvfb.log", "wb") as log:
            self.display = subprocess.Popen(
                ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading) as number:
            name = number.readline().strip()
        with open(self.folder + "/console", "wb") as log:
            self.program = subprocess.Popen(
                ["thunderbird", "--profile", self.folder + "/profile", "--no-remote", "--marionette",
                 "--remote-allow-system-access"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "HOME": self.folder, "DISPLAY": ":" + name, "LANG": "C.UTF-8",
                     "MOZ_CRASHREPORTER_DISABLE": "1", "LIBGL_ALWAYS_SOFTWARE": "1", "MOZ_DISABLE_CONTENT_SANDBOX": "1"})
        try:
            self.driver = Marionette(self.port, 120)
        except OSError as error:
            raise AssertionError(f"{error}: {self.console()}")
        return self

    def console(self):
        return Path(self.folder, "console").read_text(errors="replace")[-3000:]

    def stop(self):
        if self.driver:
            self.driver.close()
        for process in (self.program, self.display):
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def quoted(value):
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, (bool, int)) else f'"{value}"'


class Thunderbird(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for name in ("thunderbird", "Xvfb"):
            if not shutil.which(name):
                raise unittest.SkipTest(f"{name} is not installed (script/bootstrap --clients)")

    def test_logs_on_syncs_a_folder_and_moves_a_message(self):
        server = shared()
        address = server.new_account()
        client = imap(server, address)
        self.addCleanup(client.shutdown)
        client.create("Archive")
        for number in range(5):
            send(server, [address], message(b"text %d\r\n" % number, subject=b"number %d" % number))
        program = Program()
        self.addCleanup(program.stop)
        driver = program.start().driver
        certificate = ssl.PEM_cert_to_DER_cert(Path(server.folder, "keys/server.crt").read_text())
        driver.run(MAKE_ACCOUNT, address, server.port("imaps"), base64.b64encode(certificate).decode())
        self.assertIn("Archive", driver.run(DISCOVER))
        found = driver.run(SYNC, "Inbox")
        self.assertEqual([row["subject"] for row in found], [f"number {number}" for number in range(5)])
        self.assertTrue(all(row["isHere"] and not row["isRead"] for row in found), found)
        offline = Path(program.folder, "profile/ImapMail/localhost/INBOX").read_bytes()
        for number in range(5):
            self.assertIn(b"text %d" % number, offline)
        # From here to there.
        driver.run(MOVE, "Inbox", "Archive", "number 3")
        until(lambda: uids(client, "Archive") == [1], 30, "the message to move")
        self.assertEqual(uids(client), [1, 2, 3, 5])
        self.assertTrue(fetch(client_in(client, "Archive"), 1).endswith(b"text 3\r\n"))
        driver.run(MARK, "Inbox", "number 0")
        client.select("INBOX", readonly=True)
        until(lambda: client.uid("SEARCH", "SEEN")[1] == [b"1"], 30, "the message to be read")
        # From there to here.
        client.select("INBOX")
        client.uid("STORE", "2", "+FLAGS", "(\\Flagged)")
        client.uid("STORE", "5", "+FLAGS", "(\\Deleted)")
        client.expunge()
        send(server, [address], message(b"late\r\n", subject=b"late"))
        rows = {row["subject"]: row for row in driver.run(SYNC, "Inbox")}
        self.assertEqual(sorted(rows), ["late", "number 0", "number 1", "number 2"])
        self.assertTrue(rows["number 1"]["isFlagged"] and rows["number 0"]["isRead"], rows)
        self.assertEqual([row["subject"] for row in driver.run(SYNC, "Archive")], ["number 3"])


def client_in(client, mailbox):
    client.select(mailbox, readonly=True)
    return client


if __name__ == "__main__":
    unittest.main()
