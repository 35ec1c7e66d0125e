"""CPython's own tests of the threading module's locks, those of the Python that runs them, against ours."""

import pathlib
import unittest
from unittest import mock

import symplast

import executor_case
import searchpath

try:
    from test import lock_tests
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of locks: {error}")

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "Condition.test_nan_timeout": "looks at the list of waiters inside a threading.Condition; test_live_conditions has NaN",
    "Event.test_at_fork_reinit": "is about the Condition inside a threading.Event; ours has none",
    "RLock.test_locked_with_2threads": "expects that an RLock stays locked when its thread has ended; here it is abandoned then",
}


class OursMixin:
    def setUp(self):
        name = f"{type(self).__name__}.{self._testMethodName}"
        if name in EXCLUDED:
            self.skipTest(EXCLUDED[name])
        executor_case.watch(self)
        super().setUp()


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


class Lock(OursMixin, lock_tests.LockTests):
    locktype = symplast.Lock


class RLock(OursMixin, lock_tests.RLockTests):
    locktype = symplast.RLock


class Event(OursMixin, lock_tests.EventTests):
    eventtype = symplast.Event


class Semaphore(OursMixin, lock_tests.SemaphoreTests):
    semtype = symplast.Semaphore


class BoundedSemaphore(OursMixin, lock_tests.BoundedSemaphoreTests):
    semtype = symplast.BoundedSemaphore


class Condition(OursMixin, lock_tests.ConditionTests):
    condtype = symplast.Condition

    def test_acquire(self):
        with mock.patch.object(lock_tests.threading, "Lock", symplast.Lock):
            super().test_acquire()


class Barrier(OursMixin, lock_tests.BarrierTests):
    barriertype = symplast.Barrier
