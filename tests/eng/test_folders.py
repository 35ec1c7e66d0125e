"""The tests in Python lie in folders that mirror the product, each under a name of its own, and the documentation finds them."""

import re
import sys
import unittest
from collections import Counter

from eng import sources
from eng.project import ROOT
from eng.unittests import TESTS


class Folders(unittest.TestCase):
    modules = [path.relative_to(TESTS) for path in TESTS.rglob("*.py")]

    def test_every_module_of_tests_lies_in_one(self):
        self.assertEqual({path.name for path in self.modules if len(path.parts) == 1}, {"__main__.py", "searchpath.py"})

    def test_none_is_of_more_than_fifteen_modules(self):
        self.assertEqual([folder for folder, number in Counter(path.parent for path in self.modules).items() if number > 15], [])

    def test_no_two_modules_share_a_name_nor_one_a_name_of_the_standard_librarys(self):
        names = [path.stem for path in self.modules if path.stem != "__main__"]
        self.assertEqual([name for name, number in Counter(names).items() if number > 1], [])
        self.assertEqual(set(names) & set(getattr(sys, "stdlib_module_names", ())), set())

    def test_the_documentation_names_files_that_are_there(self):
        pages = [path for path in sources.tracked() if path.endswith(".md")]
        for page in pages:
            for named in re.findall(r"tests/python/[\w/]+\.py", (ROOT / page).read_text(encoding="utf-8")):
                self.assertTrue((ROOT / named).is_file(), f"{page}: {named}")
        self.assertIn("docs/compatibility.md", pages)


if __name__ == "__main__":
    unittest.main()
