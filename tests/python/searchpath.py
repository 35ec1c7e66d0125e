"""
Where the tests are: in folders that mirror the product. All of them are on the path, so a module has the name of its file alone,
wherever it lies, and no two may share one.
"""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def folders():
    """This folder, and those in it that hold modules."""
    return [folder for folder, _, files in sorted(os.walk(HERE)) if any(file.endswith(".py") for file in files)]


def extend():
    """Puts the folders on the path: at its end, so that the standard library, of which programs import the most, is found as fast."""
    sys.path += [folder for folder in folders() if folder not in sys.path]


class Loader(unittest.TestLoader):
    """Finds tests by the names of modules, classes and methods; in a folder that is named, as live/maps; and without names, all."""

    def discover(self, start_dir, pattern="test*.py", top_level_dir=None):
        if start_dir in (HERE, "."):  # what unittest asks for without names
            return self.suiteClass([self._of(folder) for folder in folders()])
        return super().discover(start_dir, pattern, top_level_dir)

    def loadTestsFromName(self, name, module=None):
        within = [folder for folder in folders() if f"{folder}/".startswith(os.path.join(HERE, name, ""))]
        if within:
            return self.suiteClass([self._of(folder) for folder in within])
        return super().loadTestsFromName(name, module)

    def _of(self, folder):
        return super().discover(folder, top_level_dir=folder)
