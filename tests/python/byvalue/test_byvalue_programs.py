"""Programs send functions of their own to workers, however Python was told to run them."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

import child

# What every way of running must print.
EXPECTED = "results: [1, 4, 9] Point(x=2) True 3 sent\n"

DEFINITIONS = """
import math
from dataclasses import dataclass
from symplast import InterpreterPoolExecutor

STATE = None

@dataclass
class Point:
    x: int

def square(x):
    return math.prod((x, x))

def start(value):
    global STATE
    STATE = value

def move(point):
    return Point(point.x + 1)

def main():
    three = 3
    with InterpreterPoolExecutor(2, initializer=start, initargs=("sent",)) as executor:
        squares = list(executor.map(square, [1, 2, 3]))
        point = executor.submit(move, Point(1)).result()
        more = executor.submit(lambda: three).result(), executor.submit(lambda: STATE).result()
        print("results:", squares, point, type(point) is Point, *more)
"""

PATHS = (
    f"import sys\nsys.path[:0] = {[child.package_path()]!r}\nimport warnings\nwarnings.simplefilter('ignore', RuntimeWarning)\n")


class Programs(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def write(self, name, source):
        path = os.path.join(self.directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(textwrap.dedent(source))
        return path

    def run_python(self, *arguments, **options):
        """What Python printed, run with arguments in the directory of the test."""
        options |= {"cwd": self.directory, "capture_output": True, "text": True, "timeout": child.SECONDS}
        result = subprocess.run([sys.executable, *arguments], **options)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_a_script_without_guard(self):
        self.assertEqual(self.run_python(self.write("program.py", PATHS + DEFINITIONS + "main()\n")), EXPECTED)

    def test_a_script_with_guard(self):
        source = PATHS + DEFINITIONS + "if __name__ == '__main__':\n    main()\n"
        self.assertEqual(self.run_python(self.write("program.py", source)), EXPECTED)

    def test_a_command(self):
        self.assertEqual(self.run_python("-c", PATHS + DEFINITIONS + "main()\n"), EXPECTED)

    def test_standard_input(self):
        self.assertEqual(self.run_python(input=PATHS + DEFINITIONS + "main()\n"), EXPECTED)
        self.assertEqual(self.run_python("-", input=PATHS + DEFINITIONS + "main()\n"), EXPECTED)

    def test_an_interactive_session(self):
        # One statement a line, or a compound one that an empty line ends, as at the prompt.
        source = "\n".join(line for line in (PATHS + DEFINITIONS).splitlines() if line.strip())
        source = source.replace("\n@", "\n\n@").replace("\ndef ", "\n\ndef ").replace("\nclass ", "\nclass ").replace(
            "dataclass\n\n", "dataclass\n")
        self.assertIn(EXPECTED, self.run_python("-i", "-q", input=source + "\n\nmain()\n"))

    def test_a_package_that_is_run(self):
        self.write("package/__init__.py", "")
        self.write("package/helper.py", "VALUE = 'relative'\ndef own(): return VALUE\n")
        self.write("package/__main__.py", PATHS + DEFINITIONS + textwrap.dedent("""
            from . import helper
            def relative():
                from .helper import own
                return own(), helper.VALUE
            main()
            with InterpreterPoolExecutor(1) as executor:
                print(executor.submit(relative).result())
        """))
        self.assertEqual(self.run_python("-m", "package"), EXPECTED + "('relative', 'relative')\n")

    def test_a_module_beside_the_script_is_imported(self):
        self.write("beside.py", "print('imported')\ndef work(): return __name__\n")
        path = self.write("program.py", PATHS + textwrap.dedent("""
            import beside
            from symplast import InterpreterPoolExecutor
            with InterpreterPoolExecutor(1) as executor:
                print(executor.submit(beside.work).result(), executor.submit(lambda: beside.work()).result())
        """))
        self.assertEqual(self.run_python(path).replace("imported\n", ""), "beside beside\n")

    def test_a_child_of_multiprocessing(self):
        path = self.write("program.py", PATHS + DEFINITIONS + textwrap.dedent("""
            if __name__ == "__main__":
                import multiprocessing
                process = multiprocessing.get_context("spawn").Process(target=main)
                process.start()
                process.join()
                sys.exit(process.exitcode)
        """))
        self.assertEqual(self.run_python(path), EXPECTED)

    def test_a_program_under_runpy(self):
        self.write("program.py", PATHS + DEFINITIONS + "main()\n")
        self.assertEqual(self.run_python("-c", "import runpy; runpy.run_path('program.py', run_name='__main__')"), EXPECTED)

    def test_an_executor_among_the_globals(self):
        path = self.write("program.py", PATHS + textwrap.dedent("""
            import pickle
            from symplast import InterpreterPoolExecutor
            executor = InterpreterPoolExecutor(1)
            def outer(n): return executor.submit(inner).result() if n else "not used"
            def inner(): return "inner"
            print(executor.submit(outer, 0).result())
            try: executor.submit(outer, 1).result()
            except pickle.PicklingError as error: print(error)
            executor.shutdown()
        """))
        self.assertRegex(self.run_python(path), r"^not used\nglobal 'executor' could not be sent: cannot pickle .*\n$")

    def test_an_executor_that_is_no_longer_used_ends(self):
        path = self.write("program.py", PATHS + textwrap.dedent("""
            import weakref
            from symplast import InterpreterPoolExecutor
            def outer(n): return n and executor, helper
            def helper(): return outer
            executor = InterpreterPoolExecutor(1)
            future = executor.submit(len, [1, 2])
            assert executor.submit(outer, 0).result() == (0, helper)
            weak = weakref.ref(executor)
            print(future.result())
            del executor, future
            print(weak())
        """))
        self.assertEqual(self.run_python(path), "2\nNone\n")

    def test_lazy_imports(self):
        if sys.version_info < (3, 15):
            self.skipTest("new in 3.15")
        path = self.write("program.py", PATHS + textwrap.dedent("""
            lazy import json
            lazy from textwrap import dedent
            lazy import not_there_at_all
            from symplast import InterpreterPoolExecutor
            def work(x): return json.dumps([1]), dedent(" x"), not_there_at_all if x else None
            with InterpreterPoolExecutor(1) as executor:
                print(executor.submit(work, 0).result())
        """))
        self.assertEqual(self.run_python(path), "('[1]', 'x', None)\n")
