"""The failure matrix of the executor: whatever happens to a task, its worker or its program, futures end as documented, nothing
hangs, and the executor or the program goes on. A watchdog fails what hangs, with all stacks."""

import concurrent.futures
import os
import sys
import threading
import time

import symplast

import executor_case
import executor_tasks
import interrupt_tasks as tasks
from executor_case import ExecutorCase


def damage():
    """Removes what the interpreter needs, so that it is replaced."""
    import builtins

    del builtins.len


def fail():
    raise LookupError("as it should")


def exit_task():
    sys.exit(3)


def exhaust():
    """Asks for more memory than there is."""
    return len(bytearray(1 << 60))


def freeze_too_much(pool):
    return pool.freeze(list(range(100_000)))


def hold_frozen(announce, gate, data):
    os.write(announce, b"s")
    os.read(gate, 1)
    return len(data)


class FailureCase(ExecutorCase):
    def begin(self, executor, task, *args):
        """Submits a task that announces itself, and returns when it has."""
        announced, announce = os.pipe()
        self.addCleanup(os.close, announced)
        self.addCleanup(os.close, announce)
        future = executor.submit(task, announce, *args)
        os.read(announced, 1)
        return future

    def works(self, executor):
        """The executor still runs tasks in all its workers."""
        self.assertEqual(list(executor.map(executor_tasks.square, range(20))), [n * n for n in range(20)])


class InTheProgram(FailureCase):
    def test_interpreter_ends(self):
        executor = self.executor(2)
        self.works(executor)
        with self.assertLogs("concurrent.futures", "WARNING"):
            with self.assertRaisesRegex(symplast.RemoteError, "removed or replaced"):
                executor.submit(damage).result()
            self.works(executor)
            # The replacement is logged by the worker's thread, by its end at the latest.
            executor.shutdown()

    def test_interpreter_ends_while_others_wait(self):
        executor = self.executor(1)
        with self.assertLogs("concurrent.futures", "WARNING"):
            futures = [executor.submit(damage), *[executor.submit(executor_tasks.square, n) for n in range(5)]]
            self.assertEqual([future.result() for future in futures[1:]], [0, 1, 4, 9, 16])

    def test_exception(self):
        executor = self.executor(2)
        for task, kind in ((fail, LookupError), (exit_task, SystemExit)):
            with self.assertRaises(kind):
                executor.submit(task).result()
        self.works(executor)

    def test_cancel(self):
        executor = self.executor(1)
        running = self.begin(executor, tasks.spin)
        queued = [executor.submit(abs, 1) for _ in range(5)]
        self.assertTrue(all(future.cancel() for future in queued))
        self.assertFalse(running.cancel())
        running.interrupt()
        self.works(executor)

    def test_interrupt(self):
        executor = self.executor(2)
        for task in (tasks.spin, tasks.sleep):
            future = self.begin(executor, task)
            future.interrupt()
            with self.assertRaises(concurrent.futures.CancelledError):
                future.result()
        self.works(executor)

    def test_timeout_of_the_one_who_waits(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.spin)
        with self.assertRaises(TimeoutError):
            future.result(0.01)
        with self.assertRaises(TimeoutError):
            list(executor.map(abs, [1], timeout=0.01))
        self.assertTrue(future.running())
        future.interrupt()
        self.works(executor)

    def test_timeout_of_the_task(self):
        executor = self.executor(2)
        limited = executor.with_options(timeout=0.02)
        for results in (limited.map(time.sleep, [60] * 3), limited.imap_unordered(time.sleep, [60] * 3)):
            with self.assertRaises(TimeoutError):
                list(results)
        self.works(executor)

    def test_kill(self):
        for way in ("terminate_workers", "kill_workers"):
            executor = symplast.InterpreterPoolExecutor(2)
            futures = [self.begin(executor, tasks.spin), self.begin(executor, tasks.sleep), executor.submit(abs, 1)]
            getattr(executor, way)()
            self.assertEqual([type(future.exception()).__name__ for future in futures[:2]], ["BrokenInterpreterPool"] * 2)
            self.assertTrue(futures[2].cancelled())
            executor.shutdown()
        self.works(self.executor(2))

    def test_kill_while_threads_submit_wait_and_map(self):
        for way in ("terminate_workers", "kill_workers"):
            executor = symplast.InterpreterPoolExecutor(2)
            ended = []

            def use():
                try:
                    while True:
                        executor.submit(executor_tasks.square, 2).result()
                        list(executor.map(executor_tasks.square, range(10), chunksize=3))
                        list(executor.imap_unordered(executor_tasks.square, range(10)))
                except (RuntimeError, concurrent.futures.CancelledError) as error:
                    ended.append(error)

            threads = [threading.Thread(target=use) for _ in range(4)]
            for thread in threads:
                thread.start()
            executor.submit(abs, 1).result()
            getattr(executor, way)()
            for thread in threads:
                thread.join()
            self.assertEqual(len(ended), 4)
            executor.shutdown()

    def test_pool_deleted(self):
        executor = self.executor(2)
        gate = self.gate()
        pool = symplast.Pool("failing")
        data = pool.freeze(list(range(1000)))
        future = executor.submit(hold_frozen, *gate.arguments, data)
        gate.await_tasks()
        del data
        pool.delete()
        gate.open()
        # Nothing crashes: the task has its data or learns that they are deleted.
        self.assertTrue(future.exception() is None or isinstance(future.exception(), symplast.DeletedError))
        with self.assertRaises(symplast.DeletedError):
            executor.submit(freeze_too_much, pool).result()
        self.works(executor)

    def test_out_of_memory(self):
        executor = self.executor(2)
        with self.assertRaises(MemoryError):
            executor.submit(exhaust).result()
        with symplast.Pool("small", max_bytes=1 << 20) as pool:
            with self.assertRaises(symplast.PoolFullError):
                executor.submit(freeze_too_much, pool).result()
        self.works(executor)

    def test_fork(self):
        executor = self.executor(1)
        future = self.begin(executor, tasks.spin)
        with self.assertRaisesRegex(RuntimeError, "cannot be forked"):
            os.fork()
        future.interrupt()
        self.works(executor)

    def test_everything_at_once(self):
        # Each future ends as one of the documented outcomes, and the executor goes on.
        executor = self.executor(2, max_tasks_per_child=20)
        limited = executor.with_options(timeout=0.005)
        for turn in range(12):
            futures = [executor.submit(tasks.short, n) for n in range(20)]
            futures += [executor.submit(fail), limited.submit(time.sleep, 60), executor.submit(exhaust)]
            sleeping = executor.submit(time.sleep, 60)
            futures[turn].interrupt()
            futures[turn + 1].cancel()
            if turn % 4 == 0:
                executor.recycle(wait=False)
            while not sleeping.interrupt():
                self.assertFalse(sleeping.done())
            for future in [*futures, sleeping]:
                try:
                    future.result()
                except (concurrent.futures.CancelledError, LookupError, TimeoutError, MemoryError):
                    pass
        self.works(executor)


