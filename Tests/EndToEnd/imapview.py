# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A mailbox as one session was told of it, and what all sessions were told: imapsession.py takes it in."""
import threading
import time


class Wrong(AssertionError):
    pass


def check(condition, what):
    if not condition:
        raise Wrong(what() if callable(what) else what)


class Ledger:
    """What all sessions together were told."""

    def __init__(self):
        self.lock = threading.Lock()
        self.flags = {}
        self.made, self.gone, self.copies = {}, set(), set()
        self.counts = {}
        # Of the round that is running: when which session stored flags of a message, and answers that are right only if
        # another did so at the same time.
        self.stores, self.suspects = {}, []

    def stored(self, session, uids, begun):
        with self.lock:
            for uid in uids:
                self.stores.setdefault(uid, []).append((session, begun, time.monotonic()))

    def suspect(self, session, uid, begun, what):
        with self.lock:
            self.suspects.append((session, uid, begun, time.monotonic(), what))

    def convicted(self):
        """Suspects that nobody else can have been; a round is over."""
        guilty = [
            what for session, uid, begun, ended, what in self.suspects
            if not any(other is not session and start <= ended and begun <= end
                       for other, start, end in self.stores.get(uid, ()))
        ]
        self.stores, self.suspects = {}, []
        return guilty

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def saw(self, uid, modseq, flags):
        with self.lock:
            known = self.flags.setdefault((uid, modseq), flags)
        check(known == flags, lambda: f"UID {uid} at {modseq} is {sorted(flags)} here and {sorted(known)} elsewhere")

    def make(self, uid, text, is_copy=False):
        with self.lock:
            check(uid not in self.made, f"UID {uid} was given twice")
            self.made[uid] = text
            if is_copy:
                self.copies.add(uid)

    def lose(self, uids):
        with self.lock:
            self.gone.update(uids)


class View:
    """A mailbox as a session was told of it. Of a message that came and was not looked at yet, nothing is known."""

    def __init__(self, ledger, modseqs, by_uid):
        self.ledger, self.modseqs, self.by_uid = ledger, modseqs, by_uid
        self.uids, self.flags, self.modseq = [], {}, {}
        self.highest = 0

    def number(self, uid):
        return self.uids.index(uid) + 1

    def known(self):
        return [uid for uid in self.uids if uid is not None]

    def exists(self, count):
        check(count >= len(self.uids), f"{count} EXISTS after {len(self.uids)} without EXPUNGE")
        self.uids += [None] * (count - len(self.uids))

    def expunge(self, number):
        check(not self.by_uid, "EXPUNGE after ENABLE QRESYNC")
        check(number <= len(self.uids), f"{number} EXPUNGE of {len(self.uids)}")
        self.forget(self.uids.pop(number - 1))

    def vanish(self, uids):
        check(self.by_uid, "VANISHED without QRESYNC")
        for uid in uids:
            if uid in self.flags:
                self.uids.remove(uid)
            else:
                self.uids.pop(self.unknown(uid))
            self.forget(uid)

    def unknown(self, uid):
        """The place of a message that was not looked at and may have this UID."""
        first = max((place + 1 for place, other in enumerate(self.uids) if other is not None and other < uid), default=0)
        end = min((place for place, other in enumerate(self.uids) if other is not None and other > uid),
                  default=len(self.uids))
        check(first < end, f"VANISHED {uid}, which is not there")
        return end - 1

    def forget(self, uid):
        if uid is not None:
            self.ledger.lose([uid])
            self.flags.pop(uid, None)
            self.modseq.pop(uid, None)

    def fetch(self, number, items):
        check(number <= len(self.uids), f"FETCH of {number} of {len(self.uids)}")
        uid = self.uids[number - 1]
        if "UID" in items:
            check(uid in (None, items["UID"]), lambda: f"number {number} was UID {uid} and is {items['UID']}")
            uid = self.uids[number - 1] = items["UID"]
            before = [other for other in self.uids[:number - 1] if other is not None]
            after = [other for other in self.uids[number:] if other is not None]
            check((not before or before[-1] < uid) and (not after or uid < after[0]), f"UID {uid} is out of order")
        if uid is None:
            return
        if "FLAGS" in items:
            check("\\Recent" not in items["FLAGS"], "\\Recent is never set here")
            self.flags[uid] = items["FLAGS"]
        if "MODSEQ" in items:
            check(items["MODSEQ"] >= self.modseq.get(uid, 0), lambda: f"UID {uid} went back to {items['MODSEQ']}")
            self.modseq[uid] = items["MODSEQ"]
            if "FLAGS" in items:
                self.ledger.saw(uid, items["MODSEQ"], items["FLAGS"])
