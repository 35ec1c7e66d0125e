"""CPython's own tests of lists, those of the Python that runs them, against symplast.List."""

import pathlib
import pickle
import unittest

import symplast

import fixtures

try:
    from test import list_tests, test_list
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of lists: {error}")

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
}


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


class ListTest(list_tests.CommonTest):
    type2test = symplast.List

    def setUp(self):
        if self._testMethodName in EXCLUDED:
            self.skipTest(EXCLUDED[self._testMethodName])
        pool = fixtures.new_pool(self)
        allocating = pool.allocating()
        allocating.__enter__()
        self.addCleanup(allocating.__exit__, None, None, None)
        super().setUp()


def load_tests(loader, tests, pattern):
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Documentation, ListTest))
