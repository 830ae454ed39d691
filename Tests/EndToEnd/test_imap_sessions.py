# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Many sessions of one mailbox at once, for a few seconds; script/soak imap-sessions does the same for long."""
import unittest

from imapstress import Stress
from server import shared


class Sessions(unittest.TestCase):
    def test_eight_sessions_of_one_mailbox_are_told_nothing_wrong(self):
        server = shared()
        stress = Stress(server, server.new_account(), steps=40)
        counts = stress.run(8)
        self.assertEqual(stress.failures, [])
        for kind in ("append", "store", "conditional", "expunge", "search", "fetch", "resynchronized"):
            self.assertGreater(counts.get(kind, 0), 0, counts)
