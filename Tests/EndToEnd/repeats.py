# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a message that came twice may have: only a death of its sender, in doubt, excuses it.

Judged by what three sides have seen, and by no length of time. The receiver knows when it had not asked for a copy yet
and when it had asked for the next one; the killer knows which processes it killed, and when; and the sender's event
"delivered" says that its ledger has the answer, because it comes after that is on the disk. So a copy may be followed by
another when the process that sent it was killed in between, and had not got as far as that event. That process is the
one of the first kill after the copy's beginning, as there is one at a time.
"""
import re
from collections import defaultdict
from datetime import datetime
from dataclasses import dataclass

DELIVERED = 9703


@dataclass
class Kill:
    """A process that was killed, after `before` and before `after` (time.time())."""
    pid: int
    before: float
    after: float


def trace_of(octets):
    """The trace id that the message was taken under: that of the Received field that was added last."""
    found = re.search(rb"(?ms)^Received: .*?\bid (\S+?);?\s", octets)
    return found[1].decode() if found else ""


def settled(events):
    """Of events "delivered": (trace id, recipient) to the processes that said so, with the time."""
    found = defaultdict(dict)
    for event in events:
        if event["id"] == DELIVERED:
            for recipient in event["fields"]["smtp.recipients"]:
                time = datetime.fromisoformat(event["time"]).timestamp()
                found[event.get("trace", ""), recipient.strip("<>")][event["pid"]] = time
    return found


def judge(copies, kills, events):
    """What came again without an excuse, as texts; and the longest time in seconds from a message's end to the event."""
    ledger, arrived, inexcusable, longest = settled(events), defaultdict(list), [], 0.0
    for copy in copies:
        for recipient in copy.recipients:
            arrived[trace_of(copy.octets), recipient].append(copy)
    for key, repeats in arrived.items():
        repeats.sort(key=lambda copy: copy.begun)
        for copy, again in zip(repeats, repeats[1:]):
            fatal = [kill for kill in kills if copy.begun <= kill.after and kill.before <= again.begun]
            first = min(fatal, key=lambda kill: kill.before, default=None)
            if first is None or first.pid in ledger[key]:
                why = f"its ledger had it, {first}" if first else "no kill"
                inexcusable.append(f"{key}: from {copy.begun} to {copy.ended}, again at {again.begun}; {why}")
        longest = max([longest, *(time - repeats[-1].ended for time in ledger[key].values())])
    return inexcusable, longest
