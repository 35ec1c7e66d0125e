"""max_tasks_per_child= and recycle(): workers are replaced, and no task is lost or run twice."""

import itertools
import os
import threading

import symplast

import executor_tasks as tasks
from executor_case import ExecutorCase




def mark():
    """A number of this interpreter alone."""
    if not tasks.seen:
        tasks.seen.append(os.urandom(8))
    return tasks.seen[0]


def count(marks):
    marks.append(1)
    return mark()


class MaxTasks(ExecutorCase):
    def test_a_worker_runs_no_more_tasks(self):
        executor = self.executor(1, max_tasks_per_child=3)
        marks = [executor.submit(mark).result() for _ in range(9)]
        self.assertEqual([len(list(run)) for _, run in itertools.groupby(marks)], [3, 3, 3])

    def test_one_task_each(self):
        executor = self.executor(2, max_tasks_per_child=1)
        self.assertEqual(len(set(executor.map(repeat_mark, range(12)))), 12)

    def test_all_tasks_run_once(self):
        done = symplast.List()
        executor = self.executor(2, max_tasks_per_child=7)
        marks = list(executor.map(count, [done] * 100))
        self.assertEqual(len(done), 100)
        self.assertTrue(all(marks.count(each) <= 7 for each in set(marks)))

    def test_the_initializer_runs_in_each(self):
        executor = self.executor(1, max_tasks_per_child=2, initializer=tasks.remember, initargs=("begun",))
        self.assertEqual([executor.submit(tasks.recall).result() for _ in range(6)], [["begun"]] * 6)

    def test_tasks_that_fail_count(self):
        executor = self.executor(1, max_tasks_per_child=2)
        marks = []
        for _ in range(3):
            marks.append(executor.submit(mark).result())
            self.assertIsInstance(executor.submit(tasks.fail, ValueError, 1).exception(), ValueError)
        self.assertEqual(len(set(marks)), 3)

    def test_shutdown_waits_for_queued_tasks(self):
        executor = self.executor(1, max_tasks_per_child=1)
        futures = [executor.submit(tasks.square, n) for n in range(6)]
        executor.shutdown()
        self.assertEqual([future.result(0) for future in futures], [0, 1, 4, 9, 16, 25])

    def test_wrong_numbers(self):
        for number in (0, -1):
            with self.assertRaises(ValueError):
                symplast.InterpreterPoolExecutor(1, max_tasks_per_child=number)
        for number in ("1", 1.0):
            with self.assertRaises(TypeError):
                symplast.InterpreterPoolExecutor(1, max_tasks_per_child=number)

    def test_a_huge_number(self):
        self.assertEqual(self.executor(1, max_tasks_per_child=10**30).submit(abs, -1).result(), 1)


def repeat_mark(_):
    return mark()


class Recycle(ExecutorCase):
    def test_workers_are_other_ones_afterwards(self):
        executor = self.executor(2)
        gate = self.gate()
        futures = [executor.submit(mark_and_wait, *gate.arguments) for _ in range(2)]
        gate.await_tasks(2)
        gate.open(2)
        before = {future.result() for future in futures}
        self.assertEqual(len(before), 2)
        executor.recycle()
        self.assertTrue(before.isdisjoint(executor.map(repeat_mark, range(20))))

    def test_while_tasks_go_on(self):
        done = symplast.List()
        executor = self.executor(2)
        futures = [executor.submit(count, done) for _ in range(500)]
        futures[0].result()
        for _ in range(3):
            executor.recycle()
            futures += [executor.submit(count, done) for _ in range(100)]
        marks = {future.result() for future in futures}
        self.assertEqual(len(done), 800)
        # A worker may be replaced before it has got a task.
        self.assertGreaterEqual(len(marks), 2)

    def test_one_at_a_time(self):
        # While one worker is replaced, the other one works.
        executor = self.executor(2)
        gate = self.gate()
        blocked = executor.submit(tasks.announce_and_wait, *gate.arguments)
        gate.await_tasks()
        executor.submit(abs, 1).result()
        executor.recycle(wait=False)
        self.assertEqual(list(executor.map(tasks.square, range(50))), [n * n for n in range(50)])
        self.assertFalse(blocked.done())
        gate.open()
        blocked.result()
        executor.recycle()

    def test_before_the_first_task(self):
        executor = self.executor(2)
        executor.recycle()
        self.assertEqual(executor.submit(abs, -1).result(), 1)

    def test_by_many_threads(self):
        executor = self.executor(2)
        futures = [executor.submit(tasks.square, n) for n in range(50)]
        threads = [threading.Thread(target=executor.recycle) for _ in range(4)]
        for thread in threads:
            thread.start()
        futures += [executor.submit(tasks.square, n) for n in range(50)]
        for thread in threads:
            thread.join()
        self.assertEqual([future.result() for future in futures], [n * n for n in range(50)] * 2)

    def test_with_shutdown_at_once(self):
        for _ in range(5):
            executor = symplast.InterpreterPoolExecutor(2)
            futures = [executor.submit(tasks.square, n) for n in range(20)]
            executor.recycle(wait=False)
            executor.shutdown()
            self.assertEqual([future.result(0) for future in futures], [n * n for n in range(20)])

    def test_after_shutdown(self):
        executor = self.executor(1)
        executor.shutdown()
        with self.assertRaises(RuntimeError):
            executor.recycle()

    def test_with_a_number_of_tasks(self):
        done = symplast.List()
        executor = self.executor(2, max_tasks_per_child=5)
        futures = [executor.submit(count, done) for _ in range(60)]
        executor.recycle()
        for future in futures:
            future.result()
        self.assertEqual(len(done), 60)


def mark_and_wait(announce, gate):
    tasks.announce_and_wait(announce, gate)
    return mark()
