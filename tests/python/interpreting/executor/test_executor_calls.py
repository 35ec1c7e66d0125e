"""submit and map: what the executors of concurrent.futures do."""

import functools
import gc
import inspect
import itertools
import os
import threading
import unittest
import weakref
from concurrent import futures

import symplast

import executor_tasks as tasks
from executor_case import ExecutorCase


class Construction(ExecutorCase):
    def test_it_is_an_executor(self):
        self.assertIsInstance(self.executor(1), futures.Executor)
        self.assertIsInstance(self.executor(1).submit(abs, -1), futures.Future)

    def test_there_are_as_many_workers_as_usable_cores(self):
        executor = self.executor(None)
        usable = len(os.sched_getaffinity(0))
        gate = self.gate()
        held = [executor.submit(tasks.announce_and_wait, *gate.arguments) for _ in range(usable)]
        gate.await_tasks(usable)
        extra = executor.submit(tasks.announce_and_wait, *gate.arguments)
        self.assertFalse(extra.running())
        self.assertTrue(extra.cancel())
        gate.open(usable)
        futures.wait(held)

    def test_max_workers_must_be_a_positive_number(self):
        for wrong in (0, -1):
            with self.assertRaises(ValueError):
                symplast.InterpreterPoolExecutor(wrong)
        with self.assertRaises(TypeError):
            symplast.InterpreterPoolExecutor("two")

    def test_initializer_must_be_callable(self):
        with self.assertRaises(TypeError):
            symplast.InterpreterPoolExecutor(1, initializer="no")

    def test_nothing_starts_before_the_first_call(self):
        before = threading.active_count()
        self.executor(2)
        self.assertEqual(threading.active_count(), before)

    def test_no_more_workers_are_started_than_there_are_tasks_at_a_time(self):
        executor = self.executor(4)
        before = threading.active_count()
        for _ in range(20):
            executor.submit(abs, -1).result()
        self.assertEqual(threading.active_count() - before, 1)
        gate = self.gate()
        held = [executor.submit(tasks.announce_and_wait, *gate.arguments) for _ in range(3)]
        gate.await_tasks(3)
        self.assertEqual(threading.active_count() - before, 3)
        gate.open(3)
        futures.wait(held)

    def test_threads_are_named_after_the_prefix(self):
        executor = self.executor(1, thread_name_prefix="mills")
        executor.submit(abs, 1).result()
        self.assertIn("mills_0", [thread.name for thread in threading.enumerate()])

    def test_default_thread_names_differ_between_executors(self):
        first, second = self.executor(1), self.executor(1)
        first.submit(abs, 1).result()
        second.submit(abs, 1).result()
        names = [thread.name for thread in threading.enumerate() if thread.name.startswith("InterpreterPoolExecutor-")]
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(len(names), 2)

    def test_the_initializer_runs_once_in_each_worker(self):
        executor = self.executor(2, initializer=tasks.remember, initargs=("ready",))
        gate = self.gate()
        held = [executor.submit(tasks.announce_and_wait, *gate.arguments) for _ in range(2)]
        gate.await_tasks(2)
        gate.open(2)
        futures.wait(held)
        for _ in range(6):
            self.assertEqual(executor.submit(tasks.recall).result(), ["ready"])

    def test_initargs_may_be_any_iterable(self):
        executor = self.executor(1, initializer=tasks.remember, initargs=iter(["x"]))
        self.assertEqual(executor.submit(tasks.recall).result(), ["x"])

    def test_an_initializer_that_cannot_be_pickled_is_refused_at_once(self):
        with self.assertRaises(ValueError):
            symplast.InterpreterPoolExecutor(1, initializer=tasks.give, initargs=(tasks.Refuses(),))


