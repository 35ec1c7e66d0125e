"""Runs all tests: those in C#, those in Python with every CPython of the machine, and those of the build scripts.

    python3 -m eng.tests [--python 3.14] [--jobs 2] [--timeout 1800]

They are one list of jobs, of which so many run at a time, the longest first.
"""

import argparse
import concurrent.futures
import functools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from eng import build, environments, packages, prerequisites, pythons, wheel
from eng.commands import environment, tail, wait
from eng.dotnet import dotnet
from eng.project import LOGS, ROOT, relative
from eng.terminal import fail, running, say, spent

# Between asking a hung run where it hangs and ending it.
_SECONDS_TO_DUMP = 10


@dataclass
class Outcome:
    """How many tests of a run passed and failed, how many were skipped for which reason, which failed, and which took longest."""

    passed: int = 0
    failed: int = 0
    reasons: Counter = field(default_factory=Counter)
    failures: tuple = ()
    slowest: tuple = ()  # of pairs of seconds and name

    @property
    def skipped(self):
        return sum(self.reasons.values())

    def __add__(self, other):
        return Outcome(self.passed + other.passed, self.failed + other.failed, self.reasons + other.reasons,
                       self.failures + other.failures, _slowest(self.slowest + other.slowest))

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def _slowest(times):
    return tuple(sorted(times, reverse=True)[:10])


def main():
    options = _options()
    found, skipped = pythons.find()
    prerequisites.demand(found, skipped)
    found = [python for python in found if python.name.startswith(options.python)]
    if not found:
        fail(f"There is no Python {options.python} here.")
    pythons.report(found, skipped)

    made = build.build()
    checked = _checked("wheel", wheel.problems(made))
    with running("Installing the wheel"), concurrent.futures.ThreadPoolExecutor(len(found)) as installations:
        # Also raises what one of them has raised.
        list(installations.map(lambda python: environments.prepare(environments.for_tests(python), python, made), found))
    _expect_pip(found)
    jobs = _jobs(found, options.timeout)
    say(f"The tests in C#, of the build scripts, and in Python with {len(found)} of them, {min(options.jobs, len(jobs))} at a "
        f"time (about five minutes each{packages.announcement(everything=True)}) …")
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as runs:
        outcomes = [checked, *runs.map(lambda job: job(), jobs)]

    total = sum(outcomes, Outcome())
    # Once more where they are looked for, whatever was printed since.
    say("\n".join(["", *(f"slow: {seconds:6.1f} s {name}" for seconds, name in total.slowest), *skips(total.reasons, found),
                   *(f"failed: {name}" for name in total.failures), str(total)]))
    return 1 if total.failed else 0


def _jobs(found, timeout):
    """What is to be run, the longest first. Each answers with its outcome."""
    ends = [python for python in found if python in (found[0], found[-1])]
    between = [python for python in found if python not in ends]
    return [
        lambda: _dotnet(timeout),
        *(functools.partial(_python, python, timeout) for python in ends),
        *(functools.partial(_python, python, timeout, "--older" if _is_older(python, found) else "--between")
          for python in between),
        lambda: _eng(timeout),
    ]


def _is_older(python, found):
    """Whether a newer patch release of the same version is there."""
    return any(other.version[:2] == python.version[:2] and other.version > python.version for other in found)


def skips(reasons, pythons):
    """A line for each reason for which tests were skipped, most of them first, and one for each that a package would remove."""
    of_system = [python.version for python in pythons if python.path.startswith("/usr/bin/")]
    minor = ".".join(map(str, max(of_system)[:2])) if of_system else "3.13"
    for reason, number in reasons.most_common():
        yield f"skipped: {number:4} {reason}"
        remedy = next((remedy for beginning, remedy in _REMEDIES if reason.startswith(beginning)), None)
        if remedy:
            yield f"              To run them: {remedy.format(minor=minor)}"


# By what the reason begins with.
_REMEDIES = [
    ("No CPython 3.12+ with a shared library", "sudo apt-get install libpython{minor} (Debian, Ubuntu), for that of the system"),
    ("this Python was installed without",
     "sudo apt-get install libpython{minor}-testsuite (Debian, Ubuntu), for that of the system"),
    ("this Python has no test.", "sudo apt-get install libpython{minor}-testsuite (Debian, Ubuntu), for that of the system"),
    ("no Python 3.12+ here has pip", "sudo apt-get install python3-pip (Debian, Ubuntu), for that of the system"),
    ("git is not installed", "sudo apt-get install git"),
    ("numpy is not installed", "python -m pip install numpy, with each python of artifacts/venvs/*/bin"),
]


def _options():
    parser = argparse.ArgumentParser(prog="eng.tests", description="Runs all tests.")
    parser.add_argument("--python", default="", help="only the Pythons whose version begins with this")
    # A job leaves a third of a processor idle: it waits for processes to start and to end.
    parser.add_argument("--jobs", type=int, default=min(3, (os.cpu_count() or 1) + 1),
                        help="how many jobs run at a time: a Python, C#, the build scripts")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds that one job may take")
    return parser.parse_args()


def _checked(what, problems):
    """A check that is no test of a test framework counts as one test."""
    problems = list(problems)
    for problem in problems:
        say(f"{what} {problem}")
    return Outcome(failed=1) if problems else Outcome(passed=1)


def _expect_pip(found):
    """In CI, where we choose the Pythons, the wheel must have met a real pip."""
    with_pip = [python.name for python in found if environments.has_pip(environments.for_tests(python))]
    say(f"Installed by pip: {', '.join(with_pip) or 'none'}; others unpacked by hand")
    if os.environ.get("CI") == "true" and not with_pip:
        fail("No Python here has pip: the wheel was never installed as a user would install it.")


