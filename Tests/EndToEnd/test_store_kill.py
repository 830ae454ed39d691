# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""What the store has promised it keeps, under kill -9 and when power is cut. The long versions are in script/soak."""
import os
import random
import shutil
import signal
import tempfile
import time
import unittest
from pathlib import Path

import powercut
from ledger import Contents, Ledger
from server import Server, until
from sessions import Sessions

RECOVERY = {"service/recovery": "restart 0s; reset 1s; breaker 1000"}


class LedgerTests(unittest.TestCase):
    """A checker that finds nothing must be one that would have."""

    LOG = ["I 1 10 D 1 INBOX 0-1-1 aa", "A 1 20 7 1 0", "I 2 30 P 1 INBOX 0-1-2 bb 1,work", "A 2 40 7 2 0",
           "I 3 50 F 1 INBOX add 4 1", "A 3 60 1", "I 4 70 D 1 INBOX 0-1-3 cc", "S 75 1 INBOX 1,2"]
    GOOD = ["G 1 INBOX 1 0-1-1 aa 1 4 3 9", "G 1 INBOX 2 0-1-2 bb 1 1,work 2 9", "U 1 INBOX 7 3 3 2"]

    def verdict(self, lines, log=LOG):
        ledger = Ledger()
        ledger.tell(log)
        contents, _, said = Contents.parse([*lines, "R 0"])
        self.assertTrue(said)
        ledger.reckon(contents)
        return {kind: count for kind, count in ledger.verdict().items() if count}

    def test_what_was_promised_passes(self):
        self.assertEqual(self.verdict(self.GOOD), {})
        # Not answered: it may be there, once.
        self.assertEqual(self.verdict([*self.GOOD[:2], "G 1 INBOX 3 0-1-3 cc 1 0 4 9", "U 1 INBOX 7 4 4 3"]), {})

    def test_every_broken_promise_is_found(self):
        one, two, box = self.GOOD
        self.assertIn("lost", self.verdict([two, box]))
        self.assertIn("duplicate", self.verdict([one, two, "G 1 INBOX 3 0-1-1 aa 1 4 3 9", box]))
        self.assertIn("flags lost", self.verdict([one.replace(" 4 3 9", " 0 3 9"), two, box]))
        self.assertIn("flags lost", self.verdict([one, two.replace(",work", ""), box]))
        self.assertIn("UID changed", self.verdict([one, two.replace("INBOX 2", "INBOX 3"), box]))
        self.assertIn("UID reused", self.verdict([one.replace("INBOX 1", "INBOX 2"), two, box]))
        self.assertIn("UID reused", self.verdict([one, two, box.replace(" 7 3 ", " 7 2 ")]))
        self.assertIn("UIDVALIDITY changed", self.verdict([one, two, box.replace(" 7 3 ", " 8 3 ")]))
        self.assertIn("damaged", self.verdict([one.replace("aa", "ab"), two, box]))
        self.assertIn("damaged", self.verdict([one.replace("aa 1", "aa 0"), two, box]))
        self.assertIn("nobody's", self.verdict([*self.GOOD[:2], "G 1 INBOX 3 9-9-9 cc 1 0 4 9", "U 1 INBOX 7 4 4 3"]))
        gone = [*self.LOG, "I 5 80 X 1 INBOX 1", "A 5 90 1"]
        self.assertEqual(self.verdict([two, box], gone), {})
        self.assertIn("came back", self.verdict(self.GOOD, gone))


class StoreKill(unittest.TestCase):
    def test_32_writers_and_a_back_end_that_is_killed_ten_times(self):
        server = Server(RECOVERY).start()
        self.addCleanup(server.destroy)
        accounts = [server.new_account() for _ in range(8)]
        generator = random.Random()
        with Sessions(server, accounts, writers=32) as sessions:
            for _ in range(10):
                time.sleep(generator.uniform(0.1, 0.7))
                [(name, pid)] = server.workers("backend").items()
                os.kill(pid, signal.SIGKILL)
                until(lambda: server.workers("backend").get(name) not in (None, pid), 10, "the back-end to be back")
            time.sleep(0.3)
        ledger = sessions.ledger
        ledger.reckon(sessions.contents())
        print(f"({ledger.counts['acknowledged']} changes acknowledged, {ledger.counts['unanswered']} not answered) ", end="")
        self.assertGreater(ledger.counts["acknowledged"], 100)
        self.assertTrue(ledger.passed(), (ledger.problems, ledger.verdict()))


class PowerCut(unittest.TestCase):
    """Through the real server: what clients were told before the cut is there after it."""

    def test_what_was_acknowledged_survives_power_cuts(self):
        place = tempfile.mkdtemp(prefix="martlet-cut-", dir="/tmp")
        self.addCleanup(shutil.rmtree, place, True)
        library = powercut.shim(place)
        server = Server(RECOVERY)
        self.addCleanup(server.destroy)
        accounts = [server.new_account() for _ in range(4)]
        store, trace = server.folder + "/store", place + "/trace"
        os.makedirs(store, exist_ok=True)
        server.start(environment=powercut.environment(library, store, trace))
        with TimedSessions(server, accounts, writers=8) as sessions:
            time.sleep(2.5)
        server.kill()
        history = powercut.records(trace)
        self.assertTrue(any(record.kind == "s" for record in history), "nothing was recorded")
        generator = random.Random()
        moments = sorted(generator.sample(range(len(history) // 4, len(history)), 5))
        disk, lies, at = powercut.Disk(place + "/empty"), powercut.Disk(place + "/empty"), 0
        acknowledged = 0
        for moment in moments:
            for record in history[at:moment]:
                disk.take(record)
                if record.kind != "s":
                    lies.take(record)
            at = moment
            ledger = self.after(disk, history[moment].time, sessions, server, generator)
            acknowledged = ledger.counts["acknowledged"]
            self.assertTrue(ledger.passed(), (moment, len(history), ledger.problems, ledger.verdict()))
        print(f"({len(moments)} cuts, the last after {acknowledged} acknowledged changes) ", end="")
        self.assertGreater(acknowledged, 20)
        # And would it have been seen? A disk whose syncs do nothing loses what it has promised.
        lies.pending.clear()
        for file in lies.names.values():
            file.since.clear()
        ledger = self.after(lies, history[moments[-1]].time, sessions, server, generator)
        self.assertGreater(ledger.verdict()["lost"], 0)

    def after(self, disk, moment, sessions, server, generator):
        disk.cut(server.folder + "/store", generator)
        server.start()
        ledger = Ledger()
        ledger.tell(sessions.log, until=moment)
        ledger.reckon(sessions.contents())
        server.kill()
        return ledger


class TimedSessions(Sessions):
    """Keeps everything that was asked and answered with its time, so that any moment can be gone back to."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.log = []
        outer, inner = self, self.ledger

        class Kept(Ledger):
            def ask(self, number, words):
                outer.log.append(f"I {number} {time.monotonic_ns()} {' '.join(words)}")
                inner.ask(number, words)

            def answered(self, number, words):
                outer.log.append(f"A {number} {time.monotonic_ns()} {' '.join(words)}")
                inner.answered(number, words)

            def located(self, account, mailbox, token, uid):
                outer.log.append(f"L {account} {time.monotonic_ns()} {mailbox} {token} {uid}")
                inner.located(account, mailbox, token, uid)
        self.ledger = Kept()


if __name__ == "__main__":
    unittest.main()
