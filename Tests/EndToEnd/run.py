# Copyright the Martlet authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests, those whose name contains a text or all, and counts them in the last line.

usage: run.py [TEXT]
"""
import signal
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Result(unittest.TextTestResult):
    """Says how long each test took, so that a slow one is seen."""

    def startTest(self, test):
        self.begun = time.monotonic()
        super().startTest(test)

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.stream.writeln(f"ok ({time.monotonic() - self.begun:.1f} s)")
        self.stream.flush()


def chosen(suite, text):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from chosen(item, text)
        elif text in item.id() or not hasattr(item, "_testMethodName"):
            yield item


def main():
    sys.path.insert(0, str(HERE))
    # Whoever starts this in the background has the signal ignored, and the programs started here would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    found = unittest.defaultTestLoader.discover(str(HERE), pattern="test_*.py", top_level_dir=str(HERE))
    suite = unittest.TestSuite(chosen(found, sys.argv[1] if len(sys.argv) > 1 else ""))
    count = suite.countTestCases()
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Result).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    passed = max(0, min(count, result.testsRun) - failed - skipped)
    print(f"end to end: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
