"""CPython's own tests of interpreters, those of the Python that runs them, against symplast.Interpreter."""

import contextlib
import pathlib
import types
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
_LOW = "is about the module _interpreters"
_MORE_IS_SENT = "expects that only a few types can be sent to __main__; here all that pickle carries can"
_QUEUES = "is about the queues of the module"

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_queue_aliases": _QUEUES,
    "test_not_shareable": _MORE_IS_SENT,
    "test_default_shareables": _MORE_IS_SENT,
}


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
            patches.enter_context(mock.patch.object(
                test_api, "_testinternalcapi", types.SimpleNamespace(get_code_var_counts=lambda code: None)))
            patches.enter_context(mock.patch.object(interpreters.Interpreter, "exec", _exec))
            for owner in (test_api.TestBase, test_lifecycle.TestBase):
                patches.enter_context(mock.patch.object(owner, "make_script", _make_script))
            patches.enter_context(mock.patch.object(script_helper, "make_script", _make_program))
            if hasattr(test_api, "spawn_python"):
                patches.enter_context(mock.patch.object(test_api, "spawn_python", _spawn))
            self.addCleanup(patches.pop_all().close)
        super().setUp()


def _make_script(self, filename, dirname=None, text=None, make=utils.TestBase.make_script):
    return make(self, filename, dirname, text and child.prelude() + _of_ours(text))


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
            if name != "LowLevelTests":  # of the module _interpreters
                ours = type(name, (OursMixin, case), {"__module__": __name__})
                globals()[name] = ours


for _module in (test_api, test_lifecycle, test_stress):
    _adopt(_module)
