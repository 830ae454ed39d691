# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Sessions of one mailbox that do whatever they like at once, each holding everything it is told against what it knows.

A session knows what it was told: which message has which sequence number, its flags, its mod-sequence. It is wrong for
the server to tell anything that does not fit: a number that is not there, an EXPUNGE where numbers must stand still, a
search that finds what the session does not see, a UID that is another message now. What the sessions are told of one
message at one mod-sequence must be the same for all. When they rest, all know the same, and that is what is there.
"""
import random
import threading
import time
import traceback

from imapsession import Session
from imapview import Ledger, check
from imapwatch import Watcher
from strictimap import StrictClient

KINDS = ["rev1", "condstore", "qresync", "rev2", "rev2 qresync", "notify condstore", "notify rev2 qresync"]


def truth(server, address):
    """What a newcomer sees: UIDs, flags, mod-sequences, octets."""
    with StrictClient(server) as client:
        client.log_on(address)
        client.ok("EXAMINE INBOX")
        untagged, _ = client.ok("UID FETCH 1:* (UID FLAGS MODSEQ BODY.PEEK[])")
        return [r.data for r in untagged if r.kind == "FETCH"]


class Stress:
    """Runs sessions of each kind until the time is over; they rest and are compared now and then."""

    def __init__(self, server, address, sessions=8, seed=None, steps=60):
        self.seed = seed if seed is not None else random.randrange(1 << 32)
        self.server, self.address, self.steps = server, address, steps
        self.ledger = Ledger()
        self.failures = []
        with StrictClient(server) as client:
            client.log_on(address)
            client.run("CREATE Archive")
        self.sessions = [
            self.session(KINDS[number % len(KINDS)], self.seed * 1000 + number)
            for number in range(sessions)
        ]

    def session(self, kind, seed):
        made = Watcher if kind.startswith("notify") else Session
        return made(self.server, self.address, kind, self.ledger, seed)

    def run(self, seconds):
        end = time.monotonic() + seconds
        rounds = 0
        while time.monotonic() < end and not self.failures:
            threads = [threading.Thread(target=self.work, args=(session, end)) for session in self.sessions]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if not self.failures:
                self.compare()
                rounds += 1
        for session in self.sessions:
            session.client.close()
        return {"seed": self.seed, "rounds": rounds, **dict(sorted(self.ledger.counts.items()))}

    def work(self, session, end):
        try:
            for _ in range(self.steps):
                if time.monotonic() > end or self.failures:
                    return
                session.step()
        except Exception as error:
            self.fail(session, error)

    def fail(self, session, error):
        trace = "".join(traceback.format_exception(error)[-4:])
        self.failures.append(f"{session.kind}, seed {self.seed}: {error}\n{trace}\nlast: " + "\n".join(session.history[-8:]))

    def compare(self):
        self.failures += self.ledger.convicted()
        there = truth(self.server, self.address)
        wanted = [(items["UID"], items["FLAGS"]) for items in there]
        for session in self.sessions:
            try:
                state = session.state(there)
                check(state == wanted, lambda: f"knows {set(state) - set(wanted)}, and there is {set(wanted) - set(state)}")
                if session.has_modseqs:
                    modseqs = {items["UID"]: items["MODSEQ"] for items in there}
                    check(session.view.modseq == modseqs, "mod-sequences are others")
            except Exception as error:
                self.fail(session, error)
        for items in there:
            text = self.ledger.made.get(items["UID"])
            if text is not None and items["BODY[]"] != text:
                self.failures.append(f"UID {items['UID']} is another message")
        uids = {items["UID"] for items in there}
        known = set(self.ledger.made) - self.ledger.copies
        lost = sorted(known - uids - self.ledger.gone)
        if lost:
            self.failures.append(f"gone, and nobody was told: {lost}")
        again = uids & self.ledger.gone
        if again:
            self.failures.append(f"told to be gone, and there: {again}")
