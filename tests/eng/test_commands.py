"""Steps say what they do before they do it and how long it took, need no ICU, and leave no process behind."""

import contextlib
import io
import os
import pty
import subprocess
import sys
import unittest
import uuid
from pathlib import Path
from unittest import mock

from eng import commands, dotnet, packages, terminal
from eng.project import ROOT

from folders import InFolder


class Steps(InFolder):
    def run_quietly(self, script, *expected):
        with mock.patch.object(commands, "LOGS", self.folder), contextlib.redirect_stdout(io.StringIO()) as out:
            done = commands.quietly("Working", ["sh", "-c", script], "log", *expected)
        return done, out.getvalue().splitlines()

    def test_what_takes_long_is_announced(self):
        done, lines = self.run_quietly("echo hidden", "about a minute")
        self.assertTrue(done)
        self.assertEqual(lines[0], "Working (about a minute) …")
        self.assertRegex(lines[1], r"^Working: done \(\d+ s\)$")
        self.assertEqual(len(lines), 2)

    def test_what_does_not_is_only_reported(self):
        self.assertEqual(len(self.run_quietly("true")[1]), 1)

    def test_a_failure_shows_the_end_of_the_log(self):
        done, lines = self.run_quietly("echo the reason >&2; exit 3")
        self.assertFalse(done)
        self.assertIn("the reason", lines)

    def test_times_are_readable(self):
        self.assertEqual([terminal.elapsed(seconds) for seconds in (0.4, 59.6, 61, 330)],
                         ["0 s", "1 min 00 s", "1 min 01 s", "5 min 30 s"])

    def test_processor_time_is_said_where_it_is_known(self):
        self.assertEqual([terminal.spent(61, processor) for processor in (None, 42)],
                         ["1 min 01 s", "1 min 01 s, 42 s of processor time"])

    def test_processor_time_is_that_of_a_process_and_those_that_it_waited_for(self):
        busy = "import time\nwhile time.process_time() < 0.2: pass\n"
        process = subprocess.Popen([sys.executable, "-c", f"import subprocess, sys\n{busy}"
                                    f"subprocess.run([sys.executable, '-c', {busy!r}])\nsys.exit(3)"])
        self.assertGreaterEqual(commands.wait(process, 60), 0.4)
        self.assertEqual(process.returncode, 3)

    def test_what_goes_on_for_too_long_is_left_running(self):
        process = subprocess.Popen(["sleep", "60"])
        with self.assertRaises(subprocess.TimeoutExpired):
            commands.wait(process, 0.01)
        process.kill()
        self.assertEqual(process.wait(), -9)

    def test_a_terminal_shows_that_something_runs(self):
        program = """
import threading
from eng import terminal
ticked = threading.Event()
write = terminal.sys.stdout.write
def watched(text):
    if "Working: " in text:
        ticked.set()
    return write(text)
terminal.sys.stdout.write = watched
with terminal.running("Working"):
    ticked.wait(60)
terminal.say("over")
"""
        main, other = pty.openpty()
        with open(main, "rb", buffering=0) as seen:
            with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=other,
                                  env={**os.environ, "COLUMNS": "80"}) as process:
                os.close(other)
                text = b""
                try:
                    while data := seen.read(1000):
                        text += data
                except OSError:  # the other end is closed
                    pass
            self.assertEqual(process.returncode, 0)
        self.assertRegex(text.decode(), r"Working: \d+ s")
        self.assertIn("over", text.decode())

    def test_elsewhere_nothing_is_drawn(self):
        with contextlib.redirect_stdout(io.StringIO()) as out, terminal.running("Working"):
            terminal.say("a line")
        self.assertEqual(out.getvalue(), "a line\n")


class Dotnet(InFolder):
    def test_icu_is_not_needed(self):
        self.assertEqual(commands.environment()["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"], "1")
        self.assertIn("<InvariantGlobalization>true<", (ROOT / "Directory.Build.props").read_text())

    @unittest.skipIf(dotnet.dotnet() is None, "the .NET SDK is not installed")
    def test_a_build_leaves_no_process_behind(self):
        (self.folder / "Small.csproj").write_text('''<Project Sdk="Microsoft.NET.Sdk">
            <PropertyGroup><TargetFramework>net10.0</TargetFramework><UseAppHost>false</UseAppHost></PropertyGroup></Project>''')
        (self.folder / "Small.cs").write_text("class Small;")
        # The variables by which a machine may have chosen the same must not count.
        self.environment(DOTNET_CLI_USE_MSBUILD_SERVER=None, MSBUILDDISABLENODEREUSE=None, UseSharedCompilation=None)
        mark = f"SYMPLAST_MARK={uuid.uuid4()}"
        name, _, value = mark.partition("=")
        done = subprocess.run([dotnet.dotnet(), "build", str(self.folder)], cwd=self.folder,
                              env=commands.environment(**{name: value}),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(list(_marked(mark.encode())), [])


def _marked(mark):
    """The command lines of processes that have this in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                yield (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            pass  # it has ended, or is another user's


class Downloads(InFolder):
    def test_packages_that_are_not_there_are_announced(self):
        self.environment(NUGET_PACKAGES=self.folder)
        self.assertRegex(packages.announcement(), r"fetches \d+ packages from NuGet \(up to \d+ MB")
        self.assertGreater(len(packages._missing("**")), len(packages._missing("src/Symplast.Python")))

    def test_those_that_are_there_are_not(self):
        self.environment(NUGET_PACKAGES=self.folder)
        for name, version in packages._missing("**"):
            (self.folder / name / version).mkdir(parents=True)
        self.assertEqual(packages.announcement(everything=True), "")


if __name__ == "__main__":
    unittest.main()
