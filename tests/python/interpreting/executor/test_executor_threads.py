"""Threads and executors by the dozen: many of ours, threads that use them, threads that tasks start."""

import asyncio
import contextvars
import sys
import threading
import unittest
from concurrent import futures

import symplast

import executor_case
import executor_tasks as tasks
from executor_case import ExecutorCase


class ManyExecutors(ExecutorCase):
    def test_side_by_side(self):
        executors = [self.executor(1) for _ in range(8)]
        submitted = [executor.submit(tasks.square, n) for n in range(10) for executor in executors]
        self.assertEqual([future.result() for future in submitted], [n * n for n in range(10) for _ in executors])

    def test_started_and_ended_by_many_threads_at_once(self):
        results = []

        def use():
            for n in range(3):
                with symplast.InterpreterPoolExecutor(2) as executor:
                    results.extend(executor.map(tasks.square, range(4)))

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(results), sorted([0, 1, 4, 9] * 12))

    def test_a_worker_that_has_workers(self):
        self.assertEqual(self.executor(1).submit(tasks.squares_in_workers, 5).result(), [0, 1, 4, 9, 16])

    def test_a_worker_that_forgets_its_workers(self):
        executor = self.executor(2)
        submitted = [executor.submit(tasks.forget_executor, n) for n in range(4)]
        self.assertEqual([future.result() for future in submitted], [0, 1, 4, 9])
        executor.shutdown()

    def test_three_deep(self):
        data = symplast.freeze([1, "two"])
        self.assertIs(self.executor(1).submit(tasks.through_workers, 2, data).result(), data)

    def test_an_executor_of_an_interpreter_of_the_standard_library(self):
        from subinterpreters import Interpreter

        with Interpreter() as other:
            other.run("""
import symplast, executor_tasks as tasks
with symplast.InterpreterPoolExecutor(2) as executor:
    assert list(executor.map(tasks.square, range(20))) == [n * n for n in range(20)]
    assert executor.submit(tasks.interpreter).result() != tasks.interpreter()
forgotten = symplast.InterpreterPoolExecutor(1)
assert forgotten.submit(tasks.square, 3).result() == 9
""")


