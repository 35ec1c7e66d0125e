"""The Python tests, run as `python tests/python` would, or those of another folder, but keeping count while it goes.

What unittest prints cannot be counted on: a crash prints no totals, and Python 3.12.1 leaves skipped tests out of them.

    .venv/bin/python -m eng.unittests COUNTS [FOLDER] [--between | --older]

COUNTS is the file that gets, as JSON, the numbers of passed and failed tests and of those that were skipped for each reason, and
the ten slowest.

With --between, for a Python that is neither the oldest nor the newest, modules are skipped that say why no version of CPython
changes what they promise:

    SAME_IN_EVERY_VERSION = "the structures know no Python"

With --older, for a patch release of whose version there is a newer one, so are those outside the folders in which patch releases
differ: OF_RELEASES.
"""

import argparse
import gc
import heapq
import json
import signal
import sys
import time
import unittest
from pathlib import Path

from eng.project import ROOT

TESTS = ROOT / "tests" / "python"

# What a patch release has changed, or may: the life of interpreters, the layout of objects, modules.
OF_RELEASES = ("failures", "freezing", "interpreting", "module", "pools")

sys.path.insert(0, str(TESTS))

import searchpath  # noqa: E402


class _Counting(unittest.TextTestResult):
    counts_file = None

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._passed, self._skipped, self._not_passed = 0, {}, set()
        self._began, self._slowest = {}, []
        self._module = None

    def startTest(self, test):
        super().startTest(test)
        if type(test).__module__ != self._module:
            self._module = type(test).__module__
            # Tests collect garbage by the hundred: not each time among all that was there before their module began.
            gc.unfreeze()
            gc.collect()
            gc.freeze()
        self._began[test] = time.monotonic()

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
        # Python 3.12.1 stops tests that it never started: those that are skipped.
        seconds = time.monotonic() - self._began.pop(test, time.monotonic())
        self._slowest = heapq.nlargest(10, [*self._slowest, (round(seconds, 1), test.id())])
        self._write()

    def stopTestRun(self):
        super().stopTestRun()
        self._write()

    def _write(self):
        counts = {"passed": self._passed, "failed": len(self._not_passed), "skipped": self._skipped, "slowest": self._slowest}
        self.counts_file.write_text(json.dumps(counts), encoding="utf-8")


class _Between(searchpath.Loader):
    def loadTestsFromModule(self, module, **options):
        tests = super().loadTestsFromModule(module, **options)
        reason = self.reason(module)
        if reason:
            skipped = unittest.skip(reason)(lambda: None)
            for test in _each(tests):
                # Of this object alone: other modules may use the class.
                setattr(test, test._testMethodName, skipped)
        return tests

    def reason(self, module):
        """Why a module is left out; None if it is not."""
        reason = getattr(module, "SAME_IN_EVERY_VERSION", None)
        return reason and f"left to the oldest and the newest Python: {reason}"


class _Older(_Between):
    def reason(self, module):
        reason = super().reason(module)
        if reason or Path(module.__file__).relative_to(TESTS).parts[0] in OF_RELEASES:
            return reason
        return "left to the newest patch release of this version: releases of a version differ elsewhere"


def _each(tests):
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            yield from _each(test)
        else:
            yield test


if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="eng.unittests")
    options.add_argument("counts", type=Path)
    options.add_argument("folder", nargs="?", default=TESTS)
    options.add_argument("--between", dest="loader", action="store_const", const=_Between, default=searchpath.Loader)
    options.add_argument("--older", dest="loader", action="store_const", const=_Older)
    options = options.parse_args()
    _Counting.counts_file = options.counts
    # A shell that starts this in the background has Ctrl-C ignored, and so would all programs that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = str(ROOT / options.folder)
    if folder == searchpath.HERE:
        searchpath.extend()
    unittest.main(module=None, argv=["python -m unittest", "discover", "-s", folder, "-t", folder],
                  testLoader=options.loader(),
                  testRunner=unittest.TextTestRunner(verbosity=2, resultclass=_Counting))
