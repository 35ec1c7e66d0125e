"""
symplast check: whether packages work in workers.

Each package is imported in the program and in several workers at once, in a process of its own. A package that crashes or hangs
is reported, and the check goes on with the next one. The exit status is 0 if all packages are fine.
"""

import argparse
import dataclasses
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time

# What a trial is doing after each of its steps.
_DOING = {
    None: "starting",
    "program": "importing it in the program",
    "program done": "starting workers",
    "workers": "importing it in workers",
    "workers done": "shutting the workers down",
    "shut down": "shutting the workers down",
    "exit": "ending",
}
_LAST_LINES = 12


@dataclasses.dataclass
class Import:
    """The outcome of an import.

    seconds     the time that the import took
    error       the exception that it raised, as text, or None
    private     the modules and libraries of which the import made private copies, as extensions.loaded() describes them
    """

    seconds: float
    error: str | None
    private: list[dict] = dataclasses.field(default_factory=list)

    def count(self, kind):
        """Return the number of private copies of this kind."""
        return sum(each["kind"] == kind for each in self.private)

    @property
    def bytes(self):
        """The bytes of the private copies that are not shared with the original files."""
        return sum(each["bytes"] for each in self.private)


@dataclasses.dataclass
class Result:
    """The result of checking a package.

    problem     the first problem that was found, or None if all is fine
    stderr      the lines that were written when workers imported the package, but not when the program alone imported it
    """

    package: str
    module: str
    version: str | None = None
    program: Import | None = None
    workers: list[Import] = dataclasses.field(default_factory=list)
    shutdown: float | None = None
    status: int | None = None
    stderr: list[str] = dataclasses.field(default_factory=list)
    problem: str | None = None

    def as_dict(self):
        """Return the result as --json prints it."""
        return {"fine": self.problem is None} | dataclasses.asdict(self)


def add_to(commands):
    """Add this command to the command line."""
    parser = commands.add_parser(
        "check", help="import packages in workers and say how that went", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("packages", nargs="+", metavar="PACKAGE", help="a module to import, or the name of what was installed")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    parser.add_argument("--timeout", type=_positive(float), default=120.0, metavar="SECONDS",
                        help="that a package may take (default: 120)")
    parser.add_argument("--workers", type=_positive(int), default=2, metavar="N", help="that import it at once (default: 2)")
    return parser


def run(options):
    """Run the command."""
    results = []
    for package in options.packages:
        for module in modules_of(package):
            results.append(check(module, options.workers, options.timeout, package))
            if not options.json:
                print("\n".join(lines(results[-1])), flush=True)
    bad = sum(result.problem is not None for result in results)
    if options.json:
        from symplast import __version__

        document = {"python": platform.python_version(), "symplast": __version__, "workers": options.workers}
        print(json.dumps(document | {"packages": [result.as_dict() for result in results]}, indent=2))
    elif len(results) > 1:
        print(f"{len(results)} packages: {len(results) - bad} fine, {bad} not")
    return 1 if bad else 0


def modules_of(package):
    """Return the modules that a name stands for: the module of this name, or the modules of the distribution of this name.

    A distribution may have another name than its module, as scikit-learn and Pillow have.
    """
    import importlib.util

    try:
        if importlib.util.find_spec(package.partition(".")[0]) is not None:
            return [package]
    except (ImportError, ValueError):
        return [package]
    from importlib import metadata

    wanted = _normalized(package)
    found = [module for module, names in metadata.packages_distributions().items() if wanted in map(_normalized, names)]
    return sorted(module for module in found if not module.startswith("_") and module.isidentifier()) or [package]


def check(module, workers=2, timeout=120.0, package=None):
    """Import a module in the program alone, and in the program and in workers at once, and return the Result."""
    result = Result(package or module, module)
    deadline = time.monotonic() + timeout
    # The program alone comes first. A failure there is not due to workers, and the run fills the file caches for the measured
    # imports.
    alone = _Trial(module, 0, deadline)
    _take(result, alone)
    if result.problem is None:
        both = _Trial(module, workers, deadline)
        both.stderr = _without(both.stderr, alone.stderr)
        _take(result, both)
    return result


def _without(lines, known):
    """Return the lines that do not consist of known lines.

    One line can consist of several known lines: when interpreters write at once, a text and its newline may be apart.
    """
    known = sorted({line for line in known if line}, key=len, reverse=True)
    kept = []
    for line in lines:
        rest = line
        for each in known:
            rest = rest.replace(each, "\n")
        if rest.strip("\n"):
            kept.append(line)
    return kept


class _Trial:
    """A run of symplast.commands.trial: its recorded steps, its exit status (None if it took too long), and its stderr."""

    def __init__(self, module, workers, deadline):
        self.workers = workers
        with tempfile.TemporaryFile() as record, tempfile.TemporaryFile() as stderr:
            self.status = _run([module, workers, record.fileno()], record.fileno(), stderr, deadline)
            record.seek(0)
            self.steps = {step.pop("step"): step for step in map(json.loads, record)}
            stderr.seek(0)
            self.stderr = stderr.read().decode(errors="replace").splitlines()

    @property
    def doing(self):
        """What the trial was doing when it ended."""
        return _DOING[list(self.steps)[-1] if self.steps else None]


_PROGRAM = """
import sys, warnings
arguments, sys.path[:] = {arguments!r}, {path!r}
warnings.filterwarnings("ignore", "CPython .* has known bugs", RuntimeWarning)
from symplast.commands import trial
trial.main(*arguments)
"""


def _run(arguments, descriptor, stderr, deadline):
    # The trial has the same sys.path as this process.
    program = _PROGRAM.format(arguments=arguments, path=sys.path)
    command = [sys.executable, *subprocess._args_from_interpreter_flags(), "-X", "faulthandler", "-c", program]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, pass_fds=[descriptor], start_new_session=True
    )
    try:
        return process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    finally:
        # The processes that the trial has started are killed with it.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def _take(result, trial):
    """Store the outcome of a trial and the first problem, if any, in the result."""
    result.status, result.stderr = trial.status, trial.stderr
    if "program done" in trial.steps:
        told = dict(trial.steps["program done"])
        result.version = told.pop("version", None)
        result.program = Import(**told)
    result.workers = [Import(**told) for told in trial.steps.get("workers done", {}).get("workers", ())]
    result.shutdown = trial.steps.get("shut down", {}).get("seconds")
    result.problem = _problem(result, trial)


