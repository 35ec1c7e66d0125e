"""CPython's own tests of executors, those of the Python that runs them, against ours."""

import re
import sys
import unittest
from concurrent import futures

import symplast

import child

try:
    from test.support import script_helper
    from test.test_concurrent_futures import executor, test_as_completed, test_init, test_shutdown, test_wait, util
except ImportError as error:
    raise unittest.SkipTest(f"this Python has no tests of its own to run: {error}")

try:
    from test.test_concurrent_futures import test_interpreter_pool
except ImportError:
    # New in 3.14.
    test_interpreter_pool = None

_NO_EVENTS = "passes a lock or an event of threading, which stays in its interpreter; the same is tested with pipes in test_executor_calls"
_NO_SCRIPTS = "expects failure: the standard library takes no source text as a task either"
_BY_VALUE = "expects an error of the standard library's executor: here closures, local functions and classes work"
_OTHER_TYPES = "checks for the standard library's own exception types; ours are in test_executor_errors and test_executor_broken"

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "ExecutorTest.test_no_stale_references": "pickle copies the argument, so no reference of the caller is ever held; it waits for a weak reference to a copy",
    "WaitTests": {name: _NO_EVENTS for name in (
        "test_first_completed", "test_first_completed_some_already_completed", "test_first_exception",
        "test_first_exception_some_already_complete", "test_first_exception_one_already_failed", "test_all_completed", "test_timeout",
    )},
}
