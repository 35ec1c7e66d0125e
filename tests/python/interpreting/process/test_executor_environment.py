"""What code finds in a worker: the paths and arguments of the program, and the standard library at work."""

import datetime
import decimal
import fractions
import os
import pickle
import subprocess
import sys
import tempfile
import textwrap
import unittest

import child
import executor_case
import executor_tasks as tasks
from executor_case import ExecutorCase


class Inherited(ExecutorCase):
    def test_path_arguments_and_working_directory(self):
        executor = self.executor(1)
        here = [entry for entry in sys.path if isinstance(entry, str)]
        self.assertEqual(executor.submit(tasks.look_up, "sys", "path").result(), here)
        self.assertEqual(executor.submit(tasks.look_up, "sys", "argv").result(), sys.argv)
        self.assertEqual(executor.submit(os.getcwd).result(), os.getcwd())
        self.assertEqual(executor.submit(os.getpid).result(), os.getpid())

    def test_they_are_those_of_the_executors_creation(self):
        executor_case.run("""
            import sys, symplast, executor_tasks as tasks
            sys.path.append("/no/such/folder")
            sys.argv[:] = ["program", "--option", "é\\udc80"]
            with symplast.InterpreterPoolExecutor(1) as executor:
                sys.argv[:] = ["later"]
                assert executor.submit(tasks.look_up, "sys", "path").result() == sys.path
                assert executor.submit(tasks.look_up, "sys", "argv").result() == ["program", "--option", "é\\udc80"]
        """)

    def test_path_entries_that_are_no_text_are_left_out(self):
        executor_case.run("""
            import pathlib, sys, symplast
            sys.path.insert(0, pathlib.Path("/no/such/folder"))
            with symplast.InterpreterPoolExecutor(1) as executor:
                assert executor.submit(abs, -1).result() == 1
        """)

    def test_environment_variables(self):
        os.environ["SYMPLAST_TEST_VARIABLE"] = "set"
        self.addCleanup(os.environ.pop, "SYMPLAST_TEST_VARIABLE")
        self.assertEqual(self.executor(1).submit(os.getenv, "SYMPLAST_TEST_VARIABLE").result(), "set")

    def test_a_task_sees_neither_our_modules_state_nor_our_current_pool(self):
        tasks.seen.append("here")
        self.addCleanup(tasks.seen.clear)
        self.assertEqual(self.executor(1).submit(tasks.recall).result(), [])


class SearchPath(unittest.TestCase):
    """A module that the owner finds is found by workers."""

    def run_in(self, source):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("early", "late", "later"):
                os.mkdir(os.path.join(folder, name))
                with open(os.path.join(folder, name, f"only_{name}.py"), "w") as file:
                    file.write(f"def f(): return {name!r}")
            return executor_case.run(f"""
                import os, sys, symplast, executor_tasks as tasks
                folder = {folder!r}
                {textwrap.indent(textwrap.dedent(source), " " * 16).strip()}
            """)

    def test_a_path_that_changes_later(self):
        self.run_in("""
            with symplast.InterpreterPoolExecutor(2) as executor:
                executor.submit(abs, 1).result()
                for name in ("late", "later"):
                    sys.path.insert(0, os.path.join(folder, name))
                    module = __import__("only_" + name)
                    assert [executor.submit(module.f).result() for _ in range(10)] == [name] * 10
                    assert executor.submit(tasks.look_up, "sys", "path").result() == sys.path
                sys.path.remove(os.path.join(folder, "late"))
                assert executor.submit(tasks.look_up, "sys", "path").result() == sys.path
                sys.path = list(reversed(sys.path))
                assert executor.submit(tasks.look_up, "sys", "path").result() == sys.path
        """)

    def test_a_worker_that_starts_after_the_change(self):
        self.run_in("""
            executor = symplast.InterpreterPoolExecutor(2)
            sys.path.append(os.path.join(folder, "late"))
            import only_late
            with executor:
                assert [executor.submit(only_late.f).result() for _ in range(10)] == ["late"] * 10
        """)

    def test_what_code_in_the_worker_has_added_stays(self):
        self.run_in("""
            def prepare():
                sys.path.insert(0, "/first")
                sys.path.append("/last")
            with symplast.InterpreterPoolExecutor(1, initializer=prepare) as executor:
                assert executor.submit(tasks.look_up, "sys", "path").result() == ["/first", *sys.path, "/last"]
                sys.path.append(os.path.join(folder, "late"))
                import only_late
                assert executor.submit(only_late.f).result() == "late"
                assert executor.submit(tasks.look_up, "sys", "path").result() == ["/first", *sys.path, "/last"]
        """)

    def test_a_file_that_is_written_later(self):
        self.run_in("""
            sys.path.append(folder)
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(tasks.try_import, "no_such_module").result()
                for number in range(3):
                    with open(os.path.join(folder, f"written_{number}.py"), "w") as file:
                        file.write("def f(): return 1")
                    sys.path.append("/elsewhere")
                    import importlib
                    importlib.invalidate_caches()
                    assert executor.submit(__import__(f"written_{number}").f).result() == 1
        """)

    def test_entries_that_are_no_absolute_paths(self):
        # They mean the working directory, which is the process's.
        self.run_in("""
            os.chdir(folder)
            sys.path[:0] = ["", "early"]
            import only_early
            with symplast.InterpreterPoolExecutor(1) as executor:
                assert executor.submit(only_early.f).result() == "early"
                os.chdir("late")
                import only_late
                assert executor.submit(only_late.f).result() == "late"
        """)

    def test_what_was_imported_before_the_working_directory_changed(self):
        for when in ("before", "after"):
            self.run_in(f"""
                os.chdir(folder)
                sys.path[:0] = ["early"]
                executor = symplast.InterpreterPoolExecutor(1)
                import only_early
                if {when!r} == "before":
                    executor.submit(abs, 1).result()
                os.chdir("/")
                with executor:
                    assert executor.submit(only_early.f).result() == "early"
            """)

    @unittest.skipIf(sys.version_info[:3] == (3, 13, 0),
                     "CPython 3.13.0 creates no interpreters then in programs run by -c, nor with the standard library")
    def test_the_working_directory_is_gone(self):
        self.run_in("""
            os.chdir(os.path.join(folder, "late"))
            os.remove("only_late.py")
            os.rmdir(os.getcwd())
            with symplast.InterpreterPoolExecutor(1) as executor:
                sys.path.append(os.path.join(folder, "early"))
                import only_early
                assert executor.submit(only_early.f).result() == "early"
            os.chdir("/")
            os.mkdir(os.path.join(folder, "late"))
        """)


