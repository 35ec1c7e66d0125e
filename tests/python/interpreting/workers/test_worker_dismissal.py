"""terminate_workers() and kill_workers(): nothing hangs, all futures end, and the program can still end."""

import concurrent.futures
import os
import threading
import time
import unittest

import symplast

import executor_case
import executor_tasks
import interrupt_tasks as tasks
from executor_case import ExecutorCase

WAYS = ("terminate_workers", "kill_workers")


class Dismissal(ExecutorCase):
    def begin(self, executor, task, *args):
        """Submits a task that announces itself, and returns when it has."""
        announced, announce = os.pipe()
        self.addCleanup(os.close, announced)
        self.addCleanup(os.close, announce)
        future = executor.submit(task, announce, *args)
        os.read(announced, 1)
        self.announced = announced
        return future

    def ends(self, task, *args):
        """Each way ends the futures of two workers that run a task; others are queued."""
        for way in WAYS:
            with self.subTest(way, task=task.__name__):
                executor = symplast.InterpreterPoolExecutor(2)
                running = [self.begin(executor, task, *args) for _ in range(2)]
                queued = [executor.submit(abs, n) for n in range(3)]
                getattr(executor, way)()
                for future in running:
                    with self.assertRaisesRegex(symplast.BrokenInterpreterPool, "terminated|killed"):
                        future.result(0)
                self.assertTrue(all(future.cancelled() for future in queued))
                with self.assertRaises(RuntimeError):
                    executor.submit(abs, 1)
                executor.shutdown()

    def test_tasks_that_compute(self):
        self.ends(tasks.spin)

    def test_tasks_that_sleep(self):
        self.ends(tasks.sleep)

    def test_tasks_that_catch_everything(self):
        self.ends(tasks.refuse_to_end)

    def test_tasks_in_c_code(self):
        gate = self.gate()
        self.ends(tasks.wait_in_c, gate.arguments[1])

    def test_tasks_clean_up(self):
        for way in WAYS:
            with self.subTest(way):
                read, write = os.pipe()
                executor = symplast.InterpreterPoolExecutor(1)
                self.begin(executor, clean_up, write)
                getattr(executor, way)()
                executor.shutdown()
                self.assertEqual(os.read(read, 1), b"c")

    def test_idle_workers(self):
        for way in WAYS:
            with self.subTest(way):
                executor = symplast.InterpreterPoolExecutor(2)
                self.assertEqual(list(executor.map(abs, range(5))), list(range(5)))
                getattr(executor, way)()
                executor.shutdown()
                self.assertEqual(executor.stats().workers, 0)

    def test_no_workers(self):
        for way in WAYS:
            executor = symplast.InterpreterPoolExecutor(2)
            getattr(executor, way)()
            getattr(executor, way)()
            executor.shutdown()

    def test_after_shutdown(self):
        for way in WAYS:
            executor = symplast.InterpreterPoolExecutor(1)
            future = self.begin(executor, tasks.spin)
            executor.shutdown(wait=False)
            getattr(executor, way)()
            self.assertIsInstance(future.exception(0), symplast.BrokenInterpreterPool)

    def test_in_the_initializer(self):
        for way in WAYS:
            with self.subTest(way):
                read, write = os.pipe()
                executor = symplast.InterpreterPoolExecutor(1, initializer=tasks.spin, initargs=(write,))
                future = executor.submit(abs, 1)
                os.read(read, 1)
                getattr(executor, way)()
                self.assertTrue(future.cancelled())
                executor.shutdown()

    def test_threads_that_wait_wake_up(self):
        for way in WAYS:
            with self.subTest(way):
                executor = symplast.InterpreterPoolExecutor(1)
                future = self.begin(executor, tasks.sleep)
                seen = []
                threads = [threading.Thread(target=lambda: seen.append(type(future.exception()).__name__)) for _ in range(3)]
                for thread in threads:
                    thread.start()
                getattr(executor, way)()
                for thread in threads:
                    thread.join()
                self.assertEqual(seen, ["BrokenInterpreterPool"] * 3)

    def test_callbacks_run_once(self):
        for way in WAYS:
            executor = symplast.InterpreterPoolExecutor(1)
            future = self.begin(executor, tasks.spin)
            called = []
            future.add_done_callback(called.append)
            getattr(executor, way)()
            executor.shutdown()
            self.assertEqual(called, [future])

    def test_wait_and_as_completed(self):
        executor = symplast.InterpreterPoolExecutor(1)
        running, queued = self.begin(executor, tasks.spin), executor.submit(abs, 1)
        threading.Timer(0.05, executor.kill_workers).start()
        self.assertEqual(set(concurrent.futures.as_completed([running, queued])), {running, queued})

    def test_while_answers_stream_in(self):
        for way in WAYS:
            for _ in range(5):
                executor = symplast.InterpreterPoolExecutor(2)
                futures = [executor.submit(tasks.short, n) for n in range(400)]
                futures[20].result()
                getattr(executor, way)()
                for n, future in enumerate(futures):
                    try:
                        self.assertEqual(future.result(30), n)
                    except (concurrent.futures.CancelledError, symplast.BrokenInterpreterPool):
                        pass
                executor.shutdown()

    def test_a_killed_worker_with_threads_that_do_not_end(self):
        executor = symplast.InterpreterPoolExecutor(1)
        gate = self.gate()
        self.begin(executor, tasks.leave_threads, gate.arguments[1]).result()
        executor.kill_workers()
        executor.shutdown()

    def test_a_worker_kills_its_own_workers(self):
        self.assertEqual(self.executor(1).submit(kill_own).result(), "BrokenInterpreterPool")


