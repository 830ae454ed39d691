# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""A damaged message never ends a client's session, and damages nothing beside it."""
import random
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from clients import send
from livedamage import LiveDamage, Reader
from messages import message
from server import MARTLET, Server
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

    def test_a_backup_made_after_a_loss_restores_what_is_shown_and_no_uid_comes_again(self):
        live = LiveDamage(accounts=2, messages=20)
        self.addCleanup(live.close)
        live.server.stop()
        [segment] = live.image().segments
        Path(live.store, segment).write_bytes(b"")
        live.server.start()
        live.connect()
        shown = live.read().messages
        for messages in shown.values():
            self.assertEqual([uid for uid, *_ in messages], list(range(1, 21)))
        place = tempfile.mkdtemp(prefix="martlet-backup-", dir="/tmp")
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        live.server.cli("store", "backup", place + "/backup")
        live.server.stop()
        subprocess.run([MARTLET, "store", "restore", place + "/backup", "--data", place + "/data"], check=True,
                       capture_output=True, timeout=60)
        other = Server(folder=place + "/data").start()
        self.addCleanup(other.destroy)
        # And the store itself, without anything derived.
        shutil.rmtree(Path(live.store, "accounts"))
        live.server.start()
        for server in other, live.server:
            send(server, live.addresses, message(b"after the loss\r\n"))
            live.readers = [Reader(server, address) for address in live.addresses]
            for place, messages in live.read().messages.items():
                uids = [uid for uid, *_ in messages]
                self.assertEqual(uids[:-1], list(range(1, 21)))
                # The smallest record that could have been lost would have had UID 21.
                self.assertGreater(uids[-1], 21)
            for reader in live.readers:
                reader.lines.socket.close()


if __name__ == "__main__":
    unittest.main()
