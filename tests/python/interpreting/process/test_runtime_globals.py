"""
What CPython keeps for all interpreters, used in several at once: it works, or is refused with a reason, and the program ends
well.
"""

import os
import sys
import unittest

import executor_case


def run(source, **options):
    """Runs a program in a process of its own; returns what it printed."""
    return executor_case.run(BEGIN + source, **options)


BEGIN = """\
import gc, os, signal, sys, threading
import symplast
from symplast import InterpreterPoolExecutor

def in_workers(task, *arguments, workers=2, rounds=1):
    'What a task returns in workers that run it at once, and end at once.'
    results = []
    for _ in range(rounds):
        begun = [os.pipe() for _ in range(workers)]
        executors = [InterpreterPoolExecutor(1) for _ in range(workers)]
        futures = [executor.submit(meet, [r for r, w in begun], [w for r, w in begun], n, task, *arguments)
                   for n, executor in enumerate(executors)]
        results += [future.result() for future in futures]
        for executor in executors:
            executor.shutdown(wait=False)
        for executor in executors:
            executor.shutdown()
        for descriptor in sum(begun, ()):
            os.close(descriptor)
    return results

def meet(read, write, number, task, *arguments):
    'Runs a task when all the others are about to.'
    import os
    for descriptor in write:
        os.write(descriptor, b"x")
    for _ in write:
        os.read(read[number], 1)
    return task(*arguments)
"""


class StaticTypes(unittest.TestCase):
    """
    The types of datetime are static from 3.13 on: each interpreter that imports it makes them ready for itself, and undoes that
    at its end.
    """

    TASK = """
def task():
    from datetime import date, datetime, timedelta, timezone
    class Day(date):
        pass
    later = datetime.fromisoformat("2020-02-29T12:00:00+00:00") + timedelta(days=1)
    return later.isoformat(), Day(2020, 1, 1).isoformat(), datetime.now(tz=timezone.utc) > later, len(date.__subclasses__())
expected = ("2020-03-01T12:00:00+00:00", "2020-01-01", True, 2)
"""

    def test_workers_that_import_datetime_at_once_and_end_at_once(self):
        run(self.TASK + "assert set(in_workers(task, workers=3, rounds=15)) == {expected}")

    def test_the_program_has_imported_it_too(self):
        run("import datetime\n" + self.TASK + "assert set(in_workers(task, rounds=8)) == {expected}\nassert task() == expected")

    def test_the_program_imports_it_afterwards(self):
        run(self.TASK + "assert set(in_workers(task, rounds=4)) == {expected}\nassert task() == expected\nassert "
            "set(in_workers(task)) == {expected}")

    @unittest.skipIf(sys.version_info < (3, 13), "CPython 3.12 does not survive that other interpreters end at once")
    def test_other_interpreters(self):
        run(self.TASK + """
import inspect
from subinterpreters import Interpreter
source = "import symplast\\n" + TASK + "assert task() == expected"
def use():
    for _ in range(10):
        with Interpreter() as other:
            other.run(source)
threads = [threading.Thread(target=use) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
""".replace("TASK", repr(self.TASK)))


class ParsersOfArguments(unittest.TestCase):
    """
    Functions with keywords keep what they know of these for all interpreters, in a list that CPython walks at the end of the
    program.
    """

    def test_functions_of_the_standard_library_that_workers_call_first(self):
        run("""
def task():
    import asyncio, concurrent.futures, datetime, hashlib, zoneinfo
    async def main():
        await asyncio.sleep(0)
    asyncio.run(main())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(abs, -1).result()
    return hashlib.md5(b"", usedforsecurity=False).hexdigest()[:4], datetime.datetime(2020, 1, 1).replace(hour=3).isoformat(
        sep=" ")
assert set(in_workers(task, rounds=3)) == {("d41d", "2020-01-01 03:00:00")}
gc.collect()
""")

    def test_they_work_in_the_next_interpreter(self):
        run("""
def task():
    import datetime, hashlib
    return hashlib.md5(string=b"", usedforsecurity=False).hexdigest()[:4], datetime.datetime(2020, 1, 1).replace(
        hour=3, minute=4).minute
for _ in range(5):
    assert in_workers(task, workers=1) == [("d41d", 4)]
assert task() == ("d41d", 4)
""")


