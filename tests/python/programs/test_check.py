"""
The command line: `symplast check` finds out what goes wrong with a package, whatever that is, and `symplast info` still says what
it said.
"""

import json
import os
import pathlib
import sys
import sysconfig
import tempfile
import textwrap
import unittest

import child
import extension_case

SAME_IN_EVERY_VERSION = "the command uses no part of Python that a version between has alone; loading has tests of its own"


class CommandCase(unittest.TestCase):
    """A test case with packages of its own."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def module(self, name, source, worker=False):
        """Writes a module. With worker=True its source is run in workers only, of whose process the program has made a note."""
        source = textwrap.dedent(source)
        if worker:
            source = f"""\
import os
in_worker = os.environ.get("IMPORTED_IN") == str(os.getpid())
os.environ["IMPORTED_IN"] = str(os.getpid())
if in_worker:
{textwrap.indent(source, "    ")}
"""
        pathlib.Path(self.folder, f"{name}.py").write_text(source)

    def build(self, *modules):
        """Compiles modules of fx, which are found then."""
        pathlib.Path(self.folder, "fx").symlink_to(os.path.join(extension_case.build(*modules), "fx"))

    def symplast(self, *arguments, expect=0):
        """Runs the command line and returns what it printed."""
        done = child.spawn(["-W", "ignore", "-m", "symplast", *arguments],
                           PYTHONPATH=os.pathsep.join([child.package_path(), self.folder]))
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        self.assertEqual(done.stderr if expect != 2 else "", "")
        return done.stdout + (done.stderr if expect == 2 else "")

    def check(self, *arguments, expect=0):
        """What `check --json` says, by package."""
        document = json.loads(self.symplast("check", "--json", *arguments, expect=expect))
        return {each["package"]: each for each in document["packages"]}

    def problem(self, module, *arguments):
        """What is wrong with a package, and its result."""
        result = self.check(module, *arguments, expect=1)[module]
        self.assertFalse(result["fine"])
        return result["problem"], result


class Fine(CommandCase):
    def test_a_module_that_is_isolated(self):
        self.build("single")
        result = self.check("fx.single")["fx.single"]
        self.assertTrue(result["fine"], result)
        self.assertIsNone(result["problem"])
        self.assertIsNone(result["program"]["error"])
        self.assertEqual(len(result["workers"]), 2)
        for worker in result["workers"]:
            self.assertIsNone(worker["error"])
            (private,) = worker["private"]
            self.assertEqual((private["module"], private["kind"], private["private"]), ("fx.single", "single-phase", True))
            self.assertGreater(private["bytes"], 0)
        self.assertEqual((result["status"], result["stderr"]), (0, []))
        self.assertIsInstance(result["shutdown"], float)

    def test_what_is_printed(self):
        self.module("plain", "__version__ = '1.5'")
        self.assertRegex(
            self.symplast("check", "plain", "json", "--workers", "3"),
            r"^plain 1\.5: fine\n"
            r"    in the program    imported in [\d.]+ s\n"
            r"    in 3 workers      imported at once in [\d.]+, [\d.]+, [\d.]+ s\n"
            r"    isolated          nothing: no private copies are needed\n"
            r"    end               clean, workers shut down in [\d.]+ s\n"
            r"json \d[^ ]*: fine\n(    .*\n)+2 packages: 2 fine, 0 not\n$",
        )

    def test_what_is_printed_of_private_copies(self):
        self.build("single")
        self.assertRegex(self.symplast("check", "fx.single"),
                         r"\n    isolated          1 single-phase module; [\d.]+ MB of its own in each\n")

    def test_modules_of_the_standard_library(self):
        results = self.check("json", "datetime", "decimal", "ctypes")
        for result in results.values():
            self.assertTrue(result["fine"], result)
            self.assertEqual(result["version"], ".".join(map(str, sys.version_info[:3])))

    def test_the_name_of_a_distribution(self):
        self.module("importable", "")
        information = pathlib.Path(self.folder, "Some_Thing-2.7.dist-info")
        information.mkdir()
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: Some.Thing\nVersion: 2.7\n")
        (information / "top_level.txt").write_text("importable\n_private\n")
        (information / "RECORD").write_text("")
        result = self.check("some-thing")["some-thing"]
        self.assertEqual((result["module"], result["version"], result["fine"]), ("importable", "2.7", True))

    def test_what_a_package_writes_in_the_program_too_is_its_own_affair(self):
        self.module("talkative", "import sys; print('hello'); print('watch out', file=sys.stderr)")
        self.assertTrue(self.check("talkative")["talkative"]["fine"])

    def test_what_workers_write_at_the_same_time_may_be_mixed(self):
        self.module("talkative", r"import os; os.write(2, b'watch out\n'); import mixed")
        self.module("mixed", r"import os; os.write(2, b'watch outwatch out\n\n')", worker=True)
        self.assertTrue(self.check("talkative")["talkative"]["fine"])

    def test_more_than_what_is_written_in_the_program(self):
        self.module("talkative", r"import os; os.write(2, b'watch out\n'); import more")
        self.module("more", r"import os; os.write(2, b'watch out!\n')", worker=True)
        problem, result = self.problem("talkative")
        self.assertEqual((problem, set(result["stderr"])), ("writes to stderr", {"watch out!"}))

    def test_a_package_without_a_version(self):
        self.module("plain", "__version__ = 3")
        self.assertIsNone(self.check("plain")["plain"]["version"])


class Problems(CommandCase):
    def test_a_package_that_does_not_exist(self):
        problem, result = self.problem("no_such_package")
        self.assertEqual(problem, "cannot be imported in the program: ModuleNotFoundError: No module named 'no_such_package'")
        self.assertEqual(result["workers"], [])

    def test_a_module_that_workers_refuse(self):
        problem, result = self.problem("_tracemalloc")
        self.assertRegex(problem, "^cannot be imported in the workers: ImportError: .*_tracemalloc")
        self.assertIsNone(result["program"]["error"])

    def test_an_import_that_raises(self):
        self.module("raising", "raise ValueError('not today')")
        self.assertEqual(self.problem("raising")[0], "cannot be imported in the program: ValueError: not today")

    def test_an_import_that_raises_in_workers(self):
        self.module("raising", "raise ValueError('not here')", worker=True)
        self.assertEqual(self.problem("raising")[0], "cannot be imported in the workers: ValueError: not here")

    def test_an_import_that_exits(self):
        self.module("leaving", "raise SystemExit(3)", worker=True)
        self.assertEqual(self.problem("leaving")[0], "cannot be imported in the workers: SystemExit: 3")

    def test_a_crash_while_importing(self):
        self.module("crashing", "import signal; os.kill(os.getpid(), signal.SIGSEGV)", worker=True)
        problem, result = self.problem("crashing")
        self.assertEqual(problem, "crashes: SIGSEGV while importing it in workers")
        self.assertIsNone(result["program"]["error"])
        self.assertEqual(result["status"], -11)
        self.assertIn("Fatal Python error: Segmentation fault", "\n".join(result["stderr"]))

    def test_a_crash_in_the_program(self):
        self.module("crashing", "import os; os.abort()")
        self.assertEqual(self.problem("crashing")[0], "crashes: SIGABRT while importing it in the program")

    def test_a_crash_at_the_end(self):
        self.module("crashing", "import atexit; atexit.register(os.abort)", worker=True)
        self.assertEqual(self.problem("crashing")[0], "crashes: SIGABRT while shutting the workers down")

    def test_an_end_of_the_process(self):
        self.module("ending", "os._exit(0)", worker=True)
        self.assertEqual(self.problem("ending")[0], "ends the process (exit status 0) while importing it in workers")

    def test_an_import_that_hangs(self):
        self.module("hanging", "import threading; threading.Event().wait()")
        self.assertRegex(self.problem("hanging", "--timeout", "1")[0],
                         "^hangs: it took too long while (starting|importing it in the program)$")

    def test_an_end_that_hangs(self):
        self.module("hanging", "import threading; threading.Thread(target=threading.Event().wait).start()", worker=True)
        # The time is for all steps: where it is over before the last one, there was too little.
        for seconds in ("2", "5", "20"):
            problem, result = self.problem("hanging", "--timeout", seconds)
            if "shutting" in problem:
                break
        self.assertEqual(problem, "hangs: it took too long while shutting the workers down")
        self.assertEqual([worker["error"] for worker in result["workers"]], [None, None])

    def test_something_on_stderr(self):
        self.module("talkative", "import sys; sys.stderr.write('something is wrong\\n')", worker=True)
        problem, result = self.problem("talkative")
        self.assertEqual(problem, "writes to stderr")
        self.assertIn("something is wrong", result["stderr"])

    def test_the_others_go_on(self):
        self.module("crashing", "import sys; sys.stderr.write('the reason\\n'); sys.stderr.flush(); os.kill(os.getpid(), 9)",
                    worker=True)
        printed = self.symplast("check", "crashing", "json", "no_such_package", expect=1)
        self.assertRegex(printed, r"^crashing: crashes: SIGKILL while importing it in workers\n(    .*\n)+    \| the reason\n")
        self.assertRegex(printed, r"\njson \S+: fine\n")
        self.assertTrue(printed.endswith("3 packages: 1 fine, 2 not\n"), printed)


class CommandLine(CommandCase):
    def test_info(self):
        printed = self.symplast("info")
        self.assertIn("python:           " + ".".join(map(str, sys.version_info[:3])), printed)

    def test_help_names_the_commands_and_their_options(self):
        self.assertRegex(self.symplast("--help"), "(?s)info .*check ")
        for option in ("--json", "--timeout", "--workers"):
            self.assertIn(option, self.symplast("check", "--help"))

    def test_wrong_arguments(self):
        for wrong in ([], ["no_such_command"], ["check"], ["check", "json", "--workers", "0"],
                      ["check", "json", "--timeout", "x"]):
            self.assertIn("usage: symplast", self.symplast(*wrong, expect=2))

    def test_the_installed_command(self):
        command = os.path.join(sysconfig.get_path("scripts"), "symplast")
        if os.path.realpath(child.package_path()) != os.path.realpath(sysconfig.get_path("platlib")):
            self.skipTest("the package is not installed from a wheel")
        done = child.spawn([command, "check", "json"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, "^json .*: fine\n")
