"""`make test` counts every test, says why some were skipped, and what would have them run."""

import contextlib
import io
import sys
import types
import unittest
from collections import Counter
from unittest import mock

from eng import tests, unittests
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
passed Symplast.Objects.Tests.Maps.OrderedMapModelTests.Holds(seed: 3, of: "a (b)") (1m 02s 500ms)
  from /checkout/tests/Symplast.Objects.Tests/bin/Debug/net10.0/Symplast.Objects.Tests.dll (net10.0|x64)
passed Symplast.Memory.Tests.BlockTests.Fits (3ms)
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
        with mock.patch.object(tests, "_run", lambda *_: (0, "1 s", DOTNET)):
            outcome = self.quietly(tests._dotnet, 60)
        self.assertEqual(str(outcome), "46 passed, 0 failed, 5 skipped")
        self.assertEqual(outcome.reasons, {
            "No CPython 3.12+ with a shared library can be hosted here (none was found). Build one": 2,
            "inconclusive: 3 stale outcomes in 1000 rounds without the fence": 1,
            "no reason was given": 2,
        })
        self.assertEqual(outcome.slowest, (
            (62.5, 'C#: Symplast.Objects.Tests.Maps.OrderedMapModelTests.Holds(seed: 3, of: "a (b)")'),
            (0.003, "C#: Symplast.Memory.Tests.BlockTests.Fits"),
        ))

    def test_so_are_those_of_unittest(self):
        (self.folder / "test_some.py").write_text(PYTHON)
        outcome = self.quietly(tests._unittests, "Some", [sys.executable], "some", 60, str(self.folder))
        self.assertEqual(str(outcome), "1 passed, 1 failed, 3 skipped")
        self.assertEqual(outcome.reasons, {"not here": 2, "needs numpy": 1})
        self.assertEqual(len(outcome.failures), 1)
        self.assertEqual(len(outcome.slowest), 5)
        self.assertIn((0.0, "Some: test_some.Case.test_passes"), outcome.slowest)

    def test_a_python_in_the_middle_leaves_out_what_no_version_changes(self):
        (self.folder / "test_some.py").write_text(PYTHON)
        (self.folder / "test_marked.py").write_text(
            "import test_some\nSAME_IN_EVERY_VERSION = 'all C#'\nclass Derived(test_some.Case):\n"
            "    def test_mine(self): self.fail('not run')\n")
        outcome = self.quietly(tests._unittests, "Some", [sys.executable], "some", 60, str(self.folder), "--between")
        self.assertEqual(outcome.reasons,
                         {"left to the oldest and the newest Python: all C#": 6, "not here": 2, "needs numpy": 1})
        self.assertEqual((outcome.passed, outcome.failed), (1, 1))
        outcome = self.quietly(tests._unittests, "Some", [sys.executable], "some", 60, str(self.folder))
        self.assertEqual((outcome.passed, outcome.failed, outcome.skipped), (2, 3, 6))

    def test_an_older_patch_release_runs_what_releases_change(self):
        loader = unittests._Older()

        def reason(file, **constants):
            return loader.reason(types.SimpleNamespace(__file__=str(unittests.TESTS / file), **constants))

        for folder in unittests.OF_RELEASES:
            self.assertTrue((unittests.TESTS / folder).is_dir(), folder)
            self.assertIsNone(reason(f"{folder}/sub/test_some.py"))
        self.assertIn("newest patch release", reason("live/maps/test_some.py"))
        self.assertIn("all C#", reason("pools/test_some.py", SAME_IN_EVERY_VERSION="all C#"))

    def test_the_longest_jobs_begin_first_and_only_the_pythons_between_leave_something_out(self):
        found = [Python(f"/opt/python3.{minor}.{micro}", (3, minor, micro, "final", 0), True, True)
                 for minor, micro in ((12, 1), (13, 0), (13, 1), (14, 1), (15, 0), (15, 1))]
        begun = []
        with mock.patch.multiple(tests, _dotnet=lambda *_: begun.append("C#"), _eng=lambda *_: begun.append("scripts"),
                                 _python=lambda python, timeout, *options: begun.append((python.version[1:3], *options))):
            for job in tests._jobs(found, 60):
                job()
        self.assertEqual(begun, ["C#", ((12, 1),), ((15, 1),), ((13, 0), "--older"), ((13, 1), "--between"),
                                 ((14, 1), "--between"), ((15, 0), "--older"), "scripts"])

    def test_a_run_that_tests_nothing_has_failed(self):
        outcome = self.quietly(tests._unittests, "Some", [sys.executable], "some", 60, str(self.folder))
        self.assertEqual(outcome.failed, 1)

    def test_outcomes_are_added_reason_by_reason(self):
        total = tests.Outcome(1, 0, Counter(a=2)) + tests.Outcome(2, 1, Counter(a=1, b=1), ("x",))
        self.assertEqual((str(total), total.reasons, total.failures), ("3 passed, 1 failed, 4 skipped", {"a": 3, "b": 1}, ("x",)))

    def test_the_summary_names_what_would_have_them_run(self):
        pythons = [Python("/usr/bin/python3.12", (3, 12, 3, "final", 0), True, True),
                   Python("/opt/python3.15", (3, 15, 1, "final", 0), True, True)]
        lines = list(tests.skips(
            Counter({"new in 3.15": 3, "No CPython 3.12+ with a shared library can be hosted here (…)": 136}), pythons))
        self.assertEqual(lines[0], "skipped:  136 No CPython 3.12+ with a shared library can be hosted here (…)")
        self.assertIn("apt-get install libpython3.12", lines[1])
        self.assertEqual(lines[2], "skipped:    3 new in 3.15")


if __name__ == "__main__":
    unittest.main()
