# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A damaged message never ends a client's session, and damages nothing beside it."""
import random
import unittest

from livedamage import LiveDamage
from storedamage import Damage


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

    def test_a_lost_segment_is_told_of_and_shown(self):
        live = LiveDamage(accounts=2, messages=20)
        self.addCleanup(live.close)
        live.server.stop()
        image = live.image()
        [segment] = image.segments
        heads = [path for path in image.files if "heads." in path]
        size = len(image.files[segment])
        for begin in 0, 40, size // 2:
            for lost in ["FORMAT"], heads, ["FORMAT", *heads]:
                chosen = [Damage(segment, "cut", begin, size)]
                chosen += [Damage(path, "loss", 0, len(image.files[path])) for path in lost]
                self.assertEqual(live.down(image, chosen, random.Random(1), traces=True), [])
        self.assertEqual(live.deaths(), 0)


if __name__ == "__main__":
    unittest.main()
