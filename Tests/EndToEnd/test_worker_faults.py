# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Workers that trap or hang, and service control without root: the worker is back, and the events say what happened."""
import os
import pwd
import signal
import statistics
import time
import unittest
from datetime import datetime

from clients import fetch, imap, send, uids
from messages import message
from pace import slack
from server import Server, until

RECOVERY = "restart 0s; reset 1s; breaker 1000"


def moment(event):
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()


class Traps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({
            "drill/enabled": "on", "drill/poison-subject": "Poisonous", "service/recovery": RECOVERY,
        }).start()
        cls.addClassCleanup(cls.server.destroy)

    def test_a_trap_costs_the_sender_nothing_and_names_its_line(self):
        accounts = [self.server.new_account() for _ in range(5)]
        texts = [message(subject=b"Poisonous %d" % number) for number in range(5)]
        for account, text in zip(accounts, texts):
            send(self.server, [account], text)
        # Each message was at two deaths, was set aside, and lies there as it was sent.
        self.assertEqual(len(self.server.events(4116)), 5)
        deaths = self.server.events(4097)
        self.assertEqual(len(deaths), 10, deaths)
        for death in deaths:
            self.assertRegex(death["fields"]["end"], "^signal [45]( |$)", death)
            self.assertTrue(death["fields"]["items"], death)
        for account, text in zip(accounts, texts):
            client = imap(self.server, account, "secret")
            [uid] = uids(client)
            self.assertTrue(fetch(client, uid).endswith(text))
            client.logout()
        report = self.server.event(9010, timeout=60)
        self.assertRegex(report["fields"]["crash.at"], r"Summarizer\.swift:\d+")
        self.assertTrue(os.path.exists(report["fields"]["crash.report"]), report)

    def test_back_in_under_100_ms(self):
        # What is measured is the server, not how busy the machine is: the best of three rounds counts.
        medians = []
        for number in range(3):
            self.wait_for_reporters()
            medians.append(statistics.median(self.restart_times(b"Poisonous round %d" % number)))
            bar = slack(100)
            if medians[-1] < bar:
                break
        print(f"(event of the death to ready: median {medians[-1]:.0f} ms) ", end="")
        self.assertLess(medians[-1], bar, medians)

    def restart_times(self, subject):
        """Traps six times; milliseconds from each event of the death to the one of the successor being ready."""
        before = len(self.server.events(4097))
        for number in range(3):
            send(self.server, ["bob@example.test"], message(subject=subject + b", %d" % number))
        deaths = self.server.events(4097)[before:]
        self.assertEqual(len(deaths), 6)
        ready = [moment(e) for e in self.server.events(7036)
                 if e["fields"].get("worker") == "backend-1" and e["fields"].get("state") == "running"]
        return [1000 * min(time - moment(death) for time in ready if time > moment(death)) for death in deaths]

    def wait_for_reporters(self):
        """Until the copies that earlier traps left behind have been looked into."""
        until(lambda: len(self.server.events(9010)) == len(self.server.events(4097)), 60, "a report for each death")


class Hangs(unittest.TestCase):
    def test_a_worker_that_stands_still_is_ended_and_replaced(self):
        server = Server({"service/hang-timeout": "2s", "service/recovery": RECOVERY}).start()
        self.addCleanup(server.destroy)
        stopped = server.workers("transport") | server.workers("frontend") | server.workers("backend")
        self.assertEqual(len(stopped), 3)
        begun = time.monotonic()
        for pid in stopped.values():
            os.kill(pid, signal.SIGSTOP)
        for name, pid in stopped.items():
            until(lambda: server.workers().get(name) not in (None, pid), 20, f"{name} to be replaced")
            self.assertGreater(time.monotonic() - begun, 1.5)
            server.event(9002, where=lambda e: e["fields"]["worker"] == name)
            server.event(4097, where=lambda e: str(pid) in str(e["fields"]))
        send(server, ["alice@example.test"], message())
        client = imap(server, "alice@example.test", "secret1")
        self.assertEqual(len(uids(client)), 1)
        client.logout()


@unittest.skipUnless(os.geteuid() == 0, "needs root, to give it up")
class WithoutRoot(unittest.TestCase):
    def test_all_processes_run_as_the_service_user_once_ports_are_bound(self):
        server = Server({"service/user": "nobody"}).start()
        self.addCleanup(server.destroy)
        user = pwd.getpwnam("nobody").pw_uid
        processes = {"control": server.process.pid, **server.workers()}
        for name, pid in processes.items():
            with self.subTest(name):
                with open(f"/proc/{pid}/status") as status:
                    ids = next(line for line in status if line.startswith("Uid:")).split()[1:]
                self.assertEqual(ids, [str(user)] * 4)
        send(server, ["alice@example.test"], message())
        [(name, pid)] = server.workers("backend").items()
        os.kill(pid, signal.SIGKILL)
        until(lambda: server.workers("backend").get(name) not in (None, pid), 10, "the back-end to be back")
        client = imap(server, "alice@example.test", "secret1")
        self.assertEqual(len(uids(client)), 1)
        client.logout()
        self.assertFalse(server.events(9004))


if __name__ == "__main__":
    unittest.main()
