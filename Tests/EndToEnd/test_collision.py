# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Delivery and APPEND at the same instant never show as an error (script/soak collision is the long version)."""
import shutil
import tempfile
import unittest

import powercut
from collision import collide
from server import Server


class Collision(unittest.TestCase):
    def test_cc_to_self_and_append_to_sent_at_the_same_instant(self):
        self.run_with(users=16, rounds=320)

    def test_the_same_on_a_disk_that_takes_up_to_200_ms_for_a_sync(self):
        place = tempfile.mkdtemp(prefix="martlet-slow-", dir="/tmp")
        self.addCleanup(shutil.rmtree, place, True)
        library = powercut.shim(place)
        self.run_with(users=16, rounds=64, slow=lambda store: powercut.environment(library, store, delay=200_000))

    def run_with(self, users, rounds, slow=None):
        server = Server()
        self.addCleanup(server.destroy)
        server.start(slow(server.folder + "/store") if slow else None)
        complaints, counts = collide(server, users, rounds, report=lambda text: None)
        print(f"({counts}) ", end="")
        self.assertEqual(complaints, [])
        self.assertEqual(counts["rounds"], rounds)


if __name__ == "__main__":
    unittest.main()