class AtTheEnd(FailureCase):
    """Programs that end, or are ended, while tasks are in each state: with the documented status, and soon."""

    BEGIN = """
        import os, signal, sys, threading, time
        import symplast
        import executor_tasks, interrupt_tasks as tasks
        announced, announce = os.pipe()
        gate, opened = os.pipe()
        executor = symplast.InterpreterPoolExecutor(2)
        futures = [executor.submit(TASK)]
        os.read(announced, 1)
        queued = executor.submit(abs, -1)
    """

    def ends(self, task, rest, expect=0):
        import textwrap

        source = textwrap.dedent(self.BEGIN).replace("TASK", task) + textwrap.dedent(rest)
        return executor_case.run(source, expect=expect)

    def test_interpreter_shutdown_waits_for_tasks(self):
        self.assertEqual(self.ends("executor_tasks.announce_and_return, announce, 3", "print(futures[0].result())"), "3\n")
        self.ends("tasks.sleep, announce, 0.2", "")

    def test_interpreter_shutdown_with_a_queue(self):
        out = self.ends("tasks.sleep, announce, 0.1", """
            for n in range(5):
                executor.submit(print, n, flush=True)
        """)
        self.assertEqual(sorted(out.split()), list("01234"))

    def test_interpreter_shutdown_after_an_exception(self):
        self.ends("tasks.sleep, announce, 0.1", "raise SystemExit(5)", expect=5)

    def test_interpreter_shutdown_with_an_interrupted_task(self):
        self.ends("tasks.spin, announce", "futures[0].interrupt()")

    def test_interpreter_shutdown_with_a_limited_task(self):
        self.ends("tasks.sleep, announce, 0.01", "executor.with_options(timeout=0.2).submit(time.sleep, 60)")

    def test_submitting_while_the_interpreter_shuts_down(self):
        out = self.ends("tasks.sleep, announce, 0.01", """
            import atexit
            def late():
                try:
                    executor.submit(abs, 1)
                except RuntimeError as error:
                    print("refused")
            atexit.register(late)
        """)
        self.assertEqual(out, "refused\n")

    def test_sigterm_ends_the_program(self):
        for task in ("tasks.spin, announce", "tasks.wait_in_c, announce, gate"):
            self.ends(task, "os.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(60)", expect=-15)

    def test_os_exit(self):
        for task in ("tasks.spin, announce", "tasks.wait_in_c, announce, gate"):
            self.ends(task, "os._exit(4)", expect=4)

    def test_a_handler_that_kills_the_workers(self):
        for task in ("tasks.spin, announce", "tasks.wait_in_c, announce, gate"):
            out = self.ends(task, """
                signal.signal(signal.SIGALRM, lambda *_: executor.kill_workers())
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                print(type(futures[0].exception()).__name__)
            """)
            self.assertEqual(out, "BrokenInterpreterPool\n")

    def test_fork_after_the_workers_were_given_up(self):
        out = self.ends("tasks.read_whatever_happens, announce, gate", """
            executor.kill_workers()
            executor.shutdown()
            try:
                if os.fork() == 0:
                    os._exit(0)
            except RuntimeError:
                print("refused")
        """)
        self.assertEqual(out, "refused\n")
