"""The examples of the documentation run, and print what they say."""

import doctest
import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Documentation(unittest.TestCase):
    def check(self, page):
        failed, attempted = doctest.testfile(str(ROOT / "docs" / page), module_relative=False, optionflags=doctest.ELLIPSIS)
        self.assertGreater(attempted, 10)
        self.assertEqual(failed, 0)

    def test_examples_of_the_guide_run_as_they_stand(self):
        self.check("guide.md")

    def test_examples_of_live_objects_run_as_they_stand(self):
        self.check("live-objects.md")


if __name__ == "__main__":
    unittest.main()
