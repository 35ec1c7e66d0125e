"""Frozen objects and pools cross by pointer, wherever they are and both ways; the memory stays as long as somebody has it."""

import functools
import threading
import unittest

import symplast

import executor_case
import executor_tasks as tasks
from executor_record import Record
from executor_case import ExecutorCase
from fixtures import new_pool


class Arguments(ExecutorCase):
    def setUp(self):
        super().setUp()
        self.pool = new_pool(self)
        self.data = self.pool.freeze({"a": [1, 2, {"b": (3, "four" * 100)}], "c": {5, 6}})

    def test_alone(self):
        executor = self.executor()
        self.assertEqual(executor.submit(id, self.data).result(), id(self.data))
        self.assertIs(executor.submit(tasks.give, self.data).result(), self.data)
        self.assertIs(executor.submit(tasks.give, self.data["a"][2]).result(), self.data["a"][2])

    def test_nested_in_anything(self):
        executor = self.executor()
        inner = self.data["a"]
        for value, get in (
            ([self.data, [inner]], lambda v: (v[0], v[1][0])),
            ((1, {"x": self.data, "y": inner}), lambda v: (v[1]["x"], v[1]["y"])),
            (Record("n", [self.data, inner]), lambda v: v.data),
            (functools.partial(tasks.give, self.data, inner), lambda v: v.args),
            (tasks.PlainError(self.data, inner), lambda v: v.args),
            (tasks.Box((self.data, inner)), lambda v: v.value),
        ):
            with self.subTest(type(value).__name__):
                back = get(executor.submit(tasks.give, value).result())
                self.assertIs(back[0], self.data)
                self.assertIs(back[1], inner)

    def test_keyword_arguments_and_the_call_itself(self):
        executor = self.executor()
        _, named = executor.submit(tasks.give, one=self.data).result()
        self.assertIs(named["one"], self.data)
        self.assertIs(executor.submit(self.data.get, "a").result(), self.data["a"])
        self.assertIs(executor.submit(functools.partial(tasks.give, self.data)).result(), self.data)

    def test_in_map_and_in_chunks(self):
        executor = self.executor()
        for size in (1, 3):
            self.assertTrue(all(back is self.data for back in executor.map(tasks.give, [self.data] * 10, chunksize=size)))
        self.assertEqual(list(executor.map(self.data.get, ["a", "c", "x"])), [self.data["a"], self.data["c"], None])

    def test_in_the_initializer(self):
        executor = self.executor(1, initializer=tasks.remember, initargs=(self.data,))
        self.assertIs(executor.submit(tasks.recall).result()[0], self.data)

    def test_the_message_does_not_grow_with_the_graph(self):
        from symplast import byvalue, transport

        large = self.pool.freeze([[n, str(n)] for n in range(50_000)])
        self.assertLess(len(transport.dumps(large, byvalue.Sender())), 100)

    def test_shared_constants(self):
        executor = self.executor()
        for value in (None, True, 7, "", (), b"", ..., frozenset()):
            self.assertEqual(executor.submit(tasks.give, value).result(), value)

    def test_pools_cross_as_handles(self):
        executor = self.executor()
        self.assertIs(executor.submit(tasks.give, self.pool).result(), self.pool)
        self.assertIs(executor.submit(tasks.give, [{"p": self.pool}]).result()[0]["p"], self.pool)
        made = executor.submit(self.pool.freeze, ["in the worker"]).result()
        self.assertEqual(made, ("in the worker",))
        self.assertIs(symplast.pool_of(made), self.pool)
        self.assertEqual(executor.submit(tasks.pool_name_of, self.data).result(), self.pool.name)


class Results(ExecutorCase):
    def test_what_a_worker_freezes_arrives_by_pointer(self):
        executor = self.executor(1)
        frozen, address = executor.submit(tasks.freeze_and_tell, {"k": [1, "two", {3}]}).result()
        self.assertEqual(id(frozen), address)
        self.assertEqual(symplast.thaw(frozen), {"k": [1, "two", {3}]})

    def test_it_stays_after_the_worker_has_ended(self):
        pool = new_pool(self)
        executor = self.executor(2)
        made = list(executor.map(pool.freeze, [[n, {"n": str(n)}] for n in range(200)]))
        executor.shutdown()
        for n, frozen in enumerate(made):
            self.assertEqual(symplast.thaw(frozen), [n, {"n": str(n)}])
            self.assertIs(symplast.pool_of(frozen), pool)

    def test_from_one_worker_to_another(self):
        first, second = self.executor(1), self.executor(1)
        frozen = first.submit(symplast.freeze, [1, [2, "three"]]).result()
        first.shutdown()
        self.assertIs(second.submit(tasks.give, frozen).result(), frozen)
        self.assertEqual(second.submit(symplast.thaw, frozen).result(), [1, [2, "three"]])

    def test_in_an_exception(self):
        data = new_pool(self).freeze({"why": ["because"]})
        error = self.executor(1).submit(tasks.fail, tasks.PlainError, data).exception()
        self.assertIs(error.args[0], data)

    def test_the_default_pool_is_one_for_all(self):
        here = symplast.freeze(["here"])
        there = self.executor(1).submit(symplast.freeze, ["there"]).result()
        self.assertIs(symplast.pool_of(here), symplast.pool_of(there))

    def test_allocating_in_a_worker(self):
        pool = new_pool(self)
        executor = self.executor(1)
        inside, outside = executor.submit(tasks.freeze_allocating, pool, ["x"]).result()
        self.assertIs(symplast.pool_of(inside), pool)
        self.assertIsNot(symplast.pool_of(outside), pool)

    def test_allocating_here_does_not_reach_the_worker(self):
        pool = new_pool(self)
        with pool.allocating():
            made = self.executor(1).submit(symplast.freeze, ["there"]).result()
        self.assertIsNot(symplast.pool_of(made), pool)

    def test_workers_freeze_at_the_same_time(self):
        pool = new_pool(self)
        data = [{"n": n, "t": ["text"] * 5} for n in range(300)]
        executor = self.executor(2)
        for frozen in executor.map(pool.freeze, [data] * 40):
            self.assertEqual(symplast.thaw(frozen), data)


