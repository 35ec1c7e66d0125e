"""future.interrupt(): it ends the task that is meant, wherever Python code runs, and no other one."""

import asyncio
import concurrent.futures
import os
import random
import threading
import time
from unittest import mock

import symplast

import interrupt_tasks as tasks
from executor_case import ExecutorCase


class InterruptCase(ExecutorCase):
    def begin(self, executor, task, *args):
        """Submits a task that announces itself, and returns when it has."""
        announced, announce = os.pipe()
        self.addCleanup(os.close, announced)
        self.addCleanup(os.close, announce)
        future = executor.submit(task, announce, *args)
        os.read(announced, 1)
        self.announced = announced
        return future

    def interrupted(self, future):
        """The cause of the future's cancellation."""
        with self.assertRaises(concurrent.futures.CancelledError) as caught:
            future.result(30)
        self.assertTrue(future.cancelled() and future.done() and not future.running())
        self.assertIsInstance(caught.exception.__cause__, symplast.TaskInterrupted)
        return caught.exception.__cause__


class ARunningTask(InterruptCase):
    def test_that_computes(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.spin)
        self.assertTrue(future.interrupt())
        self.interrupted(future)
        self.assertEqual(executor.submit(abs, -1).result(), 1)

    def test_that_sleeps(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.sleep)
        begun = time.monotonic()
        self.assertTrue(future.interrupt())
        self.interrupted(future)
        self.assertLess(time.monotonic() - begun, 30)

    def test_that_sleeps_beside_a_thread_that_computes(self):
        future = self.begin(self.executor(1), tasks.sleep_beside_a_thread)
        self.assertTrue(future.interrupt())
        self.interrupted(future)

    def test_that_waits_for_a_worker_of_its_own(self):
        future = self.begin(self.executor(1), tasks.nested)
        self.assertTrue(future.interrupt())
        self.interrupted(future)

    def test_the_traceback_of_the_worker_is_kept(self):
        future = self.begin(self.executor(1), tasks.spin)
        future.interrupt()
        self.assertIn("in spin", str(self.interrupted(future).__cause__))

    def test_clauses_of_the_task_run(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.spin_and_note)
        future.interrupt()
        self.interrupted(future)
        self.assertEqual(executor.submit(tasks.notes).result(), ["finally", "except TaskInterrupted"])

    def test_that_catches_it_ends_as_it_likes(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.catch, "value")
        self.assertTrue(future.interrupt())
        self.assertEqual(future.result(), "value")
        self.assertFalse(future.cancelled())

    def test_that_fails_while_it_cleans_up(self):
        future = self.begin(self.executor(1), tasks.fail_meanwhile)
        future.interrupt()
        with self.assertRaisesRegex(LookupError, "while cleaning up"):
            future.result()

    def test_several_times(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.catch_and_go_on, 5)
        for _ in range(4):
            self.assertTrue(future.interrupt())
            os.read(self.announced, 1)
        self.assertTrue(future.interrupt())
        self.assertEqual(future.result(), 5)

    def test_in_c_code_it_is_raised_afterwards(self):
        executor = self.executor(1)
        gate = self.gate()
        future = self.begin(executor, tasks.wait_in_c, gate.arguments[1])
        self.assertTrue(future.interrupt())
        with self.assertRaises(TimeoutError):
            future.result(0.05)
        gate.open()
        self.interrupted(future)

    def test_that_waits_for_a_lock_gets_it_afterwards(self):
        future = self.begin(self.executor(1), tasks.wait_for_lock, 0.3)
        self.assertTrue(future.interrupt())
        self.interrupted(future)

    def test_by_many_threads_at_once(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.spin)
        threads = [threading.Thread(target=future.interrupt) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.interrupted(future)
        self.assertEqual([executor.submit(tasks.short, n).result() for n in range(100)], list(range(100)))


class NoRunningTask(InterruptCase):
    def test_a_queued_task_is_cancelled(self):
        executor = self.executor(1)
        running = self.begin(executor, tasks.spin)
        queued = executor.submit(abs, 1)
        self.assertTrue(queued.interrupt())
        self.assertTrue(queued.cancelled())
        running.interrupt()
        self.interrupted(running)

    def test_a_task_that_has_ended_cannot_be_interrupted(self):
        executor = self.executor(1)
        future = executor.submit(abs, -2)
        self.assertEqual(future.result(), 2)
        self.assertFalse(future.interrupt())
        self.assertEqual((future.result(), future.cancelled()), (2, False))

    def test_a_task_that_was_never_sent(self):
        future = self.executor(1).submit(abs, threading.Lock())
        self.assertFalse(future.interrupt())

    def test_cancel_leaves_a_running_task_alone(self):
        future = self.begin(self.executor(1), tasks.catch, "value")
        self.assertFalse(future.cancel())
        self.assertTrue(future.running())
        future.interrupt()
        self.assertEqual(future.result(), "value")

    def test_a_task_that_raises_the_exception_itself(self):
        future = self.executor(1).submit(raise_interrupted)
        with self.assertRaisesRegex(symplast.TaskInterrupted, "mine"):
            future.result()


def raise_interrupted():
    raise symplast.TaskInterrupted("mine")


class Others(InterruptCase):
    def test_the_exception_is_no_error_that_handlers_of_errors_swallow(self):
        self.assertTrue(issubclass(symplast.TaskInterrupted, BaseException))
        self.assertFalse(issubclass(symplast.TaskInterrupted, Exception))

    def test_only_the_task_that_is_meant(self):
        # Short tasks are interrupted just when they end: each future is cancelled or has its own result, and a task that was not
        # interrupted always has its result.
        executor = self.executor(2)
        chance = random.Random(1)
        for _ in range(150):
            futures = [executor.submit(tasks.short, n) for n in range(20)]
            meant = set(chance.sample(range(20), 7))
            for n in meant:
                if chance.random() < 0.5:
                    concurrent.futures.wait([futures[max(0, n - 2)]])
                futures[n].interrupt()
            for n, future in enumerate(futures):
                if n not in meant:
                    self.assertEqual(future.result(), n)
                else:
                    try:
                        self.assertEqual(future.result(), n)
                    except concurrent.futures.CancelledError:
                        pass

    def test_wait_and_as_completed_see_the_end(self):
        executor = self.executor(2)
        one, two = self.begin(executor, tasks.spin), self.begin(executor, tasks.sleep)
        threading.Timer(0.05, lambda: (one.interrupt(), two.interrupt())).start()
        done = set(concurrent.futures.as_completed([one, two]))
        self.assertEqual(done, {one, two})

    def test_callbacks_run(self):
        called = threading.Event()
        future = self.begin(self.executor(1), tasks.spin)
        future.add_done_callback(lambda ended: called.set() if ended.cancelled() else None)
        future.interrupt()
        self.assertTrue(called.wait(30))

    def test_asyncio(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.spin)

        async def main():
            with self.assertRaises(asyncio.CancelledError):
                waiting = asyncio.wrap_future(future)
                asyncio.get_running_loop().call_soon(future.interrupt)
                await waiting

        asyncio.run(main())

    def test_awaited_calls(self):
        executor = self.executor(1)
        announced, announce = os.pipe()
        self.addCleanup(os.close, announced)
        self.addCleanup(os.close, announce)

        async def main():
            self.assertEqual(await executor.run(int, "11", base=2), 3)
            self.assertEqual(await executor.with_options(timeout=60).run(abs, -1), 1)
            with self.assertRaises(ZeroDivisionError):
                await executor.run(divmod, 1, 0)
            with self.assertRaises(TimeoutError):
                await executor.with_options(timeout=0.05).run(tasks.spin, announce)
            os.read(announced, 1)
            # Cancelled while it runs, and while it is queued.
            running = asyncio.create_task(executor.run(tasks.spin, announce))
            await asyncio.to_thread(os.read, announced, 1)
            queued = asyncio.create_task(executor.run(tasks.spin, announce))
            await asyncio.sleep(0)
            for task in (queued, running):
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
            self.assertEqual(await executor.run(abs, -2), 2)
            # The other way round.
            futures, submit = [], executor.submit
            with mock.patch.object(executor, "submit", lambda *args: futures.append(submit(*args)) or futures[0]):
                running = asyncio.create_task(executor.run(tasks.spin, announce))
                await asyncio.to_thread(os.read, announced, 1)
                futures[0].interrupt()
                with self.assertRaises(asyncio.CancelledError):
                    await running
            async with asyncio.timeout(30):
                self.assertEqual(await asyncio.gather(*(executor.run(abs, n) for n in range(20))), list(range(20)))

        asyncio.run(main())


class Limits(InterruptCase):
    def limited(self, executor, timeout, task, *args):
        announced, announce = os.pipe()
        self.addCleanup(os.close, announced)
        self.addCleanup(os.close, announce)
        return executor.with_options(timeout=timeout).submit(task, announce, *args)

    def test_a_task_that_runs_too_long(self):
        executor = self.executor(1)
        for task in (tasks.spin, tasks.sleep, tasks.sleep_beside_a_thread):
            with self.subTest(task.__name__):
                future = self.limited(executor, 0.05, task)
                with self.assertRaisesRegex(TimeoutError, "0.05 seconds") as caught:
                    future.result(30)
                self.assertIsInstance(caught.exception.__cause__, symplast.TaskInterrupted)
                self.assertFalse(future.cancelled())
        self.assertEqual(executor.submit(abs, -1).result(), 1)

    def test_a_task_that_is_fast_enough(self):
        limited = self.executor(1).with_options(timeout=60)
        self.assertEqual([limited.submit(tasks.short, n).result() for n in range(100)], list(range(100)))

    def test_the_time_in_the_queue_does_not_count(self):
        executor = self.executor(1)
        gate = self.gate()
        from executor_tasks import announce_and_wait

        first = executor.submit(announce_and_wait, *gate.arguments)
        gate.await_tasks()
        second = executor.with_options(timeout=0.2).submit(abs, -5)
        with self.assertRaises(TimeoutError):
            second.result(0.3)
        gate.open()
        self.assertEqual((second.result(), first.result()), (5, None))

    def test_a_task_that_catches_it_ends_as_it_likes(self):
        self.assertEqual(self.limited(self.executor(1), 0.05, tasks.catch, "value").result(), "value")

    def test_an_interrupt_of_a_limited_task(self):
        executor = self.executor(1)
        announced, announce = os.pipe()
        future = executor.with_options(timeout=60).submit(tasks.spin, announce)
        os.read(announced, 1)
        future.interrupt()
        self.interrupted(future)

    def test_each_task_has_its_own(self):
        executor = self.executor(2)
        long = self.limited(executor, 60, tasks.sleep, 0.2)
        short = self.limited(executor, 0.02, tasks.sleep)
        with self.assertRaises(TimeoutError):
            short.result(30)
        self.assertEqual(long.result(), "slept")

    def test_the_next_task_is_not_hit(self):
        executor = self.executor(1)
        limited = executor.with_options(timeout=0.001)
        for n in range(300):
            try:
                self.assertEqual(limited.submit(tasks.short, n).result(), n)
            except TimeoutError:
                pass
            self.assertEqual(executor.submit(tasks.short, n).result(), n)

    def test_map_and_the_rest(self):
        limited = self.executor(2).with_options(timeout=0.05)
        self.assertEqual(list(limited.map(abs, [-1, -2], chunksize=2)), [1, 2])
        self.assertEqual(sorted(limited.imap_unordered(abs, [-1, -2])), [1, 2])
        self.assertEqual(list(limited.starmap(pow, [(2, 3), (3, 2)])), [8, 9])
        for results in (limited.map(time.sleep, [60]), limited.imap_unordered(time.sleep, [60]),
                        limited.starmap(time.sleep, [(60,)])):
            with self.assertRaises(TimeoutError):
                next(results)

    def test_map_with_a_buffer(self):
        limited = self.executor(2).with_options(timeout=60)
        self.assertEqual(list(limited.map(abs, range(-9, 0), buffersize=2)), list(range(9, 0, -1)))

    def test_arguments_named_as_options(self):
        limited = self.executor(1).with_options(timeout=60)
        self.assertEqual(limited.submit(dict, timeout=1, fn=2).result(), {"timeout": 1, "fn": 2})

    def test_no_limit(self):
        for timeout in (None, float("inf"), 10**12):
            self.assertEqual(self.executor(1).with_options(timeout=timeout).submit(abs, -1).result(), 1)

    def test_wrong_limits(self):
        executor = self.executor(1)
        for timeout in (0, -1, float("nan")):
            with self.assertRaises(ValueError):
                executor.with_options(timeout=timeout)
        for timeout in ("1", [], 1j):
            with self.assertRaises(TypeError):
                executor.with_options(timeout=timeout)

    def test_shutdown(self):
        executor = self.executor(1)
        with executor.with_options(timeout=1) as limited:
            self.assertEqual(limited.submit(abs, -1).result(), 1)
        with self.assertRaises(RuntimeError):
            executor.submit(abs, 1)
