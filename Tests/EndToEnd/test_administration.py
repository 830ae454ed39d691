# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The command line against a running server: accounts, settings that change live, events, services."""
import json
import unittest

from clients import imap, send, smtp
from messages import message
from server import Server, children_of, shared, until


class Settings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def test_a_change_takes_effect_without_a_restart(self):
        before = self.server.workers()
        self.addCleanup(self.server.run, "settings", "unset", "directory/plus-addressing")
        with smtp(self.server) as client:
            client.ehlo("client.example.org")
            client.mail("a@example.org")
            answer = lambda: client.rcpt("bob+detail@example.test")[0]
            self.assertEqual(answer(), 250)
            self.server.cli("settings", "set", "directory/plus-addressing", "no")
            until(lambda: answer() == 550, 5, "the refusal of details")
            self.server.cli("settings", "unset", "directory/plus-addressing")
            until(lambda: answer() == 250, 5, "the return of details")
        self.assertEqual(self.server.workers(), before)

    def test_an_edit_by_hand_is_in_force_and_in_the_history(self):
        self.addCleanup(self.server.run, "settings", "unset", "smtp/maximum-recipients")
        versions = lambda: json.loads(self.server.cli("settings", "history", "--json"))
        before = len(versions())
        with open(self.server.folder + "/martlet.conf", "a") as file:
            file.write("\n# by hand\nsmtp/maximum-recipients = 177\n")
        until(lambda: len(versions()) == before + 1, 5, "a version for the edit")
        self.assertEqual(self.server.cli("settings", "get", "smtp/maximum-recipients").split()[-1], "177")
        self.server.event(9006, where=lambda e: "smtp/maximum-recipients" in str(e["fields"]))

    def test_values_that_cannot_be_are_refused_with_the_reason(self):
        for path, value, word in [
            ("smtp/maximum-recipients", "many", "number"), ("smtp/maximum-recipient", "5", "smtp/maximum-recipients"),
            ("directory/postmaster", "nobody", "address"), ("service/hang-timeout", "20", "duration"),
        ]:
            with self.subTest(path):
                result = self.server.run("settings", "set", path, value)
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(word, result.stderr)

    def test_classic_names(self):
        self.addCleanup(self.server.run, "settings", "unset", "imapsvc/1/ImapShareRetryAttempts")
        self.server.cli("settings", "set", "imapsvc/1/ImapShareRetryAttempts", "8")
        shown = self.server.cli("settings", "get", "imapsvc/1/ImapShareRetryAttempts", "--classic")
        self.assertIn("0x8={8}", shown.replace(" ", ""))

    def test_explain_list_history_rollback(self):
        self.server.cli("settings", "set", "directory/default-domain", "example.test")
        before = json.loads(self.server.cli("settings", "history", "--json"))[-2]["version"]
        self.assertIn("directory/default-domain", self.server.cli("settings", "diff", str(before)))
        self.assertIn("domain", self.server.cli("settings", "explain", "directory/default-domain"))
        self.assertTrue(json.loads(self.server.cli("settings", "list", "--json")))
        self.server.cli("settings", "rollback", str(before))
        self.assertNotIn("example.test", self.server.cli("settings", "get", "directory/default-domain"))


class Directory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = shared()

    def test_an_account_is_there_for_all_workers_at_once(self):
        address = self.server.new_account()
        send(self.server, [address], message())
        imap(self.server, address).logout()

    def test_a_changed_password_counts_at_once(self):
        address = self.server.new_account()
        imap(self.server, address).logout()
        self.server.cli("account", "password", address, "--password-stdin", given="another\n")
        until(lambda: self.logs_on(address, "another"), 2, "the new password")
        self.assertFalse(self.logs_on(address, "secret"))

    def logs_on(self, address, password):
        client = imap(self.server)
        try:
            return client.login(address, password)[0] == "OK"
        except client.error:
            return False
        finally:
            client.shutdown()

    def test_listings(self):
        address = self.server.new_account()
        accounts = json.loads(self.server.cli("account", "list", "--json"))
        self.assertIn(address, [account["address"] for account in accounts])
        domains = json.loads(self.server.cli("domain", "list", "--json"))
        self.assertIn("example.test", [domain["name"] for domain in domains])

    def test_what_cannot_be_done_is_said(self):
        for arguments, status, word in [
            (("account", "add", "x@nowhere.test", "--no-password"), 66, "domain add"),
            (("account", "add", "alice@example.test", "--no-password"), 73, "already"),
            (("domain", "remove", "example.test"), 73, "still"),
            (("account", "show", "nobody@example.test"), 66, "nobody@example.test"),
            (("acount", "list"), 64, "account"),
        ]:
            with self.subTest(arguments):
                result = self.server.run(*arguments)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(word, result.stderr)

    def test_secrets_are_not_in_the_log(self):
        secret = "xyzzy-not-to-be-logged"
        address = self.server.new_account(secret)
        imap(self.server, address, secret).logout()
        with self.assertRaises(Exception):
            imap(self.server, address, secret + "!")
        self.assertNotIn(secret, json.dumps(self.server.events()))
        self.assertNotIn(secret, self.server.console())


class Services(unittest.TestCase):
    def test_list_and_restart(self):
        server = Server().start()
        self.addCleanup(server.destroy)
        services = server.services()
        self.assertEqual({service["role"] for service in services} & {"frontend", "backend", "transport"},
                         {"frontend", "backend", "transport"})
        for service in services:
            self.assertLessEqual({"name", "role", "pid", "state", "restarts"}, set(service))
        self.assertLessEqual({service["pid"] for service in services if service["pid"]},
                             set(children_of(server.process.pid)))
        client = imap(server, "alice@example.test", "secret1")
        name = next(service["name"] for service in services if service["role"] == "transport")
        before = server.workers("transport")
        server.cli("service", "restart", name)
        until(lambda: server.workers("transport") and server.workers("transport") != before, 10, "the restart")
        send(server, ["alice@example.test"], message())
        self.assertEqual(client.noop()[0], "OK")
        server.event(7036)


if __name__ == "__main__":
    unittest.main()