class Deletion(ExecutorCase):
    def test_a_pool_deleted_while_a_task_is_queued(self):
        executor = self.executor(1)
        pool = symplast.Pool()
        data = pool.freeze(["x"])
        gate = self.gate()
        executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        queued = [executor.submit(tasks.give, value) for value in (data, [data])]
        as_handle = executor.submit(tasks.give, pool)
        pool.delete()
        gate.open()
        for future in queued:
            self.assertIsInstance(future.exception(), symplast.DeletedError)
        error = as_handle.exception()
        self.assertTrue(isinstance(error, symplast.DeletedError) or as_handle.result() is pool)

    def test_a_pool_deleted_while_a_task_has_its_data(self):
        executor = self.executor(1)
        pool = symplast.Pool()
        data = pool.freeze(["x" * 100, 2])
        gate = self.gate()
        running = executor.submit(tasks.announce_and_wait, *gate.arguments, data)
        gate.await_tasks()
        pool.delete()
        gate.open()
        self.assertIsInstance(running.exception(), symplast.DeletedError)

    def test_deleted_data_are_not_sent(self):
        executor = self.executor(1)
        pool = symplast.Pool()
        data = pool.freeze(["x"])
        pool.delete()
        for future in (executor.submit(tasks.give, data), executor.submit(tasks.give, [data])):
            self.assertIsInstance(future.exception(), symplast.DeletedError)

    def test_a_pool_deleted_by_a_worker(self):
        executor = self.executor(1)
        pool = symplast.Pool()
        data = pool.freeze(["x"])
        executor.submit(pool.delete).result()
        self.assertTrue(pool.deleted)
        with self.assertRaises(symplast.DeletedError):
            symplast.thaw(data)

    def test_memory_is_pending_until_the_workers_have_ended(self):
        # The main interpreter of the child never holds a pointer, so that the workers are the last.
        executor_case.run("""
            import symplast, executor_tasks as tasks
            pool = symplast.Pool()
            first, second = (symplast.InterpreterPoolExecutor(1) for _ in range(2))
            for executor in (first, second):
                assert executor.submit(tasks.freeze_and_keep, pool, ["x" * 1000]).result() is None
            used = pool.stats().used_bytes
            assert used >= 2000, used
            pool.delete()
            assert pool.stats().pending_bytes == used, pool.stats()
            first.shutdown()
            assert pool.stats().pending_bytes == used, pool.stats()
            assert second.submit(tasks.look_at_kept).result() == 1000
            second.shutdown()
            assert pool.stats().pending_bytes == 0, pool.stats()
        """)

    def test_pools_come_and_go_while_workers_use_them(self):
        executor = self.executor(2)
        deleted = 0
        for n in range(60):
            with symplast.Pool() as pool:
                data = pool.freeze([n, {"n": [str(n)] * 10}])
                futures = [executor.submit(tasks.give, [data, m]) for m in range(4)]
                if n % 2:
                    futures[0].result()
                else:
                    for future in futures:
                        self.assertIs(future.result()[0], data)
            for future in futures:
                error = future.exception()
                deleted += error is not None
                self.assertIsInstance(error, symplast.DeletedError | None)
        self.assertLessEqual(deleted, 60 * 3)

    def test_deletion_by_one_thread_while_others_submit(self):
        executor = self.executor(2)
        pool = symplast.Pool()
        data = pool.freeze([["x"] * 10])
        ends = []

        def submit():
            while True:
                error = executor.submit(tasks.give, data).exception()
                if error is not None:
                    ends.append(error)
                    return

        threads = [threading.Thread(target=submit) for _ in range(3)]
        for thread in threads:
            thread.start()
        pool.delete()
        for thread in threads:
            thread.join()
        self.assertEqual([type(error) for error in ends], [symplast.DeletedError] * 3)


class OtherProcesses(unittest.TestCase):
    def test_ids_mean_nothing_to_a_damaged_message(self):
        # What a plain pickle would be: refused, never followed.
        import pickle

        from symplast import transport

        for wrong in (0, 1, 2**35, 2**63, 2**64 - 1, 2**64, -1, "x", None):
            with self.assertRaises((ValueError, TypeError, OverflowError, symplast.DeletedError, pickle.UnpicklingError)):
                transport._symplast._persistent_load(wrong)
