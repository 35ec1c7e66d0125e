"""`make test` counts every test, says why some were skipped, and what would have them run."""

import contextlib
import io
import sys
import unittest
from collections import Counter
from unittest import mock

from eng import tests
from eng.pythons import Python

from folders import InFolder

# What `dotnet test` writes.
DOTNET = """\
Running tests from /checkout/tests/Symplast.Python.Tests/bin/Debug/net10.0/Symplast.Python.Tests.dll (net10.0|x64)
skipped Symplast.Python.Tests.FreezingTests.DepthIsLimitedByMemoryOnly
  No CPython 3.12+ with a shared library can be hosted here (none was found). Build one
  from /checkout/tests/Symplast.Python.Tests/bin/Debug/net10.0/Symplast.Python.Tests.dll (net10.0|x64)
skipped Symplast.Python.Tests.SubinterpreterTests.EachInterpreterHasTypesOfItsOwn (3ms)
  No CPython 3.12+ with a shared library can be hosted here (none was found). Build one
  from /checkout/tests/Symplast.Python.Tests/bin/Debug/net10.0/Symplast.Python.Tests.dll (net10.0|x64)
skipped Symplast.Memory.Tests.FenceTests.WithoutItReadersAreStale (9ms)
  inconclusive: 3 stale outcomes in 1000 rounds without the fence
  from /checkout/tests/Symplast.Memory.Tests/bin/Debug/net10.0/Symplast.Memory.Tests.dll (net10.0|x64)
/checkout/tests/Symplast.Python.Tests/bin/Debug/net10.0/Symplast.Python.Tests.dll (net10.0|x64) passed (3s 845ms)

Test run summary: Passed!
  total: 51
  failed: 0
  succeeded: 46
  skipped: 5
  duration: 5s 853ms
"""

PYTHON = '''
import unittest
class Case(unittest.TestCase):
    def test_passes(self):
        pass
    def test_fails(self):
        self.fail("as it should")
    @unittest.skip("not here")
    def test_one(self):
        pass
    def test_other(self):
        self.skipTest("not here")
    def test_another(self):
        self.skipTest("needs numpy\\nand time")
'''


class Counting(InFolder):
    def quietly(self, function, *arguments):
        with mock.patch.object(tests, "LOGS", self.folder), contextlib.redirect_stdout(io.StringIO()):
            return function(*arguments)

    def test_skipped_tests_of_dotnet_are_counted_by_reason(self):
        with mock.patch.object(tests, "_run", lambda *_: (0, 1.0, DOTNET)):
            outcome = self.quietly(tests._dotnet, 60)
        self.assertEqual(str(outcome), "46 passed, 0 failed, 5 skipped")
        self.assertEqual(outcome.reasons, {
            "No CPython 3.12+ with a shared library can be hosted here (none was found). Build one": 2,
            "inconclusive: 3 stale outcomes in 1000 rounds without the fence": 1,
            "no reason was given": 2,
        })

    def test_so_are_those_of_unittest(self):
        (self.folder / "test_some.py").write_text(PYTHON)
        outcome = self.quietly(tests._unittests, "Some", [sys.executable], "some", 60, str(self.folder))
        self.assertEqual(str(outcome), "1 passed, 1 failed, 3 skipped")
        self.assertEqual(outcome.reasons, {"not here": 2, "needs numpy": 1})
        self.assertEqual(len(outcome.failures), 1)

    def test_a_run_that_tests_nothing_has_failed(self):
        outcome = self.quietly(tests._unittests, "Some", [sys.executable], "some", 60, str(self.folder))
        self.assertEqual(outcome.failed, 1)

    def test_outcomes_are_added_reason_by_reason(self):
        total = tests.Outcome(1, 0, Counter(a=2)) + tests.Outcome(2, 1, Counter(a=1, b=1), ("x",))
        self.assertEqual((str(total), total.reasons, total.failures), ("3 passed, 1 failed, 4 skipped", {"a": 3, "b": 1}, ("x",)))

    def test_the_summary_names_what_would_have_them_run(self):
        pythons = [Python("/usr/bin/python3.12", (3, 12, 3, "final", 0), True, True), Python("/opt/python3.15", (3, 15, 1, "final", 0), True, True)]
        lines = list(tests.skips(Counter({"new in 3.15": 3, "No CPython 3.12+ with a shared library can be hosted here (…)": 136}), pythons))
        self.assertEqual(lines[0], "skipped:  136 No CPython 3.12+ with a shared library can be hosted here (…)")
        self.assertIn("apt-get install libpython3.12", lines[1])
        self.assertEqual(lines[2], "skipped:    3 new in 3.15")


if __name__ == "__main__":
    unittest.main()
