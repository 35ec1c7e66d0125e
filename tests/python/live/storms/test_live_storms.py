"""Signals at any moment, interpreters that end, allocations that fail, pools that fill: nothing is lost, torn or left behind."""

import collections
import itertools
import os
import signal
import time
import unittest

import symplast
from symplast import AtomicInt, Dict, List, Set, SortedDict, _symplast

import child
import executor_case
import live_blocks
import storm_programs
from storm_programs import Node

WORKERS = 3


class Case(executor_case.ExecutorCase):
    """
    Each test runs in a pool of its own, and must leave no block of a live object in it but the shapes of classes, which stay for
    as long as it.
    """

    def setUp(self):
        super().setUp()
        live_blocks.collect_only_what_is_new(self)
        self.pool = symplast.Pool(self.id())
        self.addCleanup(self._check)
        allocating = self.pool.allocating()
        allocating.__enter__()
        self.addCleanup(allocating.__exit__, None, None, None)
        Node("shape", {})
        self.shapes = live_blocks.in_pool(self.pool)

    def _check(self):
        left = live_blocks.in_pool(self.pool)
        self.pool.delete()
        self.assertEqual(left, self.shapes, "blocks of live objects that were left behind")

    def shared(self):
        return Dict(counts=Dict(sum=0), order=SortedDict(), items=List(), members=Set(), node=Node("shared", {}))


class Stop(Exception):
    """What the handler raises."""


class Signals(Case):
    INTERRUPTIONS = 80

    def storm(self, operation, check):
        """
        Performs an operation again and again while signals come, so often that many interrupt it; the state must always be one of
        before or after.
        """
        interrupted = 0

        def stop(*_):
            raise Stop

        before = signal.signal(signal.SIGALRM, stop)
        try:
            for i in itertools.count():
                done = False
                try:
                    signal.setitimer(signal.ITIMER_REAL, (i % 13 + 1) * 2e-5)
                    operation(i)
                    done = True
                    self.await_signal()
                except Stop:
                    interrupted += not done
                check(i, done)
                if interrupted >= self.INTERRUPTIONS or i > 40 * self.INTERRUPTIONS:
                    return
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    @staticmethod
    def await_signal():
        """Waits for the signal.

        CPython 3.12 forgets one that comes while it takes the GIL, until the next one: so there is another after a while.
        """
        while True:
            again = time.monotonic() + 2
            while time.monotonic() < again:
                pass
            signal.setitimer(signal.ITIMER_REAL, 1e-5)

    def test_a_signal_comes_before_or_after_an_operation(self):
        d, order, items, members, node, number = Dict(), SortedDict(), List(), Set(), Node("n", {}), AtomicInt()
        seen = [0]

        def operation(i):
            d[f"key {i}"] = {"value": [i]}
            order[i] = {"value": [i]}
            items.append([i])
            members.add((i, "text"))
            symplast.add(node, "count", 1)
            number.add(1)

        def check(i, done):
            has = [f"key {i}" in d, i in order, len(items) > 0 and items[-1][0] == i, (i, "text") in members,
                   node.count > seen[0], number.value > seen[0]]
            # They are done in this order: none after one that was not.
            self.assertEqual(has, sorted(has, reverse=True))
            self.assertTrue(all(has) or not done)
            if has[0]:
                self.assertEqual(d.pop(f"key {i}")["value"][0], i)
            if has[1]:
                self.assertEqual(order.pop_last()[1]["value"][0], i)
            if has[2]:
                items.pop()
            members.discard((i, "text"))
            node.count = number.value = 0
            self.assertEqual((len(d), len(order), len(items), len(members)), (0, 0, 0, 0))

        self.storm(operation, check)

    def test_a_signal_in_a_callback_leaves_all_or_nothing(self):
        items = List(range(100))
        before = list(items)

        def operation(i):
            items.sort(key=lambda x: -x)
            items.extend(x for x in range(50))

        def check(i, done):
            after = list(items)
            self.assertIn(after, (before, before[::-1], before[::-1] + [*range(50)]))
            self.assertTrue(after[100:] or not done)
            items[:] = before

        self.storm(operation, check)

    def test_a_signal_while_others_work_on_the_same_objects(self):
        shared = self.shared()
        executor = self.executor(2)
        futures = [executor.submit(storm_programs.persist, shared, worker, 200) for worker in range(2)]
        added = [0, 0]

        def operation(i):
            shared["counts"].add("sum", 1)
            added[0] += 1
            shared["order"][f"main {i}"] = [i]
            added[1] += 1

        def check(i, done):
            shared["order"].pop(f"main {i}", None)

        self.storm(operation, check)
        self.assertEqual([future.result() for future in futures], [0, 0])
        # An interruption may come between an operation and our counting.
        self.assertLessEqual(added[0], shared["counts"]["sum"] - 400)
        self.assertEqual(len(shared["items"]), 400)
        self.assertEqual(len(shared["order"]), 2 * (200 - 67))


