"""The examples run, and what they assert holds."""

import os
import pathlib
import re
import shutil
import sysconfig
import tempfile
import unittest

import child
import searchpath

SAME_IN_EVERY_VERSION = "the examples use no part of Python that a version between has alone"

EXAMPLES = pathlib.Path(searchpath.ROOT, "examples")


class Examples(unittest.TestCase):
    def check(self, name, expected):
        # As a script of its own, whose classes and functions are those of __main__.
        source = (EXAMPLES / name).read_text(encoding="utf-8")
        self.assertRegex(child.run(source), re.compile(expected))

    def test_sessions(self):
        self.check("sessions.py", r"^20000 requests of 100 visitors; user\d+ came most often")

    def test_components(self):
        self.check("components.py", r"^\d+ nodes, \d+ edges: \d+ components, the largest of \d+ nodes")

    def test_orders(self):
        self.check("orders.py", r"^4000 orders: \d+ traded")


class Migrated(unittest.TestCase):
    """Programs as people write them, before and after their migration: both print the same."""

    def check(self, name, size, expected):
        printed = []
        for when in "before", "after":
            path = EXAMPLES / "migrated" / f"{name}_{when}.py"
            done = child.spawn(["-W", "ignore", path, size], PYTHONPATH=child.package_path())
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotIn("Traceback", done.stderr)
            printed.append((done.stdout, sorted(re.findall(r"WARNING report: file \d+ .*", done.stderr))))
        self.assertEqual(*printed)
        self.assertRegex(printed[0][0], expected)
        return printed[0][1]

    def test_a_pool_over_a_big_dict(self):
        self.check("search", 2000, r"^(word\d+ word\d+( \d+:\d\.\d{3}){1,3}\n){200}$")

    def test_a_cache_of_a_manager_with_locks(self):
        self.check("cache", 600, r"^600 journeys for \d+\.\d; (\d+) prices computed, \d+ found in the cache\n$")

    def test_an_executor_with_an_initializer_logging_and_progress(self):
        self.assertTrue(self.check("report", 20, r"^200 \d+\n304 \d+\n404 \d+\n500 \d+\n$"))


class Frames(unittest.TestCase):
    """The demo's part for NumPy and pandas, which tests/packages runs where they are."""

    def test_it_says_in_one_line_that_it_cannot_run(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "sitecustomize.py").write_text("import sys; sys.modules['pandas'] = sys.modules['numpy'] = None")
            done = child.spawn([EXAMPLES / "frames.py", "--quick"], PYTHONPATH=os.pathsep.join([folder, child.package_path()]))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^examples/frames\.py is left out: .*numpy.* -m pip install numpy pandas\n$")


# What the demo takes for the standard library: `make demo` indexes all of that three times over.
PACKAGES = ("asyncio", "concurrent", "email", "json")

IN_EACH_PROCESS = """
import sysconfig
def get_path(name, *arguments, get_path=sysconfig.get_path, **options):
    return {library!r} if name == "stdlib" else get_path(name, *arguments, **options)
sysconfig.get_path = get_path
"""


class Demo(unittest.TestCase):
    """The first program that people run."""

    def run_demo(self, before=""):
        """What it prints with few queries and files, if each of its processes begins with this code."""
        with tempfile.TemporaryDirectory() as folder:
            library = os.path.join(folder, "library")
            for package in PACKAGES:
                shutil.copytree(os.path.join(sysconfig.get_path("stdlib"), package), os.path.join(library, package))
            pathlib.Path(folder, "sitecustomize.py").write_text(IN_EACH_PROCESS.format(library=library) + before)
            done = child.spawn([EXAMPLES / "codesearch.py", "--quick", "--queries", "8", "--workers", "2"],
                               PYTHONPATH=os.pathsep.join([folder, child.package_path()]))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def test_it_says_first_what_it_does(self):
        out, _ = self.run_demo()
        self.assertRegex(out, r"^Fuzzy code search: Python's own standard library .* is indexed, and 8 queries\n")
        self.assertIn("All 3 ways gave the same 8 answers.", out)

    def check_without_processes(self, before, reason):
        out, errors = self.run_demo(before)
        self.assertRegex(errors, f"processes:\n(?:  .*\n)*  cannot run here \\({reason}.*\\); going on without\nsymplast:\n")
        self.assertNotIn("Traceback", errors)
        self.assertIn("All 2 ways gave the same 8 answers.\nThere is no comparison with processes, which cannot run here.", out)
        self.assertRegex(out, r"\nsymplast .* [\d.]+x +- .* [\d.]+x +- ")

    def test_it_goes_on_where_there_is_no_multiprocessing(self):
        self.check_without_processes("import sys; sys.modules['_multiprocessing'] = None", "ImportError|ModuleNotFoundError")

    def test_it_goes_on_where_no_semaphore_can_be_made(self):
        # As where /dev/shm cannot be written to.
        self.check_without_processes("""
import _multiprocessing
class SemLock(_multiprocessing.SemLock):
    def __new__(cls, *arguments):
        raise PermissionError(13, "Permission denied")
_multiprocessing.SemLock = SemLock
""", "PermissionError")
