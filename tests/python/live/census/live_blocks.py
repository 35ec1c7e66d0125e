"""How many blocks of live objects pools hold, for tests that nothing is left behind."""

import gc

import symplast
from symplast import _symplast


def in_pool(pool):
    """The number of blocks; exact while nobody else uses the pool."""
    gc.collect()
    return _symplast._live_blocks(pool)


def collect_only_what_is_new(test):
    """
    Until the end of a test no collection looks at what is there now: what the tests before it left would make each of thousands
    slow.
    """
    gc.freeze()
    test.addCleanup(gc.unfreeze)


class NothingLeftMixin:
    """Each test runs in a pool of its own, self.pool, and must leave no block of a live object in it."""

    def setUp(self):
        super().setUp()
        collect_only_what_is_new(self)
        self.pool = symplast.Pool(self.id())
        allocating = self.pool.allocating()
        allocating.__enter__()
        self.addCleanup(self._check)
        self.addCleanup(allocating.__exit__, None, None, None)

    def _check(self):
        if not self.pool.deleted:
            left = in_pool(self.pool)
            self.pool.delete()
            self.assertEqual(left, 0, "blocks of live objects that were left behind")