def _problem(result, trial):
    if result.program and result.program.error:
        return f"cannot be imported in the program: {result.program.error}"
    if failed := [each.error for each in result.workers if each.error]:
        return f"cannot be imported in {_all_or_some(failed, result.workers)} workers: {failed[0]}"
    if trial.status is None:
        return f"hangs: it took too long while {trial.doing}"
    if trial.status < 0:
        return f"crashes: {_signal(-trial.status)} while {trial.doing}"
    if trial.doing != _DOING["exit"]:
        return f"ends the process (exit status {trial.status}) while {trial.doing}"
    if trial.status:
        return f"ends with exit status {trial.status}"
    # Output of the package in the program alone is not a problem of workers.
    if trial.workers and trial.stderr:
        return "writes to stderr"
    return None


def lines(result):
    """Yield the lines that report a result."""
    module = f" ({result.module})" if result.module != result.package else ""
    version = f" {result.version}" if result.version else ""
    yield f"{result.package}{module}{version}: {'fine' if result.problem is None else result.problem}"
    if result.program and not result.program.error:
        yield f"    in the program    imported in {result.program.seconds:.2f} s"
    if result.workers and not any(each.error for each in result.workers):
        count = len(result.workers)
        seconds = ", ".join(f"{each.seconds:.2f}" for each in result.workers)
        yield (f"    in {f'{count} workers' if count > 1 else 'a worker':15}imported {'at once ' if count > 1 else ''}in "
               f"{seconds} s")
        yield f"    isolated          {isolated(result.workers[0])}"
    if result.shutdown is not None and result.problem is None:
        yield f"    end               clean, workers shut down in {result.shutdown:.2f} s"
    if result.problem is not None:
        for line in result.stderr[-_LAST_LINES:]:
            yield f"    | {line}"


def isolated(imported):
    """Return a description of the private copies that an import made."""
    counted = [(imported.count("single-phase"), "single-phase module"), (imported.count("multi-phase"), "multi-phase module")]
    counted += [(imported.count("library"), "library")]
    parts = [_many(number, what) for number, what in counted if number]
    return (f"{', '.join(parts)}; {imported.bytes / 1e6:.1f} MB of its own in each" if parts
            else "nothing: no private copies are needed")


def _many(number, what):
    return f"{number} {what if number == 1 else what.removesuffix('y') + 'ies' if what.endswith('y') else what + 's'}"


def _all_or_some(failed, workers):
    return "the" if len(failed) == len(workers) else f"{len(failed)} of {len(workers)}"


def _signal(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _normalized(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _positive(number):
    def parse(text):
        value = number(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not positive")
        return value

    parse.__name__ = number.__name__  # Shown in argparse's messages.
    return parse
