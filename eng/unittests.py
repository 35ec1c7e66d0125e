"""The Python tests, run as `python -m unittest discover` would, but keeping count while it goes.

What unittest prints cannot be counted on: a crash prints no totals, and Python 3.12.1 leaves skipped tests out of them.

    .venv/bin/python -m eng.unittests COUNTS [FOLDER]

COUNTS is the file that gets, as JSON, the numbers of passed and failed tests and of those that were skipped for each reason.
"""

import json
import sys
import unittest
from pathlib import Path

from eng.project import ROOT

TESTS = ROOT / "tests" / "python"


class _Counting(unittest.TextTestResult):
    counts_file = None

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._passed, self._skipped, self._not_passed = 0, {}, set()

    def addSuccess(self, test):
        super().addSuccess(test)
        self._passed += 1

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._passed += 1

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        reason = reason.splitlines()[0] if reason else "no reason was given"
        self._skipped[reason] = self._skipped.get(reason, 0) + 1

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._not_passed.add(test.id())

    def addError(self, test, err):
        super().addError(test, err)
        self._not_passed.add(test.id())

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._not_passed.add(test.id())

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._not_passed.add(test.id())

    def stopTest(self, test):
        super().stopTest(test)
        self._write()

    def stopTestRun(self):
        super().stopTestRun()
        self._write()

    def _write(self):
        counts = {"passed": self._passed, "failed": len(self._not_passed), "skipped": self._skipped}
        self.counts_file.write_text(json.dumps(counts), encoding="utf-8")


if __name__ == "__main__":
    _Counting.counts_file = Path(sys.argv[1])
    folder = str(ROOT / sys.argv[2]) if len(sys.argv) > 2 else str(TESTS)
    unittest.main(module=None, argv=["python -m unittest", "discover", "-s", folder, "-t", folder],
                  testRunner=unittest.TextTestRunner(verbosity=2, resultclass=_Counting))
