"""Ctrl-C: the program ends at once, whatever its workers do, and as programs end that Ctrl-C ends."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

import child
import executor_case

# Each script says "ready" when its workers are at their tasks, and then waits for what never comes.
_BEGIN = """
import _thread, concurrent.futures, os, signal, sys, threading, time
import symplast
import executor_tasks as tasks

# As in the foreground job of a shell, however the tests themselves were started.
signal.signal(signal.SIGINT, signal.default_int_handler)
gate = os.pipe() + os.pipe()
starting = threading.Lock()

def begin(executor, task, count=2):
    'Lets count workers begin a task that never ends; says so when they are at it.'
    submitted = []
    for n in range(count):
        submitted.append(executor.submit(task, *(gate[1], gate[2])[:task.__code__.co_argcount]))
    for n in range(count):
        os.read(gate[0], 1)
    submitted += [executor.submit(abs, n) for n in range(10)]
    announce()
    return submitted

def announce():
    'Has another thread say so when the main thread sleeps in what it does next.'
    with starting:
        _thread.start_new_thread(say_ready, (threading.get_native_id(),))

def say_ready(main):
    # Not yet in the start of this thread, nor for the GIL, which is free for most of this loop.
    with starting:
        looks = 0
    while looks < 20:
        time.sleep(0.001)
        looks = looks + 1 if sleeps(main) else 0
    print('ready', flush=True)

def sleeps(thread):
    with open(f'/proc/self/task/{thread}/stat') as file:
        return file.read().rsplit(')')[1].split()[0] == 'S'