class Endings(Case):
    def test_what_interpreters_leave_behind_stays(self):
        shared, ended = Dict(), AtomicInt()
        users = self.executor(2)
        futures = [users.submit(storm_programs.use, shared, ended) for _ in range(2)]
        for turn in range(4):
            with symplast.InterpreterPoolExecutor(2) as short:
                for future in [short.submit(storm_programs.leave_behind, self.pool, shared, worker, turn) for worker in range(4)]:
                    future.result()
        ended.value = 1
        counted = [future.result() for future in futures]
        for one in counted:
            self.assertIsInstance(one, dict, one)
        total = sum(map(collections.Counter, counted), collections.Counter())
        self.assertEqual(set(shared), set(total))
        self.assertEqual(len(shared), 16)
        for name, node in shared.items():
            worker, turn = map(int, name.split())
            self.assertEqual((node.count, node.children["counter"].value), (worker + total[name], turn + total[name]))
            self.assertEqual(list(node.children["numbers"]), [1, 2, 3])
        # What holds itself stays until it is deleted.
        for node in list(shared.values()):
            symplast.delete(node)


class Memory(Case):
    def test_a_program_that_fails_at_any_allocation_leaves_nothing_behind(self):
        for n in itertools.count(1):
            _symplast._fail_at(n)
            error = None
            try:
                size = storm_programs.everything(self.pool)
            except MemoryError as caught:
                error = caught
            finally:
                failed = _symplast._fail_at(0)
            if error is not None:
                self.assertNotIsInstance(error, symplast.PoolFullError)
                error.__traceback__ = None
            self._expect_shapes(n)
            if not failed:
                break
        self.assertGreater(n, 200)
        self.assertEqual(storm_programs.everything(self.pool), size)
        self._expect_shapes(n)

    def test_a_program_whose_pool_is_deleted_at_any_allocation_says_so(self):
        for fails in (False, True):
            for n in itertools.count(1):
                pool = symplast.Pool("doomed")
                _symplast._delete_at(pool, n, fails)
                error = None
                try:
                    storm_programs.everything(pool)
                except symplast.DeletedError as caught:
                    error = caught
                except Exception as caught:
                    self.fail(f"{caught!r} at {n}, {fails=}")
                finally:
                    met = _symplast._fail_at(0)
                self.assertIs(pool.deleted, met, n)
                if not met:
                    pool.delete()
                    break
                # Only the last allocation of all may be followed by nothing that looks at the pool.
                self.assertTrue(error is not None and "doomed" in str(error), f"{error!r} at {n}, {fails=}")
            self.assertGreater(n, 200)

    def _expect_shapes(self, n):
        left = live_blocks.in_pool(self.pool)
        # A class that it came to for the first time is a shape more, which stays.
        self.assertLessEqual(left, self.shapes + 4, n)
        self.shapes = max(self.shapes, left)

    def test_allocations_that_fail_in_some_interpreter_cost_nothing_that_succeeded(self):
        shared, times = self.shared(), 90
        executor = self.executor(WORKERS)
        futures = [executor.submit(storm_programs.persist, shared, worker, times) for worker in range(WORKERS)]
        n = 0
        while not all(future.done() for future in futures):
            n = n % 40 + 1
            _symplast._fail_at(n)
        _symplast._fail_at(0)
        for future in futures:
            self.assertGreaterEqual(future.result(), 0)
        kept = {f"worker {worker} item {i}" for worker in range(WORKERS) for i in range(times) if i % 3}
        self.assertEqual(set(shared["counts"]), kept | {"sum"})
        self.assertEqual(list(shared["order"]), sorted(kept))
        self.assertEqual(set(shared["members"]), kept)
        self.assertEqual(sorted(shared["items"]),
                         sorted(f"worker {worker} item {i}" for worker in range(WORKERS) for i in range(times)))
        self.assertEqual((shared["counts"]["sum"], shared["node"].count), (WORKERS * times,) * 2)


class FullPools(executor_case.ExecutorCase):
    def test_a_pool_that_several_interpreters_fill_has_all_that_was_stored(self):
        executor = self.executor(WORKERS)
        with symplast.Pool("small", max_bytes=3 << 20) as pool:
            with pool.allocating():
                shared = Dict(), SortedDict(), List()
            for _ in range(2):
                futures = [executor.submit(storm_programs.fill, shared, worker) for worker in range(WORKERS)]
                stored = [future.result() for future in futures]
                self.assertGreater(sum(len(keys) for each in stored for keys in each.values()), 1000)
                # Only what needs no memory: no iteration.
                d, order, items = shared
                keys = {name: [key for each in stored for key in each[name]] for name in stored[0]}
                self.assertEqual((len(d), len(order), len(items)), (len(keys["dict"]), len(keys["order"]), len(keys["list"])))
                self.assertTrue(all(d[key]["text"] == key * 5 for key in keys["dict"]))
                self.assertTrue(all((order[key][0], order[key][1]) == (key, 2**70) for key in keys["order"]))
                self.assertEqual(sorted(items[i] for i in range(len(items))), sorted(keys["list"]))
                futures = [executor.submit(storm_programs.remove, shared, each) for each in stored]
                self.assertEqual([future.result() for future in futures], [None] * WORKERS)
                self.assertEqual((len(d), len(order), len(items)), (0, 0, 0))
            del d, order, items, shared, futures
            executor.shutdown()
            self.assertEqual(live_blocks.in_pool(pool), 0)


if os.environ.get("SYMPLAST_DEBUG") != "heap":

    class DebugHeap(unittest.TestCase):
        def test_all_of_this_under_the_debug_heap(self):
            child.run("import unittest; unittest.main(module='test_live_storms', argv=['-'])", SYMPLAST_DEBUG="heap")
