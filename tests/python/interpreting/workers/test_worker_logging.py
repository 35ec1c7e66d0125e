"""forward_logging=True: logging records and warnings of workers reach the handlers of the program."""

import logging
import queue
import threading
import unittest.mock
import warnings

import symplast

import executor_case
import executor_tasks
from executor_case import ExecutorCase

_LOG = "symplast_test"


class Keep(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


def log(*args, level=logging.WARNING, name=_LOG, **options):
    logging.getLogger(name).log(level, *args, **options)


def log_failure():
    try:
        raise LookupError("looked in vain")
    except LookupError:
        logging.getLogger(_LOG).exception("failed with %s", "style")


def log_odd():
    logging.getLogger(_LOG).warning("odd %r", executor_tasks.Refuses, extra={"box": executor_tasks.Box(1), "number": 7},
                                    stack_info=True)


def warn(text, category=RuntimeWarning):
    warnings.warn(text, category, stacklevel=1)


def effective(name):
    return logging.getLogger(name).getEffectiveLevel()


class ForwardCase(ExecutorCase):
    def setUp(self):
        super().setUp()
        self.kept = Keep()
        self.logger = logging.getLogger(_LOG)
        self.logger.addHandler(self.kept)
        self.logger.propagate = False
        self.logger.setLevel(logging.INFO)
        self.addCleanup(self.logger.setLevel, logging.NOTSET)
        self.addCleanup(self.logger.removeHandler, self.kept)

    def forwarding(self, max_workers=1, **options):
        return self.executor(max_workers, forward_logging=True, **options)


class Records(ForwardCase):
    def records(self, task, *args, **options):
        """The records that reach the program when a worker has run a task."""
        executor = self.forwarding(thread_name_prefix="logged")
        executor.submit(task, *args, **options).result()
        executor.shutdown()
        return self.kept.records

    def test_a_record(self):
        (record,) = self.records(log, "%s and %d", "text", 2, level=logging.ERROR)
        self.assertEqual((record.getMessage(), record.levelname, record.name), ("text and 2", "ERROR", _LOG))
        self.assertEqual((record.threadName, record.funcName, record.module), ("logged_0", "log", "test_worker_logging"))

    def test_levels_are_those_of_the_program(self):
        self.assertEqual(self.records(log, "not shown", level=logging.DEBUG), [])
        self.assertEqual(len(self.records(log, "shown", level=logging.INFO)), 1)

    def test_workers_do_not_send_what_is_not_wanted(self):
        executor = self.forwarding()
        self.assertEqual(executor.submit(effective, _LOG).result(), logging.INFO)
        self.assertEqual(executor.submit(effective, "another").result(), logging.getLogger("another").getEffectiveLevel())

    def test_an_exception_comes_as_text(self):
        (record,) = self.records(log_failure)
        self.assertEqual(record.getMessage(), "failed with style")
        text = logging.Formatter().format(record)
        self.assertIn("Traceback", text)
        self.assertIn("LookupError: looked in vain", text)

    def test_attributes_of_any_kind(self):
        (record,) = self.records(log_odd)
        self.assertEqual(record.number, 7)
        self.assertIn("Box", record.box)
        self.assertIn("Stack", record.stack_info)

    def test_the_order_of_a_worker_is_kept(self):
        executor = self.forwarding(2)
        list(executor.map(log, range(200)))
        executor.shutdown()
        self.assertEqual(sorted(int(record.getMessage()) for record in self.kept.records), list(range(200)))

    def test_large_records(self):
        records = self.records(log, "x" * 1_000_000)
        self.assertEqual(len(records[0].getMessage()), 1_000_000)

    def test_not_without_the_option(self):
        executor = self.executor(1)
        executor.submit(log, "unheard", level=logging.INFO).result()
        executor.shutdown()
        self.assertEqual(self.kept.records, [])


class Warnings(ForwardCase):
    def test_a_warning(self):
        executor = self.forwarding()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            executor.submit(warn, "be warned").result()
            executor.shutdown()
        (seen,) = [each for each in caught if "be warned" in str(each.message)]
        self.assertIs(seen.category, RuntimeWarning)
        self.assertTrue(seen.filename.endswith("test_worker_logging.py"))

    def test_a_category_that_the_program_does_not_know(self):
        executor = self.forwarding()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            executor.submit(warn_of_own).result()
            executor.shutdown()
        self.assertTrue(any("Own: mine" in str(each.message) and each.category is UserWarning for each in caught))


def warn_of_own():
    class Own(UserWarning):
        pass

    Own.__qualname__ = "Own"
    warnings.warn("mine", Own, stacklevel=1)


class Handlers(ForwardCase):
    def test_a_handler_that_uses_the_executor(self):
        executor = self.forwarding()
        results = queue.SimpleQueue()

        class Asks(logging.Handler):
            def emit(self, record):
                results.put(executor.submit(executor_tasks.square, 3).result())

        asks = Asks()
        self.logger.addHandler(asks)
        self.addCleanup(self.logger.removeHandler, asks)
        for _ in range(3):
            executor.submit(log, "ask").result()
            self.assertEqual(results.get(), 9)
        executor.shutdown()
        self.assertEqual(len(self.kept.records), 3)

    def test_a_handler_that_fails_does_not_stop_the_others(self):
        for error in (OSError("no disk"), SystemExit(1), KeyboardInterrupt()):
            class Fails(logging.Handler):
                def emit(self, record):
                    raise error

            fails = Fails()
            self.logger.addHandler(fails)
            self.addCleanup(self.logger.removeHandler, fails)
            with self.subTest(error=error), unittest.mock.patch("sys.stderr"):
                executor = self.forwarding()
                list(executor.map(log, range(3)))
                executor.shutdown()
                self.assertEqual(len(self.kept.records), 3)
            self.logger.removeHandler(fails)
            self.kept.records.clear()

    def test_a_warning_that_nobody_reads_is_no_error_of_the_task(self):
        executor_case.run("""
import os, sys, warnings, symplast
from symplast import forwarding
# A thread that does not read: the end of the pipe is closed at once.
forwarding._read = lambda reader, ended: (os.close(reader), ended.set())
def warn():
    import logging, warnings
    warnings.warn("still shown")
    logging.warning("lost")
    return 1
with symplast.InterpreterPoolExecutor(1, forward_logging=True) as executor:
    executor._crew._forwarding._thread.join()
    assert executor.submit(warn).result() == 1
""")

    def test_the_thread_ends_with_the_executor(self):
        executor = self.forwarding(thread_name_prefix="ending")
        executor.submit(log, "text").result()
        executor.shutdown()
        self.assertEqual([each.name for each in threading.enumerate() if each.name.startswith("ending")], [])

    def test_without_any_task(self):
        executor = self.forwarding(thread_name_prefix="unused")
        executor.shutdown()
        self.assertEqual([each.name for each in threading.enumerate() if each.name.startswith("unused")], [])

    def test_replaced_and_killed_workers(self):
        executor = self.forwarding(2, max_tasks_per_child=2)
        list(executor.map(log, range(10)))
        executor.kill_workers()
        executor.shutdown()
        self.assertEqual(len(self.kept.records), 10)

    def test_workers_of_workers(self):
        executor = self.forwarding()
        executor.submit(log_in_own_worker).result()
        executor.shutdown()
        self.assertEqual([record.getMessage() for record in self.kept.records], ["from below"])


def log_in_own_worker():
    with symplast.InterpreterPoolExecutor(1, forward_logging=True) as executor:
        executor.submit(log, "from below").result()
