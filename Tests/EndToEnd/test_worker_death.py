# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every worker, under load and without: nothing acknowledged is lost, and it is back in no time."""
import os
import signal
import statistics
import unittest

from clients import imap, send, uids
from load import Load, kill_workers, restart_times, summary
from messages import message
from pace import slack
from server import QUICK, Server, until

# Deaths are the point here, so that pauses and the breaker would only get in the way.
RECOVERY = {"service/recovery": "restart 0s; reset 1s; breaker 1000"}


class WorkerDeath(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(RECOVERY).start()
        cls.addClassCleanup(cls.server.destroy)

    def test_a_death_is_an_event_and_a_restart_is_counted(self):
        for name, pid in self.server.workers().items():
            with self.subTest(name):
                os.kill(pid, signal.SIGKILL)
                until(lambda: self.server.workers().get(name) not in (None, pid), 10, f"{name} to be back")
                death = self.server.event(4097, where=lambda e: str(pid) in str(e["fields"]))
                self.assertIn("9", str(death["fields"]))
                self.server.event(7031, where=lambda e: name in str(e["fields"]))
                entry = next(s for s in self.server.services() if s["name"] == name)
                self.assertGreaterEqual(entry["restarts"], 1)

    def test_back_in_under_100_ms(self):
        times = restart_times(self.server, "frontend", "imap", 10) + restart_times(self.server, "transport", "smtp", 10)
        print(f"({summary(times)}) ", end="")
        self.assertLess(statistics.median(times), slack(100))

    def test_the_death_of_the_back_end_is_told_to_its_clients(self):
        # The session goes on, or is told [UNAVAILABLE]: it is not just gone. A new one works at once.
        client = imap(self.server, "alice@example.test", "secret1")
        client.select("INBOX")
        [(_, pid)] = self.server.workers("backend").items()
        os.kill(pid, signal.SIGKILL)
        try:
            status, data = client.noop()
            self.assertTrue(status == "OK" or b"[UNAVAILABLE]" in data[0], (status, data))
        except client.abort as error:
            self.assertIn("[UNAVAILABLE]", str(error))
        send(self.server, ["alice@example.test"], message())
        client = imap(self.server, "alice@example.test", "secret1")
        self.assertEqual(len(uids(client)), 1)
        client.logout()

    @unittest.skipIf(QUICK, "takes 10 s")
    def test_nothing_acknowledged_is_lost_or_twice_there(self):
        accounts = [self.server.new_account() for _ in range(4)]
        with Load(self.server, accounts, senders=4, readers=4) as load:
            killed = kill_workers(self.server, seconds=10, pause=0.3)
        self.assertGreaterEqual(sum(killed.values()), 10, killed)
        lost, duplicated, damaged = load.verify()
        print(f"({dict(killed)} {dict(load.counts)}) ", end="")
        self.assertGreater(load.counts["acknowledged"], 50)
        self.assertEqual((lost, duplicated, damaged), ([], [], []))


if __name__ == "__main__":
    unittest.main()
