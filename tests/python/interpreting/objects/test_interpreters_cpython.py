"""CPython's own tests of interpreters, those of the Python that runs them, against symplast.Interpreter."""

import contextlib
import os
import pathlib
import signal
import textwrap
import unittest
from unittest import mock

import symplast
from symplast import interpreters

import child
import executor_case
import searchpath
import standard_interpreters

try:
    from test.support import script_helper
    from test.test_interpreters import test_api, test_lifecycle, test_stress, utils
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of interpreters: {error}")

_BY_VALUE = "expects NotShareableError; here closures, local functions and functions of __main__ are sent by value"
_MAIN = "expects that a function of the script has a copy of the script as its globals; here these are the interpreter's __main__"
_MORE = "expects that few types can be bound in __main__, or asks which; here all that pickle carries can"
_QUEUES = "is about queues"
_NAMES = "expects the standard library's names in a traceback; test_interpreter compares the rest"
_OTHERS = "makes interpreters with CPython's test modules; test_interpreter has interpreters that were not made by symplast"
_LOW = "is about the module _interpreters; test_interpreter_ending makes interpreters without enough memory"

# The programs that CPython's tests start expect Ctrl-C to do something, however these tests were started.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_queue_aliases": _QUEUES,
    "test_not_shareable": _MORE,
    "test_default_shareables": _MORE,
    "test_call": _BY_VALUE,
    "test_call_in_thread": _BY_VALUE,
    "test_call_invalid": _BY_VALUE,
    "test_callable_requires_frame": _BY_VALUE,
    "test_func_in___main___invalid": _BY_VALUE,
    "test_stateless_func_returns_arg": _BY_VALUE,
    "test_stateless_funcs": _BY_VALUE,
    "test_func_in___main___hidden": _MAIN,
    "test_func_in___main___uses_globals": _MAIN,
    "test_func_in___main___valid": _MAIN,
    "test_globals_from_stateless_func": _MAIN,
    "test_display_preserved_exception": _NAMES,
    "test_created_with_capi": _OTHERS,
    "test_whence": _OTHERS,
    "test_create_interpreter_no_memory": _LOW,
    "test_remaining_daemon_threads": _LOW,
}

# The number of interpreters in the tests that make 200 at once; tests/soak/interpreter_objects.py makes 200.
AT_ONCE = int(os.environ.get("SYMPLAST_TEST_INTERPRETERS", "8"))
if AT_ONCE < 100:
    EXCLUDED["test_create_many_sequential"] = "makes 100 interpreters in a row; tests/soak/interpreter_objects.py makes 10,000"

# Classes of tests of the module _interpreters.
_OF_THE_MODULE = ("LowLevelTests", "CaptureExceptionTests")


def _of_ours(source):
    """The source of a program or script, with our modules in place of the standard library's."""
    for theirs, ours in _REPLACED.items():
        source = source.replace(theirs, ours)
    return source


_REPLACED = {
    "from concurrent import interpreters": "from symplast import interpreters",
    "from test.support import interpreters": "from symplast import interpreters",
    "import _interpreters": "import standard_interpreters as _interpreters",
}


def _exec(self, code):
    return _EXEC(self, _of_ours(code) if isinstance(code, str) else code)


_EXEC = interpreters.Interpreter.exec


class OursMixin:
    """Puts our interpreters in place of the standard library's in the modules of tests."""

    def setUp(self):
        if self._testMethodName in EXCLUDED:
            self.skipTest(EXCLUDED[self._testMethodName])
        executor_case.watch(self)
        with contextlib.ExitStack() as patches:
            for module in (test_api, test_lifecycle, test_stress, utils):
                for name in ("interpreters", "_interpreters", *interpreters.__all__):
                    if hasattr(module, name):
                        ours = {"interpreters": interpreters, "_interpreters": standard_interpreters}.get(name)
                        patches.enter_context(mock.patch.object(module, name, ours or getattr(interpreters, name)))
            # Our interpreters are made by the C API, and the standard library's by its module.
            patches.enter_context(mock.patch.object(test_api, "WHENCE_STR_STDLIB", "C-API"))
            patches.enter_context(mock.patch.object(interpreters.Interpreter, "exec", _exec))
            for owner in (test_api.TestBase, test_lifecycle.TestBase):
                patches.enter_context(mock.patch.object(owner, "make_script", _make_script))
            patches.enter_context(mock.patch.object(script_helper, "make_script", _make_program))
            if hasattr(test_api, "spawn_python"):
                patches.enter_context(mock.patch.object(test_api, "spawn_python", _spawn))
            self.addCleanup(patches.pop_all().close)
        super().setUp()


def _make_script(self, filename, dirname=None, text=None, make=utils.TestBase.make_script):
    return make(self, filename, dirname, text and child.prelude() + textwrap.dedent(_of_ours(text)))


def _make_program(folder, name, source, *rest, make=script_helper.make_script):
    return make(folder, name, child.prelude() + _of_ours(source), *rest)


def _spawn(*arguments, spawn=script_helper.spawn_python, **options):
    return spawn(*(child.prelude() + _of_ours(each) if "\n" in each else each for each in arguments), **options)


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


def _adopt(module):
    for name, case in list(vars(module).items()):
        if isinstance(case, type) and issubclass(case, unittest.TestCase) and case.__module__ == module.__name__:
            if name not in _OF_THE_MODULE:
                globals()[name] = type(name, (OursMixin, case), {"__module__": __name__})


for _module in (test_api, test_lifecycle, test_stress):
    _adopt(_module)

def _with_few(test):
    return lambda self: test(self, AT_ONCE)


for _name in ("test_create_many_threaded", "test_many_threads_running_interp_in_other_interp"):
    # From 3.13.1 on the tests proper take a size, and their wrappers ask for the memory of 200 interpreters.
    if hasattr(_proper := getattr(test_stress.StressTests, _name, None), "__wrapped__"):
        setattr(globals()["StressTests"], _name, _with_few(_proper.__wrapped__))
    elif AT_ONCE < 200:
        EXCLUDED[_name] = "makes 200 interpreters at once; tests/soak/interpreter_objects.py does, too"
