"""Running test code in a process of its own: what may crash, what changes the process, what ends interpreters."""

import functools
import os
import signal
import subprocess
import sys
import textwrap

import searchpath

SECONDS = 120

# Names the one test that runs in this process, in a child that isolated() started.
_ALONE = "SYMPLAST_TEST_ALONE"

_PRELUDE = """\
import sys
sys.path.insert(0, {package!r})
sys.path += {folders!r}
import warnings
warnings.simplefilter("ignore", RuntimeWarning)
"""


class ChildFailed(AssertionError):
    """A child process ended otherwise than expected; the message holds what it wrote."""


def run(source, *arguments, expect=0, **variables):
    """
    Runs Python source in a new process and returns what it printed. Fails with its stderr if it does not end with the status
    `expect`, most of all if a signal ended it. Variables are added to its environment.
    """
    code = prelude() + textwrap.dedent(source)
    result = spawn(["-X", "faulthandler", "-c", code, *arguments], **variables)
    if result.returncode != expect:
        raise ChildFailed(f"the child {_ending(result.returncode)}, expected status {expect}\n{result.stdout}{result.stderr}")
    return result.stdout


def spawn(arguments, **variables):
    """Starts this Python with arguments, waits for its end, and returns the CompletedProcess."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONWARNINGS", "SYMPLAST_DEBUG")}
    environment.update(variables)
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
    )


def isolated(case):
    """
    Class decorator: each test of the TestCase runs in a process of its own, so that a crash or whatever else it does to the
    process is its own failure.
    """

    def elsewhere(method):
        @functools.wraps(method)
        def test(self):
            if os.environ.get(_ALONE) == self.id():
                method(self)
            else:
                run("import unittest; unittest.main(module=None, argv=sys.argv)", self.id(), **{_ALONE: self.id()})

        return test

    for name, method in list(vars(case).items()):
        if name.startswith("test_") and not getattr(method, "__unittest_skip__", False):
            setattr(case, name, elsewhere(method))
    return case


def package_path():
    """The folder that the package was imported from."""
    import symplast

    return os.path.dirname(os.path.dirname(os.path.abspath(symplast.__file__)))


def prelude():
    """How a program begins that finds the package where this process found it, and the modules beside the tests."""
    return _PRELUDE.format(package=package_path(), folders=searchpath.folders())


def _ending(status):
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