"""

LOOP, STUCK = "tasks.announce_and_loop", "tasks.announce_and_wait"


class Script:
    """A program that gets SIGINT when it says "ready"; it runs from its creation on."""

    def __init__(self, source):
        code = child.prelude() + executor_case.WATCHDOG + _BEGIN + textwrap.dedent(source)
        # A file: python -c ends with status 1 on 3.13, whatever the program is. In a folder of its own, which Python looks into
        # for modules first.
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "script.py")
        with open(path, "w") as file:
            file.write(code)
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )

    def interrupt(self):
        """Sends the signal in time; returns status, all of stdout but the ready line, and stderr."""
        line = self.process.stdout.readline()
        if line == "ready\n":
            self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate()
        self.folder.cleanup()
        if line != "ready\n":
            raise child.ChildFailed(f"{line}{out}{err}")
        return self.process.returncode, out, err


class Interrupted(unittest.TestCase):
    def ends(self, source, status=-signal.SIGINT, out=""):
        """
        Both for workers that compute in Python and for workers that cannot be stopped; the watchdog ends what hangs with status
        1.
        """
        kinds = (LOOP, STUCK) if "TASK" in source else (LOOP,)
        for task, script in [(task, Script(source.replace("TASK", task))) for task in kinds]:
            with self.subTest(task):
                got, printed, err = script.interrupt()
                self.assertEqual((got, printed), (status, out), err)
                self.assertNotIn("Fatal", err)
                if status == -signal.SIGINT:
                    self.assertTrue(err == "" or err.rstrip().endswith("KeyboardInterrupt"), err)

    def test_in_result_with_a_block(self):
        self.ends("""
            with symplast.InterpreterPoolExecutor(2) as executor:
                begin(executor, TASK)[0].result()
        """)

    def test_in_result_without_a_block(self):
        self.ends("""
            executor = symplast.InterpreterPoolExecutor(2)
            begin(executor, TASK)[0].result()
        """)

    def test_in_result_with_a_timeout(self):
        self.ends("""
            executor = symplast.InterpreterPoolExecutor(2)
            begin(executor, TASK)[0].result(50)
        """)

    def test_in_map(self):
        self.ends("""
            with symplast.InterpreterPoolExecutor(2) as executor:
                begin(executor, TASK)
                list(executor.map(abs, range(100)))
        """)

    def test_in_wait_and_as_completed(self):
        for wait in ("concurrent.futures.wait(futures)", "list(concurrent.futures.as_completed(futures))"):
            self.ends(f"""
                executor = symplast.InterpreterPoolExecutor(2)
                futures = begin(executor, TASK)
                {wait}
            """)

    def test_in_shutdown(self):
        self.ends("""
            executor = symplast.InterpreterPoolExecutor(2)
            begin(executor, TASK)
            executor.shutdown()
        """)

    def test_at_the_end_of_the_block(self):
        self.ends("""
            with symplast.InterpreterPoolExecutor(2) as executor:
                begin(executor, TASK)
        """)

    def test_at_the_end_of_the_program(self):
        self.ends("""
            executor = symplast.InterpreterPoolExecutor(2)
            begin(executor, TASK)
        """)

    def test_in_code_that_does_not_wait_for_the_workers(self):
        self.ends("""
            executor = symplast.InterpreterPoolExecutor(2)
            begin(executor, TASK)
            time.sleep(60)
        """)

    def test_with_several_executors(self):
        self.ends("""
            executors = [symplast.InterpreterPoolExecutor(1) for _ in range(4)]
            for executor in executors[:-1]:
                executor.submit(TASK, *(gate[1], gate[2])[:TASK.__code__.co_argcount])
            for executor in executors[:-1]:
                os.read(gate[0], 1)
            begin(executors[-1], TASK, 1)[0].result()
        """)

    def test_in_the_initializer(self):
        self.ends("""
            executor = symplast.InterpreterPoolExecutor(1, initializer=TASK,
                                                        initargs=(gate[1], gate[2])[:TASK.__code__.co_argcount])
            future = executor.submit(abs, 1)
            os.read(gate[0], 1)
            announce()
            future.result()
        """)

    def test_long_arithmetic(self):
        got, _, err = Script("""
            with symplast.InterpreterPoolExecutor(1) as executor:
                executor.submit(os.write, gate[1], b"s").result()
                future = executor.submit(pow, 3, 10**9)
                announce()
                future.result()
        """).interrupt()
        self.assertEqual(got, -signal.SIGINT, err)

    def test_files_and_atexit_handlers_are_not_forgotten(self):
        self.ends("""
            import atexit
            atexit.register(print, "atexit")
            print("begun")
            executor = symplast.InterpreterPoolExecutor(2)
            begin(executor, TASK)[0].result()
        """.replace('print("begun")', "pass"), out="atexit\n")

    def test_caught_by_the_program(self):
        for wait in ("futures[0].result()", "executor.shutdown()"):
            self.ends(f"""
                try:
                    with symplast.InterpreterPoolExecutor(2) as executor:
                        futures = begin(executor, tasks.announce_and_loop)
                        {wait}
                except KeyboardInterrupt:
                    print("caught", [future.cancelled() for future in futures[2:]] == [True] * 10)
                    print({{type(future.exception()).__name__ for future in futures[:2]}})
                print("end")
            """, status=0, out="caught True\n{'KeyboardInterrupt'}\nend\n")

    def test_caught_with_workers_that_cannot_be_stopped(self):
        # The program goes on; at its end it does not wait for them, and has its own status.
        got, out, err = Script("""
            try:
                with symplast.InterpreterPoolExecutor(2) as executor:
                    begin(executor, tasks.announce_and_wait)[0].result()
            except KeyboardInterrupt:
                print("caught")
            with symplast.InterpreterPoolExecutor(1) as executor:
                print(executor.submit(abs, -2).result())
        """).interrupt()
        self.assertEqual((got, out), (0, "caught\n2\n"), err)

    def test_caught_and_the_executor_used_on(self):
        got, out, err = Script("""
            with symplast.InterpreterPoolExecutor(2) as executor:
                future = begin(executor, tasks.announce_and_wait, 1)[0]
                try:
                    future.result()
                except KeyboardInterrupt:
                    print("caught", future.running())
                print(executor.submit(abs, -3).result())
                os.write(gate[3], b"g")
                print(future.result())
        """).interrupt()
        self.assertEqual((got, out), (0, "caught True\n3\nNone\n"), err)

    def test_while_idle(self):
        got, out, err = Script("""
            executor = symplast.InterpreterPoolExecutor(2)
            print(executor.submit(abs, -3).result(), file=sys.stderr)
            announce()
            signal.pause()
        """).interrupt()
        self.assertEqual((got, out), (-signal.SIGINT, ""), err)

    def test_while_answers_stream_in(self):
        # The main thread takes them in itself, and must neither lose an answer nor the interrupt.
        got, out, err = Script("""
            with symplast.InterpreterPoolExecutor(2) as executor:
                futures = [executor.submit(abs, 1)]
                futures[0].result()
                try:
                    print("ready", flush=True)
                    while True:
                        futures = [executor.submit(tasks.give, n) for n in range(200)]
                        for n, future in enumerate(futures):
                            assert future.result() == n
                except KeyboardInterrupt:
                    print("caught")
                concurrent.futures.wait(futures)
                print(executor.submit(abs, -3).result())
        """).interrupt()
        self.assertEqual((got, out), (0, "caught\n3\n"), err)

    def test_other_signals_are_handled_while_waiting(self):
        got, out, err = Script("""
            signal.signal(signal.SIGALRM, lambda *_: os.write(gate[3], b"g"))
            with symplast.InterpreterPoolExecutor(1) as executor:
                future = executor.submit(tasks.announce_and_wait, gate[1], gate[2], 5)
                os.read(gate[0], 1)
                signal.setitimer(signal.ITIMER_REAL, 0.01)
                print(future.result(), file=sys.stderr)
            # signal.pause() would sleep on if the signal came just before it; a byte in a pipe is not missed.
            woken, wake = os.pipe()
            os.set_blocking(wake, False)
            signal.set_wakeup_fd(wake)
            print("ready", flush=True)
            os.read(woken, 1)
        """).interrupt()
        self.assertEqual((got, out), (-signal.SIGINT, ""), err)
        self.assertTrue(err.startswith("5\n"), err)

    def test_a_task_may_clean_up(self):
        # With more time than a busy machine needs; that the program does not wait longer than it says is for other tests.
        self.ends("""
            import symplast.crew
            symplast.crew._GRACE = 20
            with symplast.InterpreterPoolExecutor(2) as executor:
                begin(executor, tasks.loop_and_clean_up)[0].result()
        """, out="clean\nclean\n")