class Submit(ExecutorCase):
    def test_arguments_and_results_arrive(self):
        executor = self.executor()
        self.assertEqual(executor.submit(tasks.give, 1, "two", key=[3]).result(), ((1, "two"), {"key": [3]}))
        self.assertEqual(executor.submit(tasks.give, tasks.Box({1: (2,)})).result(), tasks.Box({1: (2,)}))
        self.assertIsNone(executor.submit(tasks.give, None).result())

    def test_parameters_named_like_those_of_submit(self):
        executor = self.executor()
        self.assertEqual(executor.submit(tasks.give, self=1, fn=2).result(), ((), {"self": 1, "fn": 2}))
        with self.assertRaises(TypeError):
            executor.submit(fn=tasks.give)

    def test_all_kinds_of_callables(self):
        executor = self.executor()
        for call, arguments, expected in (
            (functools.partial(tasks.add, 1, y=2), (), 3),
            (tasks.Box(7).get, (), 7),
            (tasks.Box, (5,), tasks.Box(5)),
            ("abc".upper, (), "ABC"),
            (str.upper, ("x",), "X"),
            (int, (), 0),
        ):
            self.assertEqual(executor.submit(call, *arguments).result(), expected)

    def test_calls_run_in_other_interpreters(self):
        executor = self.executor(2)
        gate = self.gate()
        held = [executor.submit(tasks.announce_and_wait, *gate.arguments) for _ in range(2)]
        gate.await_tasks(2)
        gate.open(2)
        futures.wait(held)
        seen = {executor.submit(tasks.interpreter).result() for _ in range(20)}
        self.assertNotIn(tasks.interpreter(), seen)
        self.assertLessEqual(len(seen), 2)

    def test_tasks_are_begun_in_order(self):
        executor = self.executor(1)
        results = [executor.submit(tasks.remember, n) for n in range(50)]
        self.assertEqual(executor.submit(tasks.recall).result(), list(range(50)))
        self.assertTrue(all(future.done() for future in results))

    def test_states_of_a_future(self):
        executor = self.executor(1)
        gate = self.gate()
        running = executor.submit(tasks.announce_and_wait, *gate.arguments, 5)
        waiting = executor.submit(tasks.give, 6)
        gate.await_tasks()
        self.assertTrue(running.running())
        self.assertFalse(running.cancel())
        self.assertFalse(running.done())
        self.assertFalse(waiting.running())
        self.assertFalse(waiting.done())
        gate.open()
        self.assertEqual((running.result(), waiting.result()), (5, 6))
        self.assertFalse(running.running())
        self.assertFalse(running.cancel())
        self.assertTrue(running.done() and waiting.done())

    def test_a_cancelled_task_never_runs(self):
        executor = self.executor(1)
        gate = self.gate()
        executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        doomed = [executor.submit(tasks.remember, n) for n in range(100)]
        for future in doomed[::2]:
            self.assertTrue(future.cancel())
            self.assertTrue(future.cancel())
            self.assertTrue(future.cancelled())
            with self.assertRaises(futures.CancelledError):
                future.result()
        gate.open()
        self.assertEqual(executor.submit(tasks.recall).result(), list(range(1, 100, 2)))

    def test_result_times_out(self):
        executor = self.executor(1)
        gate = self.gate()
        future = executor.submit(tasks.announce_and_wait, *gate.arguments, 1)
        gate.await_tasks()
        for timeout in (0, -1, 0.001, float("-inf")):
            with self.assertRaises(futures.TimeoutError):
                future.result(timeout)
            with self.assertRaises(futures.TimeoutError):
                future.exception(timeout)
        gate.open()
        self.assertEqual(future.result(1e10), 1)
        self.assertIsNone(future.exception(0))

    def test_wait_and_as_completed(self):
        executor = self.executor(2)
        gate = self.gate()
        held = executor.submit(tasks.announce_and_wait, *gate.arguments)
        quick = executor.submit(tasks.give, 1)
        done, pending = futures.wait([held, quick], return_when=futures.FIRST_COMPLETED)
        self.assertEqual((done, pending), ({quick}, {held}))
        gate.open()
        self.assertEqual(set(futures.as_completed([held, quick])), {held, quick})

    def test_many_tasks(self):
        executor = self.executor(2)
        submitted = [executor.submit(tasks.square, n) for n in range(3000)]
        self.assertEqual(sum(future.result() for future in futures.as_completed(submitted)), sum(n * n for n in range(3000)))


