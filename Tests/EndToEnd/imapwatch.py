# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A session of imapstress.py that is told by NOTIFY (RFC 5465), whenever it is, and asks as little as it can."""
import select
import time

from imapsession import Session
from imapview import check

EVENTS = "MessageNew (UID FLAGS MODSEQ) MessageExpunge FlagChange"


class Watcher(Session):
    """Has SELECTED and not SELECTED-DELAYED: numbers may move at any time, so that it names messages by UID."""

    is_watching = False

    def select(self, cache=None):
        self.is_watching = False
        super().select(cache)
        self.do(f"NOTIFY SET (SELECTED ({EVENTS}))")
        self.ask()
        self.is_watching = True

    def do(self, command, may_expunge=True, **options):
        return super().do(command, True, **options)

    def look(self):
        """What came is told without a question."""
        if not self.is_watching:
            return super().look()
        end = time.monotonic() + 60
        while None in self.view.uids:
            check(time.monotonic() < end, lambda: f"not told of a message that came: {self.view.uids}")
            self.listen(0.05)

    def ask(self):
        """One's own messages are counted, and no more is told of them."""
        end = time.monotonic() + 60
        while None in self.view.uids:
            check(time.monotonic() < end, lambda: f"not told of a message that was asked for: {self.view.uids}")
            # Of others' that came after, more may be known.
            known = self.view.uids[:self.view.uids.index(None)]
            self.do(f"UID FETCH {(known[-1] if known else 0) + 1}:* (UID FLAGS MODSEQ)")

    def listen(self, seconds):
        """Takes in what comes in that time."""
        end = time.monotonic() + seconds
        while self.is_told(max(0, end - time.monotonic())):
            response = self.client.response()
            self.note(f"  <- {response}")
            check(response.tag == "*", lambda: f"NOTIFY: {response}")
            self.take([response], True)
            self.settle([response])

    def is_told(self, seconds):
        client = self.client
        return bool(client.buffer) or client.socket.pending() or bool(select.select([client.socket], [], [], seconds)[0])

    def some(self, least=1):
        chosen = None
        while chosen is None or not chosen[0]:
            chosen = super().some(least)
            if chosen is None:
                return None
        return chosen

    def wait(self):
        self.listen(self.random.random() * 0.2)

    def step(self):
        self.look()
        act = self.random.choice(
            [self.wait] * 6 + [self.append, self.append_several, self.copy, self.move, self.uid_expunge, self.noop, self.idle,
                               self.status, self.reconnect])
        if len(self.view.uids) > 60:
            act = self.random.choice([self.move, self.wait])
        act()
        if act in (self.append, self.append_several, self.copy):
            self.ask()
        self.ledger.count(f"watched {act.__name__}")

    def reconnect(self):
        """Without what it knew: resynchronizing is for sessions that are told only when they ask."""
        self.client.close()
        self.note("-- reconnect")
        self.connect()

    def state(self, there):
        wanted = {items["UID"]: (items["FLAGS"], items["MODSEQ"]) for items in there}
        end = time.monotonic() + 60
        while (known := {uid: (self.view.flags.get(uid), self.view.modseq.get(uid)) for uid in self.view.uids}) != wanted:
            check(time.monotonic() < end, lambda: f"was told {known}, and there is {wanted}")
            self.listen(0.05)
        return [(uid, self.view.flags[uid]) for uid in self.view.uids]
