"""The examples of the documentation run, and print what they say."""

import doctest
import pathlib
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Documentation(unittest.TestCase):
    def test_guide_examples_run_as_they_stand(self):
        page = ROOT / "docs" / "guide.md"
        failed, attempted = doctest.testfile(str(page), module_relative=False, optionflags=doctest.ELLIPSIS)
        self.assertGreater(attempted, 10)
        self.assertEqual(failed, 0)


if __name__ == "__main__":
    unittest.main()