def _eng(timeout):
    """The tests of the scripts here, with the Python that runs this."""
    return _unittests("Build scripts", [sys.executable], "eng", timeout, "tests/eng")


def _dotnet(timeout):
    # Detailed: with the times of those that pass. The tests of tests/python are for `make coverage`.
    command = [dotnet(), "test", "--solution", "Symplast.slnx", "--output", "Detailed", "--filter-not-class", "*.PythonUnitTests"]
    code, took, text = _run("C#", command, "dotnet-test.log", timeout)
    counts = {name: int(number) for name, number in re.findall(r"^\s*(failed|succeeded|skipped): (\d+)", text, re.MULTILINE)}
    reasons = Counter(reason.strip() for reason in re.findall(r"^skipped .*\n +(.+)", text, re.MULTILINE))
    unexplained = counts.get("skipped", 0) - sum(reasons.values())
    if unexplained > 0:
        reasons["no reason was given"] = unexplained
    # Lines of whole programs begin with a path.
    times = re.findall(r"^(?:passed|failed) ([^/\n].*) \(((?:\d+(?:h|ms|m|s) ?)+)\)$", text, re.MULTILINE)
    slowest = _slowest((_seconds(time), f"C#: {name}") for name, time in times)
    outcome = Outcome(counts.get("succeeded", 0), counts.get("failed", 0), reasons, slowest=slowest)
    return _judged("C#", code, took, text, outcome, "dotnet-test.log")


def _seconds(time):
    """Of what `dotnet test` writes: 1h 02m 03s 004ms."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)(h|ms|m|s)", time))


def _python(python, timeout, *options):
    """The tests in tests/python. With "--between" or "--older" without those that such a Python need not run."""
    interpreter = environments.executable(environments.for_tests(python))
    what = f"Python {python.name}"
    checked, _, problems = _run(f"stubs of {python.name}", [interpreter, "-m", "eng.stubs"], f"stubs-{python.name}.log", timeout)
    if checked != 0:
        say(f"{what}: the stubs do not describe the module\n{tail(problems)}")
    outcome = _unittests(what, [interpreter, "-X", "faulthandler"], f"python-{python.name}", timeout, *options)
    return outcome + (Outcome(failed=1) if checked else Outcome(passed=1))


def _unittests(what, command, name, timeout, *arguments):
    """Runs the tests in tests/python or in another folder; the arguments are those of eng.unittests after the first."""
    LOGS.mkdir(parents=True, exist_ok=True)
    file = LOGS / f"{name}.counts"
    file.unlink(missing_ok=True)
    code, took, text = _run(what, [*command, "-m", "eng.unittests", file, *arguments], f"{name}.log", timeout)
    outcome = Outcome()
    if file.exists():
        counts = json.loads(file.read_text(encoding="utf-8"))
        slowest = tuple((seconds, f"{what}: {test}") for seconds, test in counts["slowest"])
        outcome = Outcome(counts["passed"], counts["failed"], Counter(counts["skipped"]), slowest=slowest)
    return _judged(what, code, took, text, outcome, f"{name}.log")


def _judged(what, code, took, text, outcome, log):
    """Says how a run went. One that failed or tested nothing has at least one failure, one that was ended has one more."""
    if code is None or code < 0:
        outcome.failed += 1  # the test that was running
    elif code != 0 or outcome.passed + outcome.failed == 0:
        outcome.failed = max(1, outcome.failed)
    if outcome.failed:
        reason = "timed out" if code is None else f"ended by {_signal(code)}" if code < 0 else f"exit status {code}"
        outcome.failures = tuple(f"{what}: {name}" for name in _names_of_failed(text)) or (f"{what}: {reason}",)
        say(f"\n{what}: {outcome}, {reason} ({took})\n{_failures(text)}\n(all of it: {relative(LOGS / log)})\n")
    else:
        say(f"{what}: {outcome} ({took})")
    return outcome


def _names_of_failed(text):
    """The tests that a log reports as failed: `dotnet test` and unittest say so at the beginning of a line."""
    return list(dict.fromkeys(re.findall(r"^(?:failed|FAIL:|ERROR:) (.+?)(?: \([\d.hms ]+\))?$", text, re.MULTILINE)))


def _failures(text):
    """The part of a log that explains a failure: what faulthandler, `dotnet test` or unittest says of it, or just the end."""
    if failed := re.search(r"^failed .*(?:\n(?!failed ).*){0,60}", text, re.MULTILINE):
        return failed.group()[:12000]
    for mark in ["Fatal Python error:", "======"]:
        if mark in text:
            beginning = text.rfind("\n", 0, text.index(mark))  # with the line's start, which names the test
            return text[beginning + 1:][:12000]
    return tail(text, 60)


def _signal(code):
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _run(what, command, log, timeout):
    """
    Runs a command in a process group of its own; returns exit status (None: it took too long), how long it took, for people, and
    the output.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    variables = {name: value for name, value in environment().items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    with open(LOGS / log, "w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen([str(part) for part in command], cwd=ROOT, env=variables, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        processor = None
        try:
            with running(what):
                processor = wait(process, timeout)
            code = process.returncode
        except subprocess.TimeoutExpired:
            code = None
            _end(process, signal.SIGABRT)  # faulthandler writes where every thread is
        except BaseException:
            _end(process, signal.SIGINT)
            raise
        finally:
            _kill_group(process)
        output.seek(0)
        return code, spent(time.monotonic() - started, processor), output.read()


def _end(process, gently):
    process.send_signal(gently)
    try:
        process.wait(_SECONDS_TO_DUMP)
    except subprocess.TimeoutExpired:
        pass


def _kill_group(process):
    """Ends the process and whatever it started and left behind."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


if __name__ == "__main__":
    sys.exit(main())
