"""Workers' threads bear the names that thread_name_prefix promises, wherever names are shown."""

import logging
import threading
import unittest

from executor_case import ExecutorCase


def name():
    return threading.current_thread().name


def name_in_log():
    record = logging.getLogger("test").makeRecord("test", logging.INFO, "file", 1, "text", (), None)
    return record.threadName


def name_in_kernel():
    with open(f"/proc/self/task/{threading.get_native_id()}/comm", "rb") as file:
        return file.read().removesuffix(b"\n")


class Names(ExecutorCase):
    def test_threading_in_tasks(self):
        executor = self.executor(1, thread_name_prefix="crunch")
        self.assertEqual(executor.submit(name).result(), "crunch_0")

    def test_logging_in_tasks(self):
        executor = self.executor(1, thread_name_prefix="crunch")
        self.assertEqual(executor.submit(name_in_log).result(), "crunch_0")

    def test_the_thread_of_the_program_has_the_same_name(self):
        executor = self.executor(1, thread_name_prefix="crunch")
        executor.submit(name).result()
        self.assertEqual([each.name for each in threading.enumerate() if each.name.startswith("crunch")], ["crunch_0"])

    def test_the_kernel(self):
        executor = self.executor(1, thread_name_prefix="crunch")
        self.assertEqual(executor.submit(name_in_kernel).result(), b"crunch_0")

    def test_the_kernel_shows_fifteen_bytes(self):
        executor = self.executor(1, thread_name_prefix="a-prefix-of-many-letters")
        self.assertEqual(executor.submit(name_in_kernel).result(), b"a-prefix-of-man")
        self.assertEqual(executor.submit(name).result(), "a-prefix-of-many-letters_0")

    def test_a_character_is_not_cut(self):
        executor = self.executor(1, thread_name_prefix="fünfzehn-süße-b")
        shown = executor.submit(name_in_kernel).result()
        self.assertTrue("fünfzehn-süße-b_0".startswith(shown.decode(errors="ignore")), shown)

    def test_a_name_that_has_no_encoding(self):
        executor = self.executor(1, thread_name_prefix="odd-\udcff")
        self.assertEqual(executor.submit(ascii, name).result()[:1], "<")
        self.assertEqual(executor.submit(name).result(), "odd-\udcff_0")

    def test_by_default_it_is_that_of_the_class(self):
        self.assertRegex(self.executor(1).submit(name).result(), r"^InterpreterPoolExecutor-\d+_0$")

    def test_several_workers_have_several_numbers(self):
        executor = self.executor(2, thread_name_prefix="two")
        gate = self.gate()
        from executor_tasks import announce_and_wait

        futures = [executor.submit(announce_and_wait, *gate.arguments) for _ in range(2)]
        gate.await_tasks(2)
        self.assertEqual(sorted(each.name for each in threading.enumerate() if each.name.startswith("two")), ["two_0", "two_1"])
        gate.open(2)
        for future in futures:
            future.result()

    def test_the_name_of_the_programs_thread_stays(self):
        before = name_in_kernel()
        self.executor(1, thread_name_prefix="other").submit(abs, 1).result()
        self.assertEqual(name_in_kernel(), before)
