"""CPython's own tests of the queues of interpreters, those of the Python that runs them, against interpreters.create_queue()."""

import pathlib
import types
import unittest
from unittest import mock

from symplast import interpreters

import executor_case
import searchpath

try:
    from test.test_interpreters import test_queues
except ImportError as error:
    raise unittest.SkipTest(f"this Python was installed without its own tests of interpreters: {error}")

_IDS = "is about the numbers of queues; a symplast.Queue is passed itself"
_LEFT = "is about elements whose interpreter has ended; in a symplast.Queue they stay"
_MORE = "expects that few types can be put; here all that pickle carries can"
_PLAIN = "looks into Python code; test_live_queue has timeouts"

# What is not run, and why. docs/compatibility.md has the same table.
EXCLUDED = {
    "test_custom_id": _IDS,
    "test_hashable": _IDS,
    "test_id_type": _IDS,
    "test_shareable": _IDS,
    "test_put_get_different_interpreters": _IDS,
    "test_put_cleared_with_subinterpreter": _LEFT,
    "test_put_cleared_with_subinterpreter_mixed": _LEFT,
    "test_put_cleared_with_subinterpreter_multiple": _LEFT,
    "test_put_get_default_syncobj": _MORE,
    "test_put_syncobj": _MORE,
    "test_timeout_uses_monotonic_clock": _PLAIN,
}


class Syncobj:
    """A queue with the arguments that put() had in 3.13: syncobj= chose whether to pickle."""

    def __init__(self, queue):
        self._queue = queue

    def put(self, obj, timeout=None, *, syncobj=None):
        self._queue.put(obj, timeout=timeout)

    def put_nowait(self, obj, *, syncobj=None):
        self._queue.put_nowait(obj)

    def get(self, timeout=None):
        return self._queue.get(timeout=timeout)

    def __getattr__(self, name):
        return getattr(self._queue, name)


def create(maxsize=0, *, syncobj=None):
    return Syncobj(interpreters.create_queue(maxsize))


class OursMixin:
    """Puts our queues in place of the standard library's."""

    def setUp(self):
        if self._testMethodName in EXCLUDED:
            self.skipTest(EXCLUDED[self._testMethodName])
        executor_case.watch(self)
        ours = types.SimpleNamespace(create=self.create, Queue=interpreters.Queue, QueueEmpty=interpreters.QueueEmpty,
                                     QueueFull=interpreters.QueueFull)
        patch = mock.patch.object(test_queues, "queues", ours)
        patch.start()
        self.addCleanup(patch.stop)
        super().setUp()


class Queues(OursMixin, test_queues.QueueTests):
    create = staticmethod(interpreters.create_queue)


class QueueOperations(OursMixin, test_queues.TestQueueOps):
    create = staticmethod(create if hasattr(test_queues.TestQueueOps, "test_put_syncobj") else interpreters.create_queue)


class Documentation(unittest.TestCase):
    def test_the_page_on_compatibility_names_what_is_not_run(self):
        page = pathlib.Path(searchpath.ROOT, "docs", "compatibility.md").read_text()
        for name in EXCLUDED:
            self.assertIn(f"`{name}`", page)


if __name__ == "__main__":
    unittest.main()
