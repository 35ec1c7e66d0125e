"""CPython's own tests of executors, those of the Python that runs them, against ours."""

import pathlib
import unittest
from unittest import mock

import symplast

import child
import executor_case
import executor_tasks
import searchpath

try:
    from test.support import script_helper
    from test.test_concurrent_futures import executor, test_as_completed, test_init, test_shutdown, test_wait, util
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of executors: {error}")

try:
    from test.test_concurrent_futures import test_interpreter_pool
except ImportError:
    # New in 3.14.
    test_interpreter_pool = None

_BY_VALUE = "expects NotShareableError; here closures, local functions and local classes work as tasks"
_OTHER_TYPES = "expects exceptions of concurrent.interpreters; ours are tested in test_executor_errors and test_executor_broken"
_NOT_OURS = "is about importing the standard library's executor"

_SECONDS = ("waits whole seconds for each of ten workers that the machine may not have; test_executor_calls holds tasks in "
            "workers with pipes")

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_init_closure": _BY_VALUE,
    "test_init_instance_method": _BY_VALUE,
    "test_submit_closure": _BY_VALUE,
    "test_submit_instance_method": _BY_VALUE,
    "test_submit_local_instance": _BY_VALUE,
    "test_init_exception_in_func": _OTHER_TYPES,
    "test_submit_exception_in_func": _OTHER_TYPES,
    "test_pickle_errors_propagate": _OTHER_TYPES,
    "test_import_interpreter_pool_executor": _NOT_OURS,
    "test_blocking": _SECONDS,
    "test_blocking_with_limited_workers": _SECONDS,
    "test_cancel_futures": "expects that a task has begun a moment after it was submitted; an interpreter takes longer to start "
    "than a thread",
}


def _of_ours(source):
    """The source of a program, with our executor in place of the standard library's."""
    ours = source.replace("from concurrent.futures import InterpreterPoolExecutor",
                          "from symplast import InterpreterPoolExecutor")
    assert ours != source
    return child.prelude() + ours


def _run_program(*arguments, **options):
    return script_helper.assert_python_ok(
        *(_of_ours(part) if "import InterpreterPoolExecutor" in part else part for part in arguments), **options)


class OursMixin(util.ExecutorMixin):
    """Takes the place of util.ThreadPoolMixin."""

    executor_type = symplast.InterpreterPoolExecutor
    worker_count = 3

    def create_event(self):
        return executor_tasks.PipeEvent()

    def setUp(self):
        if self._testMethodName in EXCLUDED:
            self.skipTest(EXCLUDED[self._testMethodName])
        executor_case.watch(self)
        for module in (test_shutdown, test_interpreter_pool):
            if hasattr(module, "assert_python_ok"):
                patch = mock.patch.object(module, "assert_python_ok", _run_program)
                patch.start()
                self.addCleanup(patch.stop)
        super().setUp()


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


class Wait(OursMixin, test_wait.WaitTests, util.BaseTestCase):
    pass


class AsCompleted(OursMixin, test_as_completed.AsCompletedTests, util.BaseTestCase):
    pass


class Shutdown(OursMixin, test_shutdown.ExecutorShutdownTest, util.BaseTestCase):
    pass


class Initializer(OursMixin, test_init.InitializerMixin, util.BaseTestCase):
    pass


class FailingInitializer(OursMixin, test_init.FailingInitializerMixin, util.BaseTestCase):
    pass


if test_interpreter_pool is None:

    class Executor(OursMixin, executor.ExecutorTest, util.BaseTestCase):
        pass

else:

    class InterpreterPool(OursMixin, test_interpreter_pool.InterpreterPoolExecutorTest):
        def setUp(self):
            make_script = script_helper.make_script
            patch = mock.patch.object(script_helper, "make_script",
                                      lambda folder, name, source: make_script(folder, name, _of_ours(source)))
            patch.start()
            self.addCleanup(patch.stop)
            super().setUp()

    class AsyncIO(OursMixin, test_interpreter_pool.AsyncioTest):
        pass
