# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""The judge of repeated copies knows what is excused and what is not."""
import unittest
from datetime import datetime, timezone

from repeats import DELIVERED, Kill, judge
from sink import Copy

HEAD = b"Received: from [127.0.0.1] (port 1)\r\n\tby here.test with ESMTP id abc\r\n\tfor <x@far.test>;\r\n\tnow\r\n"


def copy(begun, ended):
    return Copy("a@here.test", ["x@far.test"], HEAD + b"Subject: x\r\n\r\n", begun, ended)


def delivered(pid, time, trace="abc"):
    text = datetime.fromtimestamp(time, timezone.utc).isoformat()
    return {"id": DELIVERED, "pid": pid, "time": text, "trace": trace, "fields": {"smtp.recipients": ["<x@far.test>"]}}


class Repeats(unittest.TestCase):
    CASES = [
        # What came; whom was killed; what the log says; whether that is excused.
        ("once", [(1, 2)], [], [delivered(7, 3)], True),
        ("killed long after a long silence", [(1, 2), (90, 91)], [Kill(7, 80, 80)], [delivered(8, 92)], True),
        ("killed before the receiver read it", [(1, 9), (10, 11)], [Kill(7, 1.5, 1.6)], [delivered(8, 12)], True),
        ("again and nobody was killed", [(1, 2), (3, 4)], [], [delivered(7, 5)], False),
        ("killed before it was begun", [(1, 2), (3, 4)], [Kill(6, 0.1, 0.2)], [delivered(7, 5)], False),
        ("killed after it came again", [(1, 2), (3, 4)], [Kill(7, 5, 5)], [delivered(7, 4.5)], False),
        ("the ledger had it", [(1, 2), (5, 6)], [Kill(7, 4, 4)], [delivered(7, 3), delivered(8, 7)], False),
        ("it had another message", [(1, 2), (5, 6)], [Kill(7, 4, 4)], [delivered(7, 3, "b"), delivered(8, 7)], True),
        ("three times, killed once", [(1, 2), (5, 6), (7, 8)], [Kill(7, 4, 4)], [delivered(8, 9)], False),
        ("three times, killed twice", [(1, 2), (4, 5), (7, 8)], [Kill(7, 3, 3), Kill(8, 6, 6)], [], True),
    ]

    def test_what_is_excused(self):
        for name, times, kills, events, excused in self.CASES:
            with self.subTest(name):
                inexcusable, _ = judge([copy(*time) for time in times], kills, events)
                self.assertEqual(not inexcusable, excused, inexcusable)

    def test_how_long_the_ledger_took(self):
        self.assertAlmostEqual(judge([copy(1, 2)], [], [delivered(7, 5)])[1], 3)


if __name__ == "__main__":
    unittest.main()
