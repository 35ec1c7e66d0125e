"""Daemon threads of workers: they run as in the main interpreter, and end with the worker or stay behind without harm."""

import unittest

import daemon_tasks
import executor_case


def run(source, *arguments, **options):
    """Runs a program in a process of its own; returns what it printed. Warnings of what is left behind are printed, too."""
    return executor_case.run(BEGIN + source, *arguments, **options)


BEGIN = """\
import gc, os, signal, sys, threading
import symplast
import daemon_tasks as tasks
from symplast import InterpreterPoolExecutor, _symplast

def show_warnings():
    import sys, warnings
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *_: print(message, flush=True)
"""


class Ending(unittest.TestCase):
    def test_each_kind_ends_with_its_worker(self):
        for kind in daemon_tasks.KINDS:
            if kind in daemon_tasks.LEFT_OVER:
                continue
            with self.subTest(kind):
                printed = run("""
with InterpreterPoolExecutor(1, initializer=show_warnings) as executor:
    assert executor.submit(tasks.start, sys.argv[1]).result()
assert _symplast._is_alone()
""", kind)
                self.assertEqual(printed, "cleaned up\n" if kind == "cleans_up" else "")

    def test_many_at_once(self):
        printed = run("""
with InterpreterPoolExecutor(2, initializer=show_warnings) as executor:
    for future in [executor.submit(tasks.start_all) for _ in range(4)]:
        assert future.result() == {True}
assert _symplast._is_alone()
""")
        self.assertEqual(printed.replace("\n", ""), "cleaned up" * 4)

    def test_again_and_again(self):
        printed = run("""
for n in range(30):
    with InterpreterPoolExecutor(2, initializer=show_warnings) as executor:
        for kind in ("queue", "simple_queue", "loop", "starts_another"):
            executor.submit(tasks.start, kind).result()
assert _symplast._is_alone()
""")
        self.assertEqual(printed, "")

    def test_what_sits_in_c_code_stays_behind_and_the_program_ends_well(self):
        for kind in daemon_tasks.LEFT_OVER:
            for ending in ("executor.shutdown()", "", "executor.shutdown(); sys.exit(7)", "sys.exit(7)"):
                with self.subTest(kind, ending=ending):
                    printed = run("""
import atexit
atexit.register(print, "at exit")
executor = InterpreterPoolExecutor(2, initializer=show_warnings)
executor.submit(tasks.start, sys.argv[1]).result()
executor.submit(tasks.start, sys.argv[1]).result()
""" + ending, kind, expect=7 if "7" in ending else 0)
                    self.assertIn(f"'a {kind} thread'", printed)
                    self.assertIn("sit in C code", printed)
                    self.assertEqual(printed.splitlines()[-1], "at exit")

    def test_many_that_run_do_not_meet_the_end_of_the_program(self):
        """
        CPython 3.14 and newer free the GIL of interpreters that are open at the end, and say that there are some, while threads
        wait for it.
        """
        printed = run("""
import warnings
executor = InterpreterPoolExecutor(2)
for _ in range(60):
    executor.submit(tasks.start, "stubborn").result()
executor.shutdown()
os.dup2(1, 2)
warnings.simplefilter("default")
""")
        self.assertEqual(printed, "")

    def test_the_program_goes_on_beside_what_stays_behind(self):
        printed = run("""
import warnings
for _ in range(3):
    with InterpreterPoolExecutor(2, initializer=show_warnings) as executor:
        executor.submit(tasks.start, "receive").result()
with InterpreterPoolExecutor(2) as executor:
    assert list(executor.map(abs, range(100))) == list(range(100))
gc.collect()
""")
        self.assertEqual(printed.count("sit in C code"), 3)

    def test_the_program_ends_by_an_interrupt(self):
        printed = run("""
executor = InterpreterPoolExecutor(1, initializer=show_warnings)
for kind in ("queue", "loop", "sleep"):
    executor.submit(tasks.start, kind).result()
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    executor.shutdown(cancel_futures=True)
    print("interrupted")
""")
        self.assertEqual(printed.splitlines()[-1], "interrupted")


class Running(unittest.TestCase):
    def test_which_threads_are_daemons(self):
        self.assertEqual(run("""
with InterpreterPoolExecutor(1) as executor:
    print(executor.submit(tasks.what_threads_are).result())
"""), f"{[False, False, True]}\n")

    def test_other_threads_are_still_waited_for(self):
        printed = run("""
def leave():
    import threading, time
    def work():
        time.sleep(0.3)
        print("done", flush=True)
    threading.Thread(target=work).start()
with InterpreterPoolExecutor(1) as executor:
    executor.submit(leave).result()
    executor.submit(tasks.start, "queue").result()
print("end")
""")
        self.assertEqual(printed, "done\nend\n")

    def test_functions_of_atexit_find_them_running(self):
        printed = run("""
def leave():
    import atexit, queue, threading
    asked, answers = queue.Queue(), queue.Queue()
    def work():
        while True:
            answers.put(asked.get() + 1)
    threading.Thread(target=work, daemon=True).start()
    @atexit.register
    def ask():
        asked.put(1)
        print("asked", answers.get(), flush=True)
with InterpreterPoolExecutor(1, initializer=show_warnings) as executor:
    executor.submit(leave).result()
print("end")
""")
        self.assertEqual(printed, "asked 2\nend\n")

    def test_pools_of_threads(self):
        for end in (True, False):
            with self.subTest(end=end):
                self.assertEqual(run(f"""
with InterpreterPoolExecutor(2, initializer=show_warnings) as executor:
    for future in [executor.submit(tasks.in_thread_pool, 100, {end}) for _ in range(6)]:
        assert future.result() == [n * n for n in range(100)]
assert _symplast._is_alone()
"""), "")
