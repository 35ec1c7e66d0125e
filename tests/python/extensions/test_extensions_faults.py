"""That the tests of the loader would notice: with a step of it left out, at least one of them fails."""

import importlib
import os
import subprocess
import sys
import unittest

import extension_case
import searchpath

_LOADING, _CALLS, _LIBRARIES, _NAMES, _ENDS = (f"test_extensions_{name}"
                                               for name in ("loading", "calls", "libraries", "names", "ends"))

# By the mode of SYMPLAST_DEBUG: a test that it breaks.
_NOTICED_BY = {
    "shared-library": f"{_LOADING}.StateOfItsOwn.test_modules_that_declare_less_than_a_gil_of_their_own",
    "calls": f"{_CALLS}.Callbacks.test_from_all_kinds_of_threads",
    "unique-symbols": f"{_LOADING}.StateOfItsOwn.test_unique_symbols",
    "name": f"{_LIBRARIES}.Global.test_of_a_worker",
    "versions": f"{_LIBRARIES}.Binding.test_without_the_main_interpreter",
    "ended": f"{_CALLS}.Ends.test_a_thread_that_calls_after_the_interpreters_end",
    "inner-modules": f"{_NAMES}.Names.test_of_a_module_made_in_an_exec_function",
    "keys": f"{_ENDS}.WhatIsLeft.test_keys_can_be_made_for_ever",
    "threads": f"{_ENDS}.WhatIsLeft.test_a_thread_of_a_copy_keeps_it",
}


def _modules():
    """The fixtures that those tests need."""
    for test in _NOTICED_BY.values():
        module, case, _ = test.split(".")
        yield from getattr(importlib.import_module(module), case).modules


class Faults(unittest.TestCase):
    def test_each_is_noticed(self):
        # Compiled once, and for all tests of this process; each child has copies.
        fixtures = extension_case.build(*_modules())
        for fault, test in _NOTICED_BY.items():
            with self.subTest(fault, noticed_by=test):
                ended = subprocess.run([sys.executable, searchpath.HERE, test],
                                       env=os.environ | {"SYMPLAST_DEBUG": f"fault-{fault}", "SYMPLAST_FIXTURES": fixtures},
                                       capture_output=True, text=True, timeout=120)
                self.assertEqual(ended.returncode, 1, ended.stderr)
