"""CPython's own tests of lists, those of the Python that runs them, against symplast.List."""

import pathlib
import unittest
from unittest import mock

import symplast

import fixtures
import searchpath

try:
    from test import test_list
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of lists: {error}")

SAME_IN_EVERY_VERSION = "a middle version's tests are the oldest's or the newest's, and the C# that they test knows no version"

_ELEMENTS = "puts objects that only this interpreter has into the list"
_SUBCLASS = "subclasses the type; symplast.Object is for classes of one's own"
_SUM = "adds a List to the plain list that a sum of Lists is: list + List is left to list, as list += List must change that list"
_PICKLE = "unpickles in any process; a live object is pickled by reference, inside its process"

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_addmul": _SUM,
    "test_mul": _SUM,
    "test_contains_fake": _ELEMENTS,
    "test_contains_order": _ELEMENTS,
    "test_count": _ELEMENTS,
    "test_index": _ELEMENTS,
    "test_remove": _ELEMENTS,
    "test_free_after_iterating": _SUBCLASS,
    "test_getitemoverwriteiter": _SUBCLASS,
    "test_keywords_in_subclass": _SUBCLASS,
    "test_no_comdat_folding": _SUBCLASS,
    "test_count_index_remove_crashes": _SUBCLASS,
    "test_pickle": _PICKLE,
    "test_iterator_pickle": _PICKLE,
    "test_reversed_pickle": _PICKLE,
    "test_exhausted_iterator": "expects elements that are added later from an iterator; ours gives those of one moment",
    "test_repr": "expects the repr of a plain list; ours is List([...])",
    "test_preallocation": "is about the size of a plain list's memory",
}


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


class ListTest(test_list.ListTest):
    """All of CommonTest, and the tests of list, whose name means ours there."""

    type2test = symplast.List

    def setUp(self):
        if self._testMethodName in EXCLUDED:
            self.skipTest(EXCLUDED[self._testMethodName])
        pool = fixtures.new_pool(self)
        allocating = pool.allocating()
        allocating.__enter__()
        self.addCleanup(allocating.__exit__, None, None, None)
        patch = mock.patch.object(test_list, "list", symplast.List, create=True)
        patch.start()
        self.addCleanup(patch.stop)
        super().setUp()


def load_tests(loader, tests, pattern):
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Documentation, ListTest))
