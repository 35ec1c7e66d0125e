"""What executors cost: no CPU time while idle, no memory that stays, nothing copied but messages."""

import sys
import unittest

import executor_case
import executor_tasks as tasks
from executor_case import ExecutorCase

# In the children below: bytes of the process in memory, and how often its threads went to sleep by themselves.
_MEASURES = """
import gc, os, symplast, executor_tasks as tasks

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def switches():
    'Voluntary context switches of each thread but this one.'
    counts = {}
    for thread in os.listdir("/proc/self/task"):
        if int(thread) != os.getpid():
            with open(f"/proc/self/task/{thread}/status") as file:
                counts[thread] = [line.split()[1] for line in file if line.startswith("voluntary")][0]
    return counts

def sleeping():
    'Whether all threads but this one sleep.'
    for thread in os.listdir("/proc/self/task"):
        if int(thread) != os.getpid():
            with open(f"/proc/self/task/{thread}/stat") as file:
                if file.read().rsplit(")")[1].split()[0] != "S":
                    return False
    return True
"""


class Idle(unittest.TestCase):
    def test_no_thread_wakes_up(self):
        # The period is as long as the main thread needs for some work of its own.
        executor_case.run(_MEASURES + """
executor = symplast.InterpreterPoolExecutor(2)
gate = os.pipe() + os.pipe()
held = [executor.submit(tasks.announce_and_wait, gate[1], gate[2]) for _ in range(2)]
os.read(gate[0], 2)

def check(what):
    while not sleeping():
        pass
    before = switches()
    for _ in range(20):
        sum(range(1_000_000))
    assert switches() == before, (what, before, switches())

check("workers at tasks in C code")
os.write(gate[3], b"gg")
for future in held:
    future.result()
executor.submit(abs, 1).result()
check("idle workers")
""")

    def test_a_waiting_main_thread_sleeps(self):
        executor_case.run(_MEASURES + """
import resource, threading
executor = symplast.InterpreterPoolExecutor(1)
gate = os.pipe() + os.pipe()
held = executor.submit(tasks.announce_and_wait, gate[1], gate[2])
os.read(gate[0], 1)

def state_of_main():
    with open(f"/proc/self/task/{os.getpid()}/stat") as file:
        return file.read().rsplit(")")[1].split()[0]

def own_switches():
    with open(f"/proc/self/task/{os.getpid()}/status") as file:
        return [line for line in file if line.startswith("voluntary")]

def observe():
    while state_of_main() != "S":
        pass
    before = own_switches()
    # In another interpreter, so that this thread does not contend for the GIL of the main thread.
    observer.submit(sum, range(3_000_000)).result()
    seen.append((before, own_switches()))
    os.write(gate[3], b"g")

seen = []
observer = symplast.InterpreterPoolExecutor(1)
observer.submit(abs, 1).result()
watching = threading.Thread(target=observe)
watching.start()
held.result()
watching.join()
assert seen[0][0] == seen[0][1], seen
""")


class Memory(unittest.TestCase):
    def test_tasks_leave_nothing(self):
        executor_case.run(_MEASURES + """
data = symplast.freeze([["x" * 50] * 10])
with symplast.InterpreterPoolExecutor(2) as executor:
    def some():
        for n in range(3000):
            executor.submit(tasks.give, data, n, {"n": [n] * 10})
        assert len(list(executor.map(tasks.square, range(3000), chunksize=7))) == 3000
        for future in [executor.submit(divmod, 1, 0) for _ in range(300)]:
            assert future.exception()
        for future in [executor.submit(tasks.give, tasks.Refuses()) for _ in range(300)]:
            assert future.exception()
        list(executor.map(abs, [1]))
    some()
    some()
    before = resident()
    some()
    some()
    assert resident() - before < 3_000_000, (before, resident())
""")

    @unittest.skipIf(sys.version_info < (3, 13),
                     "3.12 leaks all memory of every interpreter that has ended (gh-113055), theirs as ours")
    def test_executors_leave_no_more_than_plain_interpreters(self):
        # CPython itself leaks something with every interpreter; both sides import the same.
        executor_case.run(_MEASURES + """
import sys, threading
from subinterpreters import Interpreter

def plain():
    'What a worker is, without symplast: a thread with an interpreter that imports what worker.py does.'
    def run():
        with Interpreter() as other:
            other.run("import io, marshal, pickle, copyreg, traceback, functools, collections, threading, executor_tasks")
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

def ours():
    with symplast.InterpreterPoolExecutor(1) as executor:
        assert executor.submit(tasks.give, data, 1).result()[0][0] is data

def growth(use, times):
    use(); use()
    before = resident()
    for _ in range(times):
        use()
    return (resident() - before) / times

data = symplast.freeze(["x"] * 10)
times = 20
theirs, mine = growth(plain, times), growth(ours, times)
print(f"{theirs / 1e3:.0f} KB an interpreter, {mine / 1e3:.0f} KB a worker", file=sys.stderr)
assert mine < theirs * 1.3 + 250_000, (theirs, mine)
""")

    def test_futures_and_results_are_let_go(self):
        import gc
        import weakref

        import symplast

        with symplast.InterpreterPoolExecutor(1) as executor:
            for submit in (
                lambda: executor.submit(tasks.Box, 5),
                lambda: executor.submit(tasks.fail, tasks.PlainError, 5),
            ):
                future = submit()
                value = future.exception() or future.result()
                gone = weakref.ref(future), weakref.ref(value)
                del future, value
                gc.collect()
                self.assertEqual([ref() for ref in gone], [None, None])
            arguments = tasks.Box(1)
            gone = weakref.ref(arguments)
            executor.submit(tasks.give, arguments).result()
            del arguments
            self.assertIsNone(gone())


class Large(ExecutorCase):
    def test_a_hundred_megabytes_there_and_back(self):
        executor = self.executor(1)
        data = bytes(100_000_000)
        back = executor.submit(tasks.give, data).result()
        self.assertEqual(len(back), len(data))
        self.assertEqual(back, data)

    def test_a_large_frozen_object_is_not_copied(self):
        executor_case.run(_MEASURES + """
data = symplast.freeze([bytes(100_000_000)])
with symplast.InterpreterPoolExecutor(2) as executor:
    list(executor.map(len, [data] * 4))
    before = resident()
    assert all(back is data for back in executor.map(tasks.give, [data] * 50))
    assert resident() - before < 20_000_000
""")