class Output(ExecutorCase):
    def test_print_in_workers(self):
        printed = executor_case.run("""
            import functools, symplast
            with symplast.InterpreterPoolExecutor(2) as executor:
                list(executor.map(functools.partial(print, end=""), ["line\\n"] * 20))
        """)
        self.assertEqual(printed, "line\n" * 20)

    def test_logging_in_workers(self):
        printed = executor_case.run("""
            import logging, os, sys, symplast, executor_tasks as tasks
            os.dup2(1, 2)
            with symplast.InterpreterPoolExecutor(2, initializer=logging.basicConfig) as executor:
                executor.submit(logging.warning, "from %s", "a worker").result()
        """)
        self.assertIn("WARNING:root:from a worker\n", printed)

    def test_warnings_in_workers(self):
        printed = executor_case.run("""
            import os, warnings, symplast
            os.dup2(1, 2)
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(warnings.warn, "careful").result()
        """)
        self.assertIn("UserWarning: careful", printed)


class StandardLibrary(ExecutorCase):
    def test_extension_modules(self):
        executor = self.executor(2)
        names = ["_bisect", "_csv", "_curses", "_elementtree", "_hashlib", "_heapq", "_json", "_random", "_sha2", "_socket",
                 "_sqlite3", "_ssl", "_struct",
                 "array", "binascii", "bz2", "ctypes", "datetime", "decimal", "fcntl", "lzma", "math", "mmap", "pyexpat",
                 "readline",
                 "resource", "select", "sqlite3", "termios", "unicodedata", "xml.etree.ElementTree", "zlib", "zoneinfo"]
        for name, futures in [(name, [executor.submit(tasks.try_import, name) for _ in range(2)]) for name in names]:
            for future in futures:
                with self.subTest(name):
                    problem = future.result()
                    if problem is not None:
                        self.assertIn("No module named", problem)

    def test_dates_keep_their_types(self):
        executor = self.executor(1)
        zone = datetime.timezone(datetime.timedelta(hours=2), "z")
        for value in (datetime.date(2026, 11, 22), datetime.datetime(2026, 1, 2, 3, 4, 5, 6, zone), datetime.timedelta(1, 2),
                      datetime.time(1, 2), zone):
            back = executor.submit(tasks.give, [value]).result()[0]
            self.assertIs(type(back), type(value))
            self.assertEqual(back, value)

    def test_modules_at_work(self):
        executor = self.executor(2)
        for call, arguments, expected in (
            ("json.loads", ('[1, {"a": null}]',), [1, {"a": None}]),
            ("re.sub", ("[aeiou]", "", "interpreters"), "ntrprtrs"),
            ("zlib.crc32", (b"abc",), 891568578),
            ("fractions.Fraction", ("3/4",), fractions.Fraction(3, 4)),
            ("decimal.Decimal", ("0.1",), decimal.Decimal("0.1")),
            ("datetime.date.fromisoformat", ("2026-11-22",), datetime.date(2026, 11, 22)),
            ("statistics.mean", ([1, 2, 3],), 2),
            ("ast.literal_eval", ("{1: (2,)}",), {1: (2,)}),
            ("pickle.dumps", ([1],), pickle.dumps([1])),
        ):
            with self.subTest(call):
                self.assertEqual(executor.submit(tasks.call_by_name, call, *arguments).result(), expected)


class StrangeMains(unittest.TestCase):
    SOURCE = ("import sys; sys.path.insert(0, {package!r})\nimport symplast\n"
              "with symplast.InterpreterPoolExecutor(1) as executor:\n    print(executor.submit(abs, -4).result())\n\n")

    def test_standard_input_and_interactive(self):
        source = self.SOURCE.format(package=child.package_path())
        for options in ([], ["-"], ["-i", "-q"]):
            with self.subTest(options):
                done = subprocess.run(
                    [sys.executable, "-W", "ignore", *options], input=source, capture_output=True, text=True, timeout=60,
                )
                self.assertEqual((done.returncode, done.stdout), (0, "4\n"), done.stderr)

    def test_command_line_options(self):
        source = self.SOURCE.format(package=child.package_path())
        for options in (["-S"], ["-s", "-P"], ["-O"], ["-X", "utf8"]):
            with self.subTest(options):
                done = child.spawn(["-W", "ignore", *options, "-c", source])
                self.assertEqual((done.returncode, done.stdout), (0, "4\n"), done.stderr)