class Map(ExecutorCase):
    def test_results_come_in_order(self):
        executor = self.executor()
        self.assertEqual(list(executor.map(tasks.square, range(200))), [n * n for n in range(200)])

    def test_the_shortest_iterable_ends_it(self):
        executor = self.executor()
        self.assertEqual(list(executor.map(tasks.add, range(3), itertools.count(10))), [10, 12, 14])
        self.assertEqual(list(executor.map(tasks.add, [])), [])

    def test_every_chunk_size(self):
        executor = self.executor()
        expected = list(map(tasks.add, range(23), range(23)))
        for size in (1, 2, 5, 22, 23, 24, 1000):
            self.assertEqual(list(executor.map(tasks.add, range(23), range(23), chunksize=size)), expected)

    def test_chunk_size_must_be_positive(self):
        for wrong in (0, -3):
            with self.assertRaises(ValueError):
                self.executor().map(tasks.square, [1], chunksize=wrong)

    def test_a_chunk_is_one_task(self):
        executor = self.executor(4)
        self.assertEqual(len(set(executor.map(tasks.interpreter_of, range(10), chunksize=10))), 1)

    def test_tasks_are_submitted_before_the_first_result_is_asked_for(self):
        executor = self.executor(1)
        gate = self.gate()
        executor.map(tasks.announce_and_wait, [gate.arguments[0]], [gate.arguments[1]])
        gate.await_tasks()
        gate.open()

    def test_results_are_handed_out_one_by_one(self):
        executor = self.executor(1)
        gate = self.gate()
        results = executor.map(tasks.announce_and_wait, [gate.arguments[0]] * 2, [gate.arguments[1]] * 2, "ab")
        gate.await_tasks()
        gate.open()
        self.assertEqual(next(results), "a")
        gate.await_tasks()
        gate.open()
        self.assertEqual(list(results), ["b"])

    def test_an_exception_comes_in_its_turn(self):
        executor = self.executor()
        results = executor.map(divmod, [1, 2, 3, 4], [1, 1, 0, 1])
        self.assertEqual(next(results), (1, 0))
        self.assertEqual(next(results), (2, 0))
        with self.assertRaises(ZeroDivisionError):
            next(results)
        self.assertEqual(list(results), [])

    def test_a_timeout_cancels_the_rest(self):
        for size in (1, 2):
            with self.subTest(chunksize=size):
                executor = self.executor(1)
                gate = self.gate()
                held = executor.submit(tasks.announce_and_wait, *gate.arguments)
                gate.await_tasks()
                results = executor.map(tasks.remember, range(6), timeout=0.01, chunksize=size)
                with self.assertRaises(futures.TimeoutError):
                    next(results)
                gate.open()
                held.result()
                self.assertEqual(executor.submit(tasks.recall).result(), [])

    def test_results_nobody_asks_for_are_computed_all_the_same(self):
        executor = self.executor(1)
        gate = self.gate()
        held = executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        results = executor.map(tasks.remember, range(6))
        results.close()
        gate.open()
        held.result()
        # A generator that was not begun has nothing to clean up: as in the standard library, the tasks run.
        self.assertEqual(executor.submit(tasks.recall).result(), list(range(6)))

    def test_buffersize_bounds_what_is_taken_from_the_iterable(self):
        executor = self.executor()
        source = iter(range(20))
        results = executor.map(tasks.square, source, buffersize=3)
        self.assertEqual(next(source), 3)
        self.assertEqual(list(results), [n * n for n in range(20) if n != 3])
        self.assertEqual(list(executor.map(tasks.square, range(20), buffersize=2, chunksize=3)), [n * n for n in range(20)])

    def test_endless_iterables(self):
        executor = self.executor()
        for options in ({}, {"chunksize": 4}):
            results = executor.map(pow, itertools.count(), itertools.repeat(2), buffersize=2, **options)
            self.assertEqual([next(results) for _ in range(30)], [n * n for n in range(30)])
            results.close()

    def test_each_result_that_is_taken_lets_one_more_task_in(self):
        executor = self.executor()
        for size, chunksize in ((1, 1), (3, 1), (2, 3)):
            taken = []
            results = executor.map(tasks.give, (taken.append(n) or n for n in range(20)), buffersize=size, chunksize=chunksize)
            self.assertEqual(len(taken), size * chunksize)
            for n in range(4 * chunksize):
                self.assertEqual(next(results), n)
                self.assertEqual(len(taken), min(20, (size + n // chunksize + 1) * chunksize))
            results.close()

    def test_wrong_buffersizes(self):
        for wrong, kind in ((0, ValueError), (-1, ValueError), (1.5, TypeError), ("1", TypeError)):
            with self.assertRaises(kind):
                self.executor().map(tasks.square, [1], buffersize=wrong)

    def test_a_buffered_map_does_not_keep_the_executor(self):
        executor = symplast.InterpreterPoolExecutor(1)
        results = executor.map(tasks.square, itertools.count(), buffersize=2)
        self.assertEqual(next(results), 0)
        alive = weakref.ref(executor)
        del executor
        gc.collect()
        self.assertIsNone(alive())
        # What had been submitted is finished, and no more.
        self.assertEqual(list(results), [1, 4])

    def test_an_iterable_that_raises(self):
        def source():
            yield 1
            raise LookupError

        with self.assertRaises(LookupError):
            self.executor().map(tasks.square, source())
        results = self.executor().map(tasks.square, source(), buffersize=1)
        with self.assertRaises(LookupError):
            list(results)

    def test_help_and_signatures(self):
        for method in (symplast.InterpreterPoolExecutor.__init__, symplast.InterpreterPoolExecutor.submit,
                       symplast.InterpreterPoolExecutor.map):
            self.assertNotIn("ThreadPool", method.__doc__)
        self.assertEqual(
            str(inspect.signature(symplast.InterpreterPoolExecutor)),
            "(max_workers=None, thread_name_prefix='', initializer=None, initargs=(), *, extensions=None, libraries=None, "
            "max_tasks_per_child=None, preload=(), forward_logging=False)",
        )
        for name in symplast.__all__:
            if name == "__version__":
                continue
            public = getattr(symplast, name)
            with self.subTest(name):
                self.assertTrue(public.__doc__ and "ThreadPool" not in public.__doc__)
                if isinstance(public, type) and issubclass(public, BaseException):
                    continue
                inspect.signature(public)
                for key, method in vars(public).items() if isinstance(public, type) and not issubclass(public, tuple) else ():
                    if callable(method) and not key.startswith("_"):
                        self.assertTrue(inspect.getdoc(getattr(public, key)), key)
                        inspect.signature(getattr(public, key))
