"""CPython's own tests of mappings, those of the Python that runs them, against symplast.SortedDict."""

import pathlib
import unittest

from symplast import SortedDict

import searchpath

try:
    from test import mapping_tests
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of mappings: {error}")

SAME_IN_EVERY_VERSION = "a middle version's tests are the oldest's or the newest's, and the C# that they test knows no version"

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_copy": "expects a copy of the same type; that of a SortedDict is a plain dict",
    "test_fromkeys": "subclasses the type",
    "test_popitem": "expects that popitem takes no argument; here it takes an index, as that of sortedcontainers",
}


class OursMixin:
    type2test = SortedDict

    def _reference(self):
        # Before 3.14 the keys are of two kinds.
        return {"1": "2", "key1": "value1", "key2": (1, 2, 3)}

    def setUp(self):
        if self._testMethodName in EXCLUDED:
            self.skipTest(EXCLUDED[self._testMethodName])
        super().setUp()


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


class BasicMapping(OursMixin, mapping_tests.BasicTestMappingProtocol):
    pass


class Mapping(OursMixin, mapping_tests.TestMappingProtocol):
    pass
