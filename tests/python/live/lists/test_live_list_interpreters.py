"""symplast.List in several interpreters at once: no operation is lost, torn or seen halfway."""

import collections
import unittest

import symplast
from symplast import List

import executor_case
import fixtures
import live_list_tasks as tasks

WORKERS = 3


class Interpreters(executor_case.ExecutorCase):
    def setUp(self):
        super().setUp()
        self.pool = fixtures.new_pool(self)
        self.workers = self.executor(WORKERS)

    def create(self, items=()):
        with self.pool.allocating():
            return List(items)

    def everywhere(self, task, *arguments):
        """
        The results of a task that all workers run at once; an argument that is a function is called with the worker's number.
        """
        futures = [self.workers.submit(task, *(each(i) if callable(each) else each for each in arguments))
                   for i in range(WORKERS)]
        return [future.result() for future in futures]

    def test_a_list_arrives_as_the_same_list(self):
        shared = self.create()
        self.everywhere(tasks.append_all, shared, lambda i: i, 1)
        self.assertEqual(sorted(shared), [(i, "item 0") for i in range(WORKERS)])

    def test_no_addition_and_no_exchange_is_lost(self):
        shared = self.create([0, 0, "between", 0])
        exchanged = self.everywhere(tasks.add_up, shared, 2000)
        self.assertEqual(shared, [2000 * WORKERS, sum(exchanged), "between", 4000 * WORKERS])

    def test_no_appended_element_is_lost(self):
        shared = self.create()
        self.everywhere(tasks.append_all, shared, lambda i: i, 2000)
        for i in range(WORKERS):
            self.assertEqual([text for worker, text in shared if worker == i], [f"item {n}" for n in range(2000)])

    def test_sorting_by_a_key_while_others_write(self):
        for reverse in (False, True):
            shared = self.create(range(100, 0, -1))
            writes = [-5, 1000, 50]

            def key(n):
                # In the middle of the sort, and done when the key is returned.
                if n == 50 and writes:
                    self.workers.submit(tasks.append_one, shared, writes.pop()).result()
                return n

            shared.sort(key=key, reverse=reverse)
            self.assertEqual(shared, sorted([*range(1, 101), -5, 1000, 50], reverse=reverse))

    def test_sorting_what_is_changed_each_time_is_an_error_that_says_so(self):
        shared = self.create([2, 1])

        def key(n):
            if n == 2:
                self.workers.submit(tasks.append_one, shared, 3).result()
            return n

        with self.assertRaisesRegex(ValueError, "list modified during sort, again and again"):
            shared.sort(key=key)
        self.assertEqual(shared[:3], [2, 1, 3])

    def test_what_is_added_together_stays_together(self):
        shared = self.create()
        self.everywhere(tasks.extend_all, shared, lambda i: i, 500)
        plain = shared.copy()
        self.assertEqual(len(plain), 2500 * WORKERS)
        for start in range(0, len(plain), 5):
            self.assertEqual(len(set(plain[start:start + 5])), 1)

    def test_each_element_is_popped_once(self):
        for first in (False, True):
            shared = self.create(f"item {i}" for i in range(2000))
            taken = self.everywhere(tasks.pop_all, shared, first)
            self.assertEqual(sorted(sum(taken, [])), sorted(f"item {i}" for i in range(2000)))
            self.assertEqual(shared, [])

    def test_each_element_is_removed_once(self):
        values = [i % 300 for i in range(900)]
        shared = self.create(values)
        removed = self.everywhere(tasks.remove_all, shared, symplast.freeze(values, default=None))
        self.assertEqual((sum(removed), len(shared)), (900, 0))

    def test_reversing_and_sorting_keep_the_elements(self):
        items = [f"item {i}" for i in range(50)]
        shared = self.create(items)
        self.everywhere(tasks.reverse_many, shared, 501)
        self.assertIn(shared.copy(), (items, items[::-1]))

    def test_what_is_always_there_is_always_found(self):
        shared = self.create(["needle", *range(39)])
        moving = self.workers.submit(tasks.reverse_many, shared, 3000)
        looking = [self.workers.submit(tasks.look, shared, 150) for _ in range(WORKERS - 1)]
        self.assertEqual([future.result() for future in looking], [0] * (WORKERS - 1))
        moving.result()

    def test_a_list_that_others_change_during_sort_loses_nothing(self):
        shared = self.create(range(20))
        self.everywhere(tasks.sort_and_grow, shared, lambda i: i, 60)
        self.assertEqual(collections.Counter(shared), collections.Counter([*range(20)] + [*range(60)] * WORKERS))

    def test_every_operation_at_once_until_the_list_is_deleted(self):
        for delete_pool in (False, True):
            pool = symplast.Pool()
            with pool.allocating():
                shared = List("abc")
            begun = self.create()
            futures = [self.workers.submit(tasks.disturb, shared, seed, 1500, begun) for seed in range(WORKERS)]
            while len(begun) < WORKERS:
                tasks.disturb(shared, WORKERS, 50, begun=[])
            if delete_pool:
                pool.delete()
            else:
                symplast.delete(shared)
            self.assertEqual([future.result() for future in futures], ["done"] * WORKERS)
            with self.assertRaises(symplast.DeletedError):
                len(shared)
            if not delete_pool:
                pool.delete()
