"""stats() and preload=."""

import sys
import threading
import time

import symplast

import executor_tasks as tasks
from executor_case import ExecutorCase


def loaded(name):
    return name in sys.modules


class Stats(ExecutorCase):
    def test_before_the_first_task(self):
        self.assertEqual(self.executor(2).stats(), (0, 0, 0, 0, {}))

    def test_tasks_in_each_state(self):
        executor = self.executor(1, thread_name_prefix="counted")
        gate = self.gate()
        executor.submit(abs, 1).result()
        executor.submit(tasks.fail, ValueError, 1).exception()
        running = executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        queued = [executor.submit(abs, 1) for _ in range(3)]
        queued[0].cancel()
        stats = executor.stats()
        self.assertEqual((stats.workers, stats.queued, stats.running, stats.done), (1, 2, 1, 2))
        self.assertEqual(list(stats.busy_seconds), ["counted_0"])
        gate.open()
        running.result()
        executor.shutdown()
        stats = executor.stats()
        self.assertEqual((stats.workers, stats.queued, stats.running, stats.done), (0, 0, 0, 5))

    def test_the_time_of_a_running_task_counts(self):
        executor = self.executor(1)
        gate = self.gate()
        running = executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        first = sum(executor.stats().busy_seconds.values())
        with self.assertRaises(TimeoutError):
            running.result(0.02)
        self.assertGreaterEqual(sum(executor.stats().busy_seconds.values()), first + 0.02)
        gate.open()
        running.result()

    def test_replaced_workers_count(self):
        executor = self.executor(1, max_tasks_per_child=1)
        for _ in range(3):
            executor.submit(time.sleep, 0.02).result()
        executor.shutdown()
        stats = executor.stats()
        self.assertEqual(stats.done, 3)
        self.assertGreaterEqual(sum(stats.busy_seconds.values()), 0.06)

    def test_by_many_threads_while_workers_come_and_go(self):
        executor = self.executor(2, max_tasks_per_child=2)
        futures = [executor.submit(tasks.square, n) for n in range(40)]
        wrong = []

        def look():
            while not futures[-1].done():
                stats = executor.stats()
                if not 0 <= stats.done <= 40 or stats.queued + stats.running + stats.done > 40:
                    wrong.append(stats)

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_readable(self):
        self.assertEqual(repr(self.executor(1).stats()),
                         "ExecutorStats(workers=0, queued=0, running=0, done=0, busy_seconds={})")


class Preload(ExecutorCase):
    def test_modules_are_imported_before_the_initializer(self):
        executor = self.executor(1, preload=["wave", "xml.dom.minidom"], initializer=note_loaded, initargs=("wave",))
        self.assertEqual(executor.submit(tasks.recall).result(), [True])
        self.assertTrue(executor.submit(loaded, "xml.dom.minidom").result())

    def test_by_default_none(self):
        self.assertFalse(self.executor(1).submit(loaded, "wave").result())

    def test_a_module_that_is_not_there(self):
        executor = self.executor(1, preload=("no_such_module",))
        with self.assertLogs("concurrent.futures", "CRITICAL"):
            with self.assertRaisesRegex(symplast.BrokenInterpreterPool, "'no_such_module' of preload= cannot be imported"):
                executor.submit(abs, 1).result()

    def test_wrong_names(self):
        for wrong in ("json", [1], [b"json"]):
            with self.assertRaises(TypeError):
                symplast.InterpreterPoolExecutor(1, preload=wrong)
        for wrong in ([""], [".json"]):
            with self.assertRaises(ValueError):
                symplast.InterpreterPoolExecutor(1, preload=wrong)


def note_loaded(name):
    tasks.remember(name in sys.modules)
