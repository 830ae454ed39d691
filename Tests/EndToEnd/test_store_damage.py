# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A damaged message never ends a client's session, and damages nothing beside it."""
import random
import unittest

from livedamage import LiveDamage


class StoreDamage(unittest.TestCase):
    def test_damage_costs_what_it_hits_and_no_session(self):
        live = LiveDamage(accounts=3, messages=30)
        self.addCleanup(live.close)
        generator = random.Random()
        self.assertEqual(live.while_it_runs(150, generator, batch=15), [])
        self.assertEqual(live.while_it_is_down(4, generator), [])
        self.assertEqual(live.deaths(), 0)
        self.assertGreater(live.counts["messages hit"], 10)
        print(f"({dict(live.counts)}) ", end="")


if __name__ == "__main__":
    unittest.main()
