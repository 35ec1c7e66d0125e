"""What CPython keeps for all interpreters, used in several at once: it works, or is refused with a reason, and the program ends well."""

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
        futures = [executor.submit(meet, [r for r, w in begun], [w for r, w in begun], n, task, *arguments) for n, executor in enumerate(executors)]
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
    """The types of datetime are static from 3.13 on: each interpreter that imports it makes them ready for itself, and undoes that at its end."""

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
        run(self.TASK + "assert set(in_workers(task, rounds=4)) == {expected}\nassert task() == expected\nassert set(in_workers(task)) == {expected}")

    @unittest.skipIf(__import__("sys").version_info < (3, 13), "CPython 3.12 does not survive that other interpreters end at once")
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
    """Functions with keywords keep what they know of these for all interpreters, in a list that CPython walks at the end of the program."""

    def test_functions_of_the_standard_library_that_workers_call_first(self):
        run("""
def task():
    import asyncio, concurrent.futures, datetime, hashlib, zoneinfo
    async def main():
        await asyncio.sleep(0)
    asyncio.run(main())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(abs, -1).result()
    return hashlib.md5(b"", usedforsecurity=False).hexdigest()[:4], datetime.datetime(2020, 1, 1).replace(hour=3).isoformat(sep=" ")
assert set(in_workers(task, rounds=3)) == {("d41d", "2020-01-01 03:00:00")}
gc.collect()
""")

    def test_they_work_in_the_next_interpreter(self):
        run("""
def task():
    import datetime, hashlib
    return hashlib.md5(string=b"", usedforsecurity=False).hexdigest()[:4], datetime.datetime(2020, 1, 1).replace(hour=3, minute=4).minute
for _ in range(5):
    assert in_workers(task, workers=1) == [("d41d", 4)]
assert task() == ("d41d", 4)
""")
