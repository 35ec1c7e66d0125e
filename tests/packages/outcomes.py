"""
What became of each test of a pytest run, in the interpreter that calls: written line by line, so that a crash leaves the name of
the test that was running.
"""

import contextlib
import fcntl
import json
import os
import pathlib

import pytest
from symplast import extensions


class Record:
    """A pytest plugin: JSON lines [what, test, text], where what is "starts", or what pytest calls the outcome."""

    def __init__(self, file, name):
        self._file = file
        self._name = name
        self._worst = None

    def _write(self, what, test, text=""):
        self._file.write(json.dumps([what, test, text]) + "\n")
        self._file.flush()

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config):
        # SQLAlchemy's tests make files in the current folder, with this in their names if pytest-xdist runs them several times at
        # once. We do so, too.
        config.workerinput = {"follower_ident": self._name}

    def pytest_collectreport(self, report):
        if report.failed:
            self._write("not collected", report.nodeid, report.longreprtext)

    def pytest_runtest_logstart(self, nodeid):
        self._worst = None
        self._write("starts", nodeid)

    def pytest_runtest_logreport(self, report):
        expected = hasattr(report, "wasxfail")
        if report.failed:
            # What a test leaves broken counts more than that it passed; its own failure counts most.
            if self._worst is None or self._worst[0] not in ("failed", "error"):
                self._worst = ("failed" if report.when == "call" else "error", report.longreprtext)
        elif report.skipped and self._worst is None:
            self._worst = ("xfailed" if expected else "skipped", report.longreprtext)
        elif report.when == "call" and self._worst is None:
            self._worst = ("xpassed" if expected else "passed", "")

    def pytest_runtest_logfinish(self, nodeid):
        what, text = self._worst or ("error", "pytest reported nothing")
        self._write(what, nodeid, text)


class Turns:
    """
    A pytest plugin: a test that captures what the process writes to its file descriptors runs while no other interpreter runs
    one, as they share these.
    """

    CAPTURING = {"capfd", "capfdbinary"}

    def __init__(self, folder):
        # Locks of open files, not of the process. Who waits for the second holds the first, so that a test that wants to be alone
        # has its turn.
        self._turnstile = open(folder / "turnstile.lock", "w")
        self._running = open(folder / "running.lock", "w")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        with contextlib.ExitStack() as stack:
            with locked(self._turnstile, fcntl.LOCK_EX):
                alone = not self.CAPTURING.isdisjoint(getattr(item, "fixturenames", ()))
                stack.enter_context(locked(self._running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
            return (yield)

    def pytest_unconfigure(self):
        self._turnstile.close()
        self._running.close()


@contextlib.contextmanager
def locked(file, kind):
    """Holds a lock of an open file."""
    fcntl.flock(file, kind)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def run(arguments, path):
    """Runs pytest with these arguments in this interpreter, with the outcomes in a file.

    Returns the interpreter's id: that of the worker, or 0.
    """
    with open(path, "w", encoding="utf-8") as file:
        pytest.main(arguments, plugins=[Record(file, os.path.basename(path).split(".")[0]), Turns(pathlib.Path(path).parent)])
        # So that a run that compares shared libraries with themselves is noticed.
        file.write(json.dumps(["ends", "", sum(each.private for each in extensions.loaded())]) + "\n")
    try:
        import _interpreters
    except ImportError:
        import _xxsubinterpreters as _interpreters
    current = _interpreters.get_current()
    return current[0] if isinstance(current, tuple) else int(current)


def read(path):
    """
    (outcome of each test with its text, private copies or None if the run did not end, the test that was running then or None)
    """
    found, running, copies = {}, None, None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                try:
                    what, test, text = json.loads(line)
                except ValueError:
                    break  # the process died while it wrote
                if what == "starts":
                    running = test
                elif what == "ends":
                    running, copies = None, text
                else:
                    found[test] = (what, text)
                    running = None
    return found, copies, running
