# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of the world, stored and read whole, by structure and by part, and held against what other parsers say."""
import unittest

import corpus
import hostile
from server import shared


class Corpus(unittest.TestCase):
    def test_every_message_is_what_other_parsers_say_it_is(self):
        files = corpus.files()
        if not files:
            self.skipTest("there is no corpus beside the working copy")
        server = shared()
        reader = hostile.Reader(server, server.new_account(), 60)
        reader.client.ok("SELECT INBOX")
        compared = 0
        for name, octets in files:
            with self.subTest(name):
                uid = reader.put(octets, name)
                self.assertEqual(self.section(reader, uid, "", name), octets)
                found = reader.fetch(uid, "(RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY)", name)
                self.assertEqual(found["RFC822.SIZE"], len(octets))
                ours = corpus.from_structure(found["BODYSTRUCTURE"])
                self.assertEqual(ours.shape(), corpus.from_structure(found["BODY"]).shape())
                parts = {}
                for section, part in ours.sections():
                    parts[section] = self.section(reader, uid, section, name)
                    self.assertEqual(len(parts[section]), part.size, section)
                theirs = corpus.from_python(octets)
                if theirs is None or name in corpus.PYTHON_DIFFERS:
                    continue
                compared += 1
                self.assertEqual(ours.shape(), theirs.shape())
                for section, part in theirs.sections():
                    if part.content is not None:
                        self.assertEqual(parts[section], part.content, section)
        # Of the others it says itself that something is wrong with them, or they are files with lists of cases.
        self.assertGreater(compared, 190)

    def section(self, reader, uid, section, name):
        value = reader.fetch(uid, f"(BODY.PEEK[{section}])", name)[f"BODY[{section}]"]
        # As it came: the reader has put something else in the place of NUL.
        return reader.literals[0] if reader.literals else value


if __name__ == "__main__":
    unittest.main()
