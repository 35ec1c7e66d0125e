"""After Ctrl-C, shutdown(wait=False, cancel_futures=True) ends the program soon, whatever the tasks do, with its usual status."""

import time
import unittest

from test_executor_interrupt import Script

# What a task does for far longer than a test may take.
SLEEP, LOOP, STUCK = "interrupt_tasks.sleep, gate[1]", "tasks.announce_and_loop, gate[1]", \
    "tasks.announce_and_wait, gate[1], gate[2]"

_BEGIN = """
    import atexit, interrupt_tasks
    executor = symplast.InterpreterPoolExecutor(2)
    futures = [executor.submit(TASK) for _ in range(2)]
    for _ in range(2):
        os.read(gate[0], 1)
    queued = executor.submit(abs, 1)
    announce()
"""


class AfterInterrupt(unittest.TestCase):
    def ends(self, rest, status=0, out="", tasks=(SLEEP, LOOP, STUCK)):
        import textwrap

        for task in tasks:
            with self.subTest(task):
                script = Script(textwrap.dedent(_BEGIN).replace("TASK", task) + textwrap.dedent(rest))
                begun = time.monotonic()
                got, printed, err = script.interrupt()
                self.assertEqual((got, printed), (status, out), err)
                self.assertNotIn("Fatal", err)
                self.assertLess(time.monotonic() - begun, 40)

    def test_in_the_handler_of_the_exception(self):
        self.ends("""
            try:
                futures[0].result()
            except KeyboardInterrupt:
                executor.shutdown(wait=False, cancel_futures=True)
                print(queued.cancelled())
        """, out="True\n")

    def test_behind_the_handler_of_the_exception(self):
        self.ends("""
            try:
                time.sleep(60)
            except KeyboardInterrupt:
                pass
            executor.shutdown(wait=False, cancel_futures=True)
        """)

    def test_in_a_clause_that_passes_it_on(self):
        self.ends("""
            try:
                futures[0].result()
            finally:
                executor.shutdown(wait=False, cancel_futures=True)
        """, status=-2)

    def test_with_a_status(self):
        self.ends("""
            try:
                futures[0].result()
            except KeyboardInterrupt:
                executor.shutdown(wait=False, cancel_futures=True)
                sys.exit(3)
        """, status=3)

    def test_functions_of_atexit_run(self):
        self.ends("""
            atexit.register(print, "atexit")
            try:
                futures[0].result()
            except KeyboardInterrupt:
                executor.shutdown(wait=False, cancel_futures=True)
        """, out="atexit\n")

    def test_terminated_workers(self):
        for way in ("terminate_workers", "kill_workers"):
            self.ends(f"""
                try:
                    futures[0].result()
                except KeyboardInterrupt:
                    executor.{way}()
                print(type(futures[0].exception()).__name__)
            """, out="BrokenInterpreterPool\n")

    def test_tasks_are_not_interrupted_without_cause(self):
        # An earlier Ctrl-C, before the task was submitted, does not count.
        script = Script("""
            executor = symplast.InterpreterPoolExecutor(1)
            announce()
            try:
                time.sleep(60)
            except KeyboardInterrupt:
                pass
            future = executor.submit(time.sleep, 0.1)
            while not future.running():
                time.sleep(0.001)
            executor.shutdown(wait=False, cancel_futures=True)
            print(future.result())
        """)
        got, printed, err = script.interrupt()
        self.assertEqual((got, printed), (0, "None\n"), err)
