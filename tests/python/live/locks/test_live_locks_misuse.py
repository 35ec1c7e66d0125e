"""Locks and their like where memory runs out, where code is wrong, and where they are killed at random."""

import inspect
import itertools
import random
import threading
import unittest

import symplast
from symplast import _symplast

import executor_case
import live_blocks
import lock_waits

MAKE = {
    "Lock": symplast.Lock,
    "RLock": symplast.RLock,
    "Event": symplast.Event,
    "Condition": symplast.Condition,
    "Condition of a Lock": lambda: symplast.Condition(symplast.Lock()),
    "Semaphore": lambda: symplast.Semaphore(3),
    "BoundedSemaphore": lambda: symplast.BoundedSemaphore(3),
    "Barrier": lambda: symplast.Barrier(3),
    "Barrier with an action": lambda: symplast.Barrier(3, threading.get_ident),
}


class Memory(live_blocks.NothingLeftMixin, unittest.TestCase):
    def test_failing_allocations(self):
        for name, make in MAKE.items():
            for n in itertools.count(1):
                _symplast._fail_at(n)
                try:
                    made = make()
                except MemoryError:
                    made = None
                finally:
                    failed = _symplast._fail_at(0)
                self.assertEqual(made is None, failed, name)
                del made
                if not failed:
                    break
            self.assertGreater(n, 1, name)

    def test_a_full_pool(self):
        with symplast.Pool("full", max_bytes=1 << 20) as full, full.allocating():
            kept = []
            with self.assertRaises(symplast.PoolFullError):
                while True:
                    kept.append(symplast.Lock())
            # Waiting needs no memory of the pool.
            lock = kept[0]
            lock.acquire()
            waiter = lock_waits.Waiter(lock.acquire)
            waiter.await_sleep()
            lock.release()
            self.assertTrue(waiter.end())

    def test_nothing_is_left_of_those_that_were_used(self):
        for make in MAKE.values():
            shared = symplast.List([make()])
            del shared


class Misuse(executor_case.ExecutorCase):
    def test_signatures(self):
        for name, make in MAKE.items():
            shared = make()
            for method in ("acquire", "release", "wait", "wait_for", "notify", "notify_all", "locked", "set", "clear", "is_set"):
                ours = getattr(type(shared), method, None)
                theirs = getattr(getattr(threading, type(shared).__name__, None), method, None)
                if ours is None or not inspect.isfunction(theirs):
                    continue
                self.assertEqual(list(inspect.signature(ours).parameters), list(inspect.signature(theirs).parameters), name)

    def test_another_interpreter_has_the_same_object(self):
        executor = self.executor(1)
        for make in MAKE.values():
            shared = make()
            self.assertIs(executor.submit(lock_waits.same, shared).result(), shared)

    def test_no_plain_form(self):
        for make in MAKE.values():
            shared = make()
            for call in (symplast.freeze, symplast.thaw):
                with self.assertRaises(TypeError):
                    call(shared)

    def test_workers_that_end_at_random_lose_and_double_nothing(self):
        """Workers hold the lock when they end, or not; whoever comes next repairs what they left half done."""
        choices = random.Random(5)
        lock, place = symplast.Lock(), symplast.Dict(begun=0, ended=0)
        total = 0
        for _ in range(6):
            helper = lock_waits.Waiter(lock_waits.account, lock, place, 20, False)
            with symplast.InterpreterPoolExecutor(1) as executor:
                total += executor.submit(lock_waits.account, lock, place, choices.randrange(50)).result()
            total += helper.end()
        lock_waits.account(lock, place, 0, forgets=False)
        self.assertEqual(place["begun"], place["ended"])
        self.assertEqual(place["begun"], total)


if __name__ == "__main__":
    unittest.main()
