"""What the tests' code finds among its names; see Hosted.cs."""

import contextlib as _contextlib
import importlib as _importlib
import io as _io
import linecache as _linecache
import sys
import traceback as _traceback
import unittest as _unittest
import warnings as _warnings

with _warnings.catch_warnings():
    # About releases with known bugs: whoever hosts one here chose it.
    _warnings.simplefilter("ignore", RuntimeWarning)
    import symplast

import subinterpreters as _subinterpreters
from symplast import freeze, thaw

_SECONDS_TO_HANG = 280

check = _unittest.TestCase()
check.maxDiff = None


@_contextlib.contextmanager
def raises(kind, *parts):
    """The block must raise an exception of this type whose text holds all the parts."""
    try:
        yield
    except kind as error:
        text = "\n".join([str(error), *getattr(error, "__notes__", ())])
        for part in parts:
            assert part in text, f"{part!r} is not in {text!r}"
    else:
        raise AssertionError(f"{kind.__name__} was not raised")


class Interpreter(_subinterpreters.Interpreter):
    """An interpreter with a GIL of its own; its code finds the same names."""

    _beginning = ""

    def __init__(self):
        super().__init__()
        self._beginning = "import sys; sys.dont_write_bytecode = True\nfrom hosted import *\n"

    def run(self, source, **shared):
        """Keyword arguments must be shared objects, and arrive by pointer under their names."""
        ids = {name: symplast._symplast._persistent_id(value) for name, value in shared.items()}
        assert None not in ids.values(), "not a shared object"
        received = "".join(f"{name} = symplast._symplast._persistent_load({id!r})\n" for name, id in ids.items())
        super().run(self._beginning + received + source)


def describe(error, source):
    """The traceback, with the lines of a test's own code."""
    _linecache.cache["<test>"] = (len(source), None, source.splitlines(keepends=True), "<test>")
    return "\n" + "".join(_traceback.format_exception(error))


def run_unittests(name):
    """Runs one module of tests/python; returns how many of its tests ran and were not skipped."""
    import faulthandler as _faulthandler  # in the main interpreter only: others cannot have it

    # A little before PythonThread.cs gives up.
    _faulthandler.dump_traceback_later(_SECONDS_TO_HANG)
    try:
        return _run_unittests(name)
    finally:
        _faulthandler.cancel_dump_traceback_later()


def _run_unittests(name):
    with _no_children():
        suite = _unittest.defaultTestLoader.loadTestsFromModule(_importlib.import_module(name))
        output = _io.StringIO()
        result = _unittest.TextTestRunner(output, verbosity=2, warnings="ignore").run(suite)
    assert result.wasSuccessful(), "\n" + output.getvalue()
    return result.testsRun - len(result.skipped)


@_contextlib.contextmanager
def _no_children():
    """A child process would not find the module that was compiled here, so a test that starts this Python is skipped."""
    import subprocess

    start = subprocess.Popen.__init__

    def refuse(self, args, *rest, **options):
        if not isinstance(args, str) and sys.executable in args:  # by itself or in a debugger
            raise _unittest.SkipTest("a child process would not host this module")
        start(self, args, *rest, **options)

    subprocess.Popen.__init__ = refuse
    try:
        yield
    finally:
        subprocess.Popen.__init__ = start
