"""CPython's own tests of queues, those of the Python that runs them, against symplast.Queue and symplast.SimpleQueue."""

import gc
import pathlib
import queue
import types
import unittest

import symplast

import executor_case
import fixtures
import searchpath

try:
    from test import test_queue
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of queues: {error}")

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_shrinking_queue": "changes the size of a queue that exists; the places of ours are made with it",
    "test_is_default": "is about the name SimpleQueue in the module queue",
    "test_simplequeue_sizeof": "is about the size of a plain queue's memory",
}

_OURS = types.SimpleNamespace(
    Queue=symplast.Queue, SimpleQueue=symplast.SimpleQueue, Empty=queue.Empty, Full=queue.Full, ShutDown=symplast.ShutDown)


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


class _InAPool:
    queue = _OURS

    def setUp(self):
        if self._testMethodName in EXCLUDED:
            self.skipTest(EXCLUDED[self._testMethodName])
        executor_case.watch(self)
        allocating = fixtures.new_pool(self).allocating()
        allocating.__enter__()
        self.addCleanup(allocating.__exit__, None, None, None)
        # Before the pool is deleted: some objects of these tests use the queue when they are collected.
        self.addCleanup(gc.collect)
        super().setUp()


class QueueTest(_InAPool, test_queue.QueueTest, unittest.TestCase):
    """The tests of queue.Queue. Those of its subclasses and of LifoQueue and PriorityQueue have no counterpart."""


class SimpleQueueTest(_InAPool, test_queue.CSimpleQueueTest):
    """The tests of queue.SimpleQueue in C."""


def load_tests(loader, tests, pattern):
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in (Documentation, QueueTest, SimpleQueueTest))