def clean_up(announce, done):
    try:
        os.write(announce, b"s")
        while True:
            pass
    finally:
        os.write(done, b"c")


def kill_own():
    announced, announce = os.pipe()
    executor = symplast.InterpreterPoolExecutor(1)
    future = executor.submit(tasks.spin, announce)
    os.read(announced, 1)
    executor.kill_workers()
    executor.shutdown()
    return type(future.exception()).__name__


class TheEndOfTheProgram(unittest.TestCase):
    """The program ends soon and as it likes, whatever the tasks do that were given up."""

    BEGIN = """
        import os, sys, threading, time, atexit
        import symplast
        import executor_tasks, interrupt_tasks as tasks
        announced, announce = os.pipe()
        gate, opened = os.pipe()
        begun = time.monotonic()
        atexit.register(lambda: print("ended soon", time.monotonic() - begun < 25))
        executor = symplast.InterpreterPoolExecutor(2)
        for _ in range(2):
            executor.submit(TASK)
            os.read(announced, 1)
    """

    def ends(self, task, rest, expect=0, out="ended soon True\n"):
        import textwrap

        for way in WAYS:
            with self.subTest(way, task=task):
                source = textwrap.dedent(self.BEGIN).replace("TASK", task) + textwrap.dedent(rest).replace("WAY", way)
                self.assertEqual(executor_case.run(source, expect=expect), out)

    def test_in_c_code(self):
        for task in ("tasks.wait_in_c, announce, gate", "tasks.sleep, announce", "tasks.refuse_to_end, announce",
                     "tasks.spin, announce", "tasks.calculate, announce"):
            self.ends(task, "executor.WAY()")

    def test_status(self):
        self.ends("tasks.wait_in_c, announce, gate", "executor.WAY()\nsys.exit(7)", expect=7)

    def test_a_task_that_returns_from_c_code_while_the_program_ends(self):
        # Functions of atexit run in the reverse order: this one runs when all workers were given up.
        for way in WAYS:
            for pause in ("0.2", "0"):
                with self.subTest(way, pause=pause):
                    printed = executor_case.run(f"""
                        import atexit, os, time
                        gate, opened = os.pipe()
                        def release():
                            os.write(opened, b"gg")
                            time.sleep({pause})
                            print("released", flush=True)
                        atexit.register(release)
                        import symplast
                        import interrupt_tasks as tasks
                        announced, announce = os.pipe()
                        executor = symplast.InterpreterPoolExecutor(2)
                        for _ in range(2):
                            executor.submit(tasks.wait_in_c, announce, gate)
                            os.read(announced, 1)
                        executor.{way}()
                    """)
                    self.assertEqual(printed, "released\n")

    def test_a_task_that_returns_from_c_code_before(self):
        self.ends("tasks.wait_in_c, announce, gate", """
            executor.WAY()
            os.write(opened, b"gg")
        """)

    def test_with_other_executors_that_have_tasks(self):
        self.ends("tasks.wait_in_c, announce, gate", """
            other = symplast.InterpreterPoolExecutor(1)
            other.submit(print, "done", flush=True)
            executor.WAY()
        """, out="done\nended soon True\n")

    def test_a_worker_that_leaves_killed_workers(self):
        printed = executor_case.run("""
            import os
            import symplast
            import test_worker_dismissal as tests
            announced, announce = os.pipe()
            gate, opened = os.pipe()
            executor = symplast.InterpreterPoolExecutor(1)
            executor.submit(tests.leave_killed, announced, announce, gate).result()
            print("end")
        """)
        self.assertEqual(printed, "end\n")


def leave_killed(announced, announce, gate):
    executor = symplast.InterpreterPoolExecutor(1)
    executor.submit(tasks.wait_in_c, announce, gate)
    os.read(announced, 1)
    executor.kill_workers()
    executor_tasks.seen.append(executor)
