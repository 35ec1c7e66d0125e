"""What the tests of the executor have in common."""

import faulthandler
import os
import sys
import textwrap
import unittest

import symplast

import child

# A test that takes longer hangs; the process then shows where, and ends.
SECONDS = 100


class ExecutorCase(unittest.TestCase):
    """A test case with a watchdog, executors that end with the test, and gates."""

    def setUp(self):
        super().setUp()
        watch(self)

    def executor(self, max_workers=2, **options):
        """An executor that is shut down at the end of the test."""
        executor = symplast.InterpreterPoolExecutor(max_workers, **options)
        self.addCleanup(executor.shutdown)
        return executor

    def gate(self):
        """A Gate that is opened for all and closed at the end of the test, before executors are shut down."""
        gate = Gate()
        self.addCleanup(gate.close)
        return gate


def watch(test):
    """Ends the process if the test hangs."""
    faulthandler.dump_traceback_later(SECONDS, exit=True, file=sys.__stderr__)
    test.addCleanup(faulthandler.cancel_dump_traceback_later)


class Gate:
    """Holds tasks in C code: pass *arguments to executor_tasks.announce_and_wait.

    Works across interpreters, sleeps, never polls.
    """

    def __init__(self):
        self._announced, announce = os.pipe()
        wait, self._open = os.pipe()
        self.arguments = announce, wait
        self._inside = 0

    def await_tasks(self, count=1):
        """Returns when that many more tasks are waiting."""
        for _ in range(count):
            os.read(self._announced, 1)
            self._inside += 1

    def open(self, count=1):
        """Lets that many tasks go on."""
        os.write(self._open, b"g" * count)

    def close(self):
        """Lets all tasks go on, now and later."""
        os.close(self._open)


def run(source, *arguments, expect=0, **variables):
    """child.run with a watchdog. Returns what was printed."""
    return child.run(WATCHDOG + textwrap.dedent(source), *arguments, expect=expect, **variables)


WATCHDOG = f"""\
import faulthandler
faulthandler.dump_traceback_later({SECONDS // 2}, exit=True)
"""
