"""
Executors in interpreters that the program made with the standard library and leaves open: the program ends as if they were
closed.
"""

import sys
import unittest

import executor_case


class OpenAtTheEnd(unittest.TestCase):
    BEGIN = """
import sys
import executor_case
from subinterpreters import Interpreter, _raw
USE = '''
import os, sys
import symplast, executor_tasks as tasks
executor = symplast.InterpreterPoolExecutor(2)
assert list(executor.map(abs, [-1, -2, -3])) == [1, 2, 3]
'''
"""

    def check(self, source, expect=0):
        return executor_case.run(self.BEGIN + source, expect=expect).split()

    def test_idle_workers(self):
        printed = self.check("""
opened = [Interpreter() for _ in range(3)]
for interpreter in opened:
    interpreter.run(USE)
print("end")
""")
        self.assertEqual(printed, ["end"])

    def test_queued_tasks_are_finished(self):
        printed = self.check("""
interpreter = Interpreter()
interpreter.run(USE + '''
for n in range(20):
    executor.submit(sum, range(100_000)).add_done_callback(lambda future: print(" done ", end="", flush=True))
''')
""")
        self.assertEqual(printed, ["done"] * 20)

    def test_beside_workers_of_the_program(self):
        self.check("""
import symplast
mine = symplast.InterpreterPoolExecutor(1)
mine.submit(abs, 1).result()
interpreter = Interpreter()
interpreter.run(USE)
mine.submit(abs, 1)
""")

    def test_an_executor_that_was_shut_down_and_one_that_was_lost(self):
        self.check("""
interpreter = Interpreter()
interpreter.run(USE + "executor.shutdown()")
other = Interpreter()
other.run(USE + "del executor")
""")

    def test_closed_before_the_end(self):
        printed = self.check("""
with Interpreter() as interpreter:
    interpreter.run(USE)
kept = Interpreter()        # 3.12 ends one that is collected by means of any thread's state
kept.run(USE)
print("end")
""")
        self.assertEqual(printed, ["end"])

    def test_interpreters_with_the_main_gil(self):
        self.check("""
number = _raw.create("legacy") if sys.version_info >= (3, 13) else _raw.create(isolated=False)
_raw.run_string(number, f"import sys; sys.path[:] = {sys.path!r}" + USE)
""")

    def test_tasks_that_come_after_the_end(self):
        # From an atexit function of the program: the executor has ended with the program's threads.
        printed = self.check("""
import atexit
interpreter = Interpreter()
@atexit.register
def last():
    interpreter.run('''
try:
    executor.submit(abs, 1).result()
except RuntimeError as error:
    print("refused")
''')
interpreter.run(USE)
""")
        self.assertEqual(printed, ["refused"])

    @unittest.skipIf(sys.version_info < (3, 14), "concurrent.interpreters came with 3.14")
    def test_concurrent_interpreters(self):
        printed = self.check("""
from concurrent import interpreters
interpreter = interpreters.create()
interpreter.exec(f"import sys; sys.path[:] = {sys.path!r}" + USE)
thread = interpreter.call_in_thread(print, "called", flush=True)
thread.join()
print("end")
""")
        self.assertEqual(printed, ["called", "end"])

    def test_interrupt(self):
        # The task sits in C code until the process dies of the interrupt.
        self.check("""
import os, signal
interpreter = Interpreter()
interpreter.run(USE + '''
import threading, time
announced, announce = os.pipe()
gate = os.pipe()
executor.submit(tasks.announce_and_wait, announce, gate[0], 0)
os.read(announced, 1)
''')
signal.setitimer(signal.ITIMER_REAL, 1)
signal.signal(signal.SIGALRM, signal.default_int_handler)
""", expect=-2)
