"""The programs of docs/migrating.md run, and print the same before and after."""

import os
import pathlib
import re
import sys
import tempfile
import unittest

import child
import searchpath

SAME_IN_EVERY_VERSION = "the programs use no part of Python that a version between has alone"

PAGE = pathlib.Path(searchpath.ROOT, "docs", "migrating.md")
BLOCK = re.compile(r"^(Before|After[^\n]*):\n\n```python\n(.*?)^```\n|^```python\n(.*?)^```\n", re.DOTALL | re.MULTILINE)


def programs():
    """Yields (heading, program before or None, program after) for each part of the page."""
    for part in re.split(r"^##+ ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading = part.partition("\n")[0]
        before = None
        for label, labelled, plain in BLOCK.findall(part):
            if label == "Before":
                before = labelled
            else:
                yield heading, before, labelled or plain
                before = None


class Migrating(unittest.TestCase):
    def run_program(self, source):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "program.py")
            path.write_text(source, encoding="utf-8")
            done = child.spawn(["-W", "ignore", path], PYTHONPATH=os.pathsep.join([child.package_path()]))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def test_programs_print_the_same_before_and_after(self):
        checked = 0
        for heading, before, after in programs():
            with self.subTest(heading):
                printed = self.run_program(after)
                self.assertTrue(printed)
                if before is not None and (sys.version_info >= (3, 14) or "Python 3.14" not in before):
                    self.assertEqual(self.run_program(before), printed)
                checked += 1
        self.assertEqual(checked, 10)

    def test_every_program_is_found(self):
        self.assertEqual(PAGE.read_text(encoding="utf-8").count("```python"), 2 * 10 - 1)
