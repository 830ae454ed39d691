# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that are made to hurt their reader, through the front-end; `script/soak hostile` has all of them."""
import unittest

import hostile
from server import Server


class HostileMessages(unittest.TestCase):
    def test_no_message_ends_a_session_or_a_worker(self):
        server = Server({"imap/maximum-message-size": "128MiB"}).start()
        try:
            # How quick it is says the soak; here only that nothing waits for ever.
            count, _ = hostile.run(server, 150, scale=0.02, limit=60)
            self.assertGreaterEqual(count, 150)
        finally:
            server.destroy()


if __name__ == "__main__":
    unittest.main()