class UsedByThreads(ExecutorCase):
    def test_submit_and_result_in_many_threads(self):
        executor = self.executor(2)
        wrong = []

        def use(start):
            for n in range(start, start + 150):
                if executor.submit(tasks.square, n).result() != n * n:
                    wrong.append(n)

        threads = [threading.Thread(target=use, args=(1000 * t,)) for t in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_many_threads_wait_for_one_future(self):
        executor = self.executor(1)
        gate = self.gate()
        future = executor.submit(tasks.announce_and_wait, *gate.arguments, "once")
        results = []
        threads = [threading.Thread(target=lambda: results.append(future.result())) for _ in range(6)]
        for thread in threads:
            thread.start()
        gate.await_tasks()
        gate.open()
        for thread in threads:
            thread.join()
        self.assertEqual(results, ["once"] * 6)

    def test_the_thread_that_takes_answers_in_gives_up_waiting(self):
        # One thread waits with a timeout and takes in answers for all; when it stops, others must still get theirs.
        executor = self.executor(2)
        first, second = self.gate(), self.gate()
        one = executor.submit(tasks.announce_and_wait, *first.arguments, 1)
        two = executor.submit(tasks.announce_and_wait, *second.arguments, 2)
        first.await_tasks()
        second.await_tasks()
        results = []
        waiting = threading.Thread(target=lambda: results.append(two.result()))
        with self.assertRaises(futures.TimeoutError):
            one.result(0.02)
        waiting.start()
        with self.assertRaises(futures.TimeoutError):
            one.result(0.02)
        second.open()
        waiting.join()
        first.open()
        self.assertEqual((results, one.result()), ([2], 1))

    def test_cancelling_in_one_thread_what_another_waits_for(self):
        executor = self.executor(1)
        gate = self.gate()
        executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        outcomes = []
        queued = [executor.submit(tasks.square, n) for n in range(6)]

        def wait(future):
            try:
                outcomes.append(future.result())
            except futures.CancelledError:
                outcomes.append("cancelled")

        threads = [threading.Thread(target=wait, args=(future,)) for future in queued]
        for thread in threads:
            thread.start()
        for future in queued:
            future.cancel()
        for thread in threads:
            thread.join()
        self.assertEqual(outcomes, ["cancelled"] * 6)
        gate.open()

    def test_shutdown_while_others_submit(self):
        executor = self.executor(2)
        begun = threading.Barrier(4)
        submitted = [[] for _ in range(3)]

        def submit(mine):
            begun.wait()
            try:
                while True:
                    mine.append(executor.submit(tasks.square, 2))
            except RuntimeError:
                return

        threads = [threading.Thread(target=submit, args=(mine,)) for mine in submitted]
        for thread in threads:
            thread.start()
        begun.wait()
        executor.submit(tasks.square, 1).result()
        executor.shutdown()
        for thread in threads:
            thread.join()
        self.assertEqual({future.result() for mine in submitted for future in mine} - {4}, set())


class AsyncIO(ExecutorCase):
    def test_run_in_executor(self):
        executor = self.executor(2)

        async def main():
            loop = asyncio.get_running_loop()
            results = await asyncio.gather(*(loop.run_in_executor(executor, tasks.square, n) for n in range(100)))
            with self.assertRaises(ZeroDivisionError):
                await loop.run_in_executor(executor, divmod, 1, 0)
            return results

        self.assertEqual(asyncio.run(main()), [n * n for n in range(100)])

    def test_cancellation(self):
        executor = self.executor(1)
        gate = self.gate()

        async def main():
            loop = asyncio.get_running_loop()
            held = loop.run_in_executor(executor, tasks.announce_and_wait, *gate.arguments)
            gate.await_tasks()
            queued = [loop.run_in_executor(executor, tasks.remember, n) for n in range(3)]
            for future in queued:
                future.cancel()
            await asyncio.sleep(0)
            gate.open()
            await held

        asyncio.run(main())
        self.assertEqual(executor.submit(tasks.recall).result(), [])

    def test_context_variables_stay_here(self):
        variable = contextvars.ContextVar("variable", default=0)
        variable.set(5)
        seen = []
        future = self.executor(1).submit(tasks.square, 2)
        future.add_done_callback(lambda _: seen.append(variable.get(0)))
        self.assertEqual(future.result(), 4)
        self.assertEqual(variable.get(), 5)

    def test_a_worker_has_one_context_for_all_its_tasks(self):
        executor = self.executor(1)
        before = tasks.exchange_context(7)
        self.addCleanup(tasks.exchange_context, before)
        self.assertEqual([executor.submit(tasks.exchange_context, n).result() for n in (1, 2, 3)], [0, 1, 2])
        self.assertEqual(tasks.variable.get(), 7)


class StartedByTasks(ExecutorCase):
    def test_threads_in_a_worker(self):
        self.assertEqual(self.executor(1).submit(tasks.square_in_threads, 5).result(), [0, 1, 4, 9, 16])

    def test_a_thread_pool_in_a_worker(self):
        executor = self.executor(1)
        self.assertEqual(executor.submit(tasks.square_in_thread_pool, 5).result(), [0, 1, 4, 9, 16])

    def test_shutdown_waits_for_threads_that_tasks_left(self):
        # As the end of a program does.
        executor = self.executor(1)
        gate = self.gate()
        executor.submit(tasks.leave_thread, *gate.arguments).result()
        gate.await_tasks()
        ended = threading.Event()
        ending = threading.Thread(target=lambda: (executor.shutdown(), ended.set()))
        ending.start()
        self.assertFalse(ended.is_set())
        gate.open()
        ending.join()

    def test_a_thread_pool_that_a_task_left(self):
        executor = self.executor(1)
        gate = self.gate()
        executor.submit(tasks.leave_thread_pool, *gate.arguments).result()
        gate.await_tasks()
        gate.open()
        executor.shutdown()

    def test_a_raw_thread_that_runs_on_is_survived(self):
        # CPython has no way to wait for it: its interpreter stays until the process ends, however it ends.
        for ending in ("", "executor.shutdown()", "sys.exit(7)"):
            with self.subTest(ending):
                printed = executor_case.run(
                    f"""
                    import os, sys, symplast, executor_tasks as tasks
                    gate = os.pipe() + os.pipe()
                    executor = symplast.InterpreterPoolExecutor(1)
                    data = symplast.freeze(["x" * 100])
                    executor.submit(tasks.leave_raw_thread, gate[1], gate[2], data).result()
                    os.read(gate[0], 1)
                    print("end", flush=True)
                    {ending}
                    """,
                    expect=7 if "7" in ending else 0,
                )
                self.assertEqual(printed, "end\n")

    def test_a_raw_thread_that_has_ended_is_forgotten(self):
        printed = executor_case.run("""
            import os, symplast, executor_tasks as tasks
            gate = os.pipe() + os.pipe()
            pool = symplast.Pool()
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(tasks.freeze_and_keep, pool, ["x" * 100]).result()
                executor.submit(tasks.leave_raw_thread, gate[1], gate[2], None).result()
                os.read(gate[0], 1)
                os.write(gate[3], b"g")
                executor.submit(tasks.await_raw_thread).result()
            pool.delete()
            print(pool.stats().pending_bytes)
        """)
        self.assertEqual(printed, "0\n")
