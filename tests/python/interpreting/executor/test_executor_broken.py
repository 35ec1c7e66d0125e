"""A worker that cannot start, or whose initializer fails, breaks the executor: an error on every future, never a hang."""

from concurrent import futures

import symplast

import executor_case
import executor_tasks as tasks
from executor_case import ExecutorCase


class FailingInitializer(ExecutorCase):
    def broken(self, *initargs, tasks_before=3, max_workers=2):
        executor = self.executor(max_workers, initializer=tasks.fail, initargs=initargs)
        submitted = []
        with self.assertLogs("concurrent.futures", "CRITICAL") as logged:
            try:
                for _ in range(tasks_before):
                    submitted.append(executor.submit(tasks.square, 1))
            except futures.BrokenExecutor:
                # It may be broken already.
                self.assertTrue(submitted)
            for future in submitted:
                self.assertIsInstance(future.exception(), symplast.executor.BrokenInterpreterPool)
        return executor, logged.output

    def test_pending_futures_and_submit_say_so(self):
        executor, logged = self.broken(ValueError, "in the initializer")
        with self.assertRaisesRegex(futures.BrokenExecutor, "in the initializer"):
            executor.submit(abs, 1)
        with self.assertRaises(futures.BrokenExecutor):
            executor.map(abs, [1])
        with self.assertRaises(futures.BrokenExecutor):
            executor.submit(tasks.Refuses())

    def test_it_is_logged_as_the_standard_library_does(self):
        _, logged = self.broken(ValueError, "in the initializer")
        self.assertRegex(logged[0],
                         "(?s)^CRITICAL:concurrent.futures:Exception in initializer:.*Traceback.*ValueError: in the initializer")

    def test_whatever_it_raises(self):
        for kind in (SystemExit, KeyboardInterrupt, tasks.Root, tasks.BadText):
            with self.subTest(kind.__name__):
                self.broken(kind)

    def test_shutdown_works(self):
        executor, _ = self.broken(ValueError)
        executor.shutdown()
        executor.shutdown(cancel_futures=True)
        with self.assertRaises(RuntimeError):
            executor.submit(abs, 1)

    def test_it_cannot_be_unpickled_in_the_worker(self):
        executor = self.executor(1, initializer=tasks.give, initargs=(tasks.Explodes(),))
        with self.assertLogs("concurrent.futures", "CRITICAL"):
            self.assertIsInstance(executor.submit(abs, 1).exception(), futures.BrokenExecutor)

    def test_a_second_worker_fails_while_the_first_works(self):
        # The initializer fails in every worker but the first: there is one byte in the pipe.
        import os

        read, write = os.pipe()
        os.write(write, b"1")
        os.close(write)
        executor = self.executor(2, initializer=tasks.demand_byte, initargs=(read,))
        gate = self.gate()
        with self.assertLogs("concurrent.futures", "CRITICAL"):
            held = executor.submit(tasks.announce_and_wait, *gate.arguments, 7)
            gate.await_tasks()
            pending = executor.submit(abs, 1)
            self.assertIsInstance(pending.exception(), futures.BrokenExecutor)
        gate.open()
        self.assertEqual(held.result(), 7)
        os.close(read)


class CannotStart(ExecutorCase):
    def test_a_path_without_the_package(self):
        executor_case.run("""
            import logging, sys, threading
            import symplast
            from concurrent import futures
            executor = symplast.InterpreterPoolExecutor(2)
            path = sys.path[:]
            sys.path[:] = []
            broken = symplast.InterpreterPoolExecutor(2)
            sys.path[:] = path
            records = []
            class Keep(logging.Handler):
                def emit(self, record):
                    records.append(record.getMessage())
            logging.getLogger("concurrent.futures").addHandler(Keep())
            try:
                submitted = [broken.submit(abs, 1) for _ in range(3)]
            except futures.BrokenExecutor:
                submitted = []
            for future in submitted:
                assert isinstance(future.exception(), symplast.BrokenInterpreterPool), future.exception()
                assert "No module named" in str(future.exception())
            try:
                broken.submit(abs, 1)
            except futures.BrokenExecutor as error:
                print("broken")
            broken.shutdown()
            assert "No module named" in records[0], records
            print(executor.submit(abs, -5).result())
        """)

    def test_no_thread_can_be_started(self):
        printed = executor_case.run("""
            import symplast, threading
            executor = symplast.InterpreterPoolExecutor(2)
            real = threading.Thread.start
            def refuse(self):
                raise RuntimeError("can't start new thread")
            threading.Thread.start = refuse
            try:
                executor.submit(abs, 1)
            except RuntimeError as error:
                print(error)
            threading.Thread.start = real
            print(executor.submit(abs, -5).result())
        """)
        self.assertEqual(printed, "can't start new thread\n5\n")

    def test_the_main_program_ends_normally(self):
        printed = executor_case.run("""
            import logging, symplast, executor_tasks as tasks
            logging.getLogger("concurrent.futures").addHandler(logging.NullHandler())
            executor = symplast.InterpreterPoolExecutor(1, initializer=tasks.fail, initargs=(ValueError,))
            try:
                print(type(executor.submit(abs, 1).exception()).__name__)
            except symplast.BrokenInterpreterPool as error:
                print(type(error).__name__)
        """)
        self.assertEqual(printed, "BrokenInterpreterPool\n")