class Faulthandler(unittest.TestCase):
    """The handler, and the file that it writes to, are the process's."""

    def test_a_worker_finds_it_enabled(self):
        run("""
import faulthandler
faulthandler.enable()
def task():
    import faulthandler, sys
    faulthandler.enable()
    faulthandler.enable(file=sys.stderr, all_threads=False)
    faulthandler.enable(2)
    return faulthandler.is_enabled(), faulthandler.disable(), faulthandler.is_enabled()
assert set(in_workers(task, rounds=3)) == {(True, False, True)}
gc.collect()
assert faulthandler.is_enabled()
assert faulthandler.disable()
assert not faulthandler.is_enabled()
""")

    def test_a_worker_enables_it_for_the_process(self):
        run("""
import faulthandler, tempfile
faulthandler.disable()
def task(leave):
    import faulthandler, gc, os, tempfile
    gc.collect()
    with tempfile.TemporaryFile("w") as file:
        before = faulthandler.is_enabled()
        faulthandler.enable(file=file, all_threads=True)
        during = faulthandler.is_enabled()
        if not leave:
            return before, during, faulthandler.disable(), faulthandler.disable(), faulthandler.is_enabled()
def descriptors():
    return len(os.listdir("/proc/self/fd"))
with InterpreterPoolExecutor(1) as one, InterpreterPoolExecutor(1) as two:
    assert one.submit(task, False).result() == (False, True, True, False, False)
    before = descriptors()
    for _ in range(20):
        assert one.submit(task, False).result() == (False, True, True, False, False)
    assert descriptors() == before
    one.submit(task, True).result()
    assert faulthandler.is_enabled()
    # It goes with the last that has asked for it.
    assert two.submit(task, False).result() == (True, True, False, False, True)
    assert one.submit(task, False).result() == (True, True, True, False, False)
    one.submit(task, True).result()
assert faulthandler.is_enabled()
with open(os.devnull, "w") as null:
    faulthandler.enable(null)
    assert in_workers(task, False) == [(True, True, False, False, True)] * 2
    assert faulthandler.disable()
""")

    def test_what_it_writes(self):
        for where in ("worker", "program"):
            for ended in (False, True):
                with self.subTest(where, ended=ended):
                    with self.assertRaises(executor_case.child.ChildFailed) as raised:
                        run(f"""
import tempfile
def enable():
    import faulthandler, os
    with open(os.dup(2), "w") as file:
        faulthandler.enable(file)
def fail_here():
    import signal
    signal.raise_signal(signal.SIGABRT)
faulthandler.disable()
executor = InterpreterPoolExecutor(1)
executor.submit(enable).result()
if {ended}:
    executor.shutdown()
    executor = InterpreterPoolExecutor(1)
executor.submit(fail_here).result() if {where!r} == "worker" else fail_here()
""")
                    self.assertIn("Fatal Python error: Aborted", str(raised.exception))
                    self.assertIn("in fail_here", str(raised.exception))
                    self.assertIn("SIGABRT", str(raised.exception))

    def test_arguments(self):
        run("""
def task():
    import faulthandler, io, os, sys
    def error(call, *arguments, **options):
        try:
            call(*arguments, **options)
        except Exception as exc:
            return type(exc).__name__
    assert error(faulthandler.enable, io.StringIO()) == "UnsupportedOperation"
    assert error(faulthandler.enable, -1) == "ValueError"
    assert error(faulthandler.enable, 10**6) == "OSError"
    assert error(faulthandler.enable, nonsense=1) == "TypeError"
    assert error(faulthandler.disable, 1) == "TypeError"
    sys.stderr = None
    assert error(faulthandler.enable) == "RuntimeError"
    return faulthandler.is_enabled()
import faulthandler
faulthandler.disable()
assert in_workers(task) == [False, False]
""")

    def test_tracebacks_are_of_the_calling_interpreters_threads(self):
        run("""
def task(number):
    import faulthandler, tempfile, threading
    started, stop = threading.Event(), threading.Event()
    def in_a_thread():
        started.set()
        stop.wait()
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    started.wait()
    with tempfile.TemporaryFile("w+") as file:
        for all_threads in (True, False):
            for _ in range(20):
                faulthandler.dump_traceback(file, all_threads=all_threads)
        file.seek(0)
        text = file.read()
    stop.set()
    thread.join()
    return text.count("in in_a_thread"), text.count("in task")
def in_the_program():
    stop.wait()
stop = threading.Event()
thread = threading.Thread(target=in_the_program)
thread.start()
assert in_workers(task, 1) == [(20, 40)] * 2
stop.set()
""")

    def test_what_looks_at_a_worker_later_is_refused(self):
        run("""
import faulthandler
faulthandler.dump_traceback_later(1000)
def task():
    import faulthandler, signal
    for call in (lambda: faulthandler.dump_traceback_later(1000, exit=True), lambda: faulthandler.register(signal.SIGUSR1),
                 lambda: faulthandler.unregister(signal.SIGUSR1)):
        try:
            call()
        except RuntimeError as error:
            assert "main interpreter" in str(error)
        else:
            return "not refused"
    faulthandler.cancel_dump_traceback_later()
assert in_workers(task) == [None] * 2
faulthandler.cancel_dump_traceback_later()
""")


class Input(unittest.TestCase):
    """Modules of which workers have private copies set what CPython calls while it waits for a line."""

    PROGRAM = executor_case.WATCHDOG + BEGIN + """
def task():
    import readline
    readline.set_completer(lambda text, state: None)
    readline.set_startup_hook(lambda: None)
    readline.parse_and_bind("tab: complete")
    readline.add_history("x")
    return readline.get_current_history_length()
before = sys.argv[1] == "before"
if before:
    import readline
    readline.add_history("first")
    readline.set_startup_hook(lambda: print("hook", flush=True))
assert set(in_workers(task, rounds=2)) == {1}
print(repr(input("line? ")), flush=True)
with InterpreterPoolExecutor(1) as executor:
    executor.submit(task).result()
    print(repr(input("line? ")), flush=True)
if before:
    assert readline.get_current_history_length() == 3
"""

    def test_lines_are_read_after_the_end_of_a_worker_that_had_readline(self):
        try:
            import pty
            import readline  # noqa: F401
        except ImportError as missing:
            self.skipTest(str(missing))
        import subprocess
        for when in ("before", "never"):
            with self.subTest(when):
                outer, inner = pty.openpty()
                try:
                    command = [sys.executable, "-W", "ignore", "-X", "faulthandler", "-c", self.PROGRAM, when]
                    variables = {**os.environ, "TERM": "dumb"}
                    with subprocess.Popen(command, stdin=inner, stdout=inner, stderr=subprocess.PIPE, env=variables) as program:
                        os.write(outer, b"one\ntwo\n")
                        errors = program.stderr.read()
                        self.assertEqual(program.wait(), 0, errors.decode())
                    shown = os.read(outer, 10000).decode()
                    self.assertIn("'one'", shown)
                    self.assertIn("'two'", shown)
                    self.assertEqual(shown.count("hook"), 2 if when == "before" else 0)
                finally:
                    os.close(outer)
                    os.close(inner)
