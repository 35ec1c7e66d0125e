"""
Signal handlers: what they raise reaches whoever waits, and what they interrupt loses nothing, whatever they call themselves.
"""

import unittest

import executor_case

# Signals come at another moment of the call each time, by a clock: which ones meet what differs from run to run, the outcome may
# not.
_BEGIN = '''
import collections, gc, itertools, signal, sys, threading, time
import symplast, executor_tasks as tasks
from concurrent import futures

class Alarm(Exception):
    pass

rings, absent = 0, object()

def ring(number, frame):
    global rings
    rings += 1
    raise Alarm

class Slow:
    'Takes long to pickle or unpickle, in Python code.'
    def __init__(self, there=0, back=0):
        self.there, self.back = there, back
    def __reduce__(self):
        for n in range(self.there):
            pass
        return rebuild, (self.there, self.back)

def rebuild(there, back):
    for n in range(back):
        pass
    return Slow(there, back)

scale = 1.0

def interrupted(action, number, most=0.0003):
    """
    Calls action() with a signal at some moment up to *most* seconds, which is more or less as the machine is slower or faster:
    half of many calls are interrupted. Returns what action() returned, or None if Alarm came out.
    """
    global scale
    result, before = absent, rings
    try:
        try:
            # Less than a microsecond would be none at all.
            signal.setitimer(signal.ITIMER_REAL, max(2e-6, scale * most * (number % 97 + 1) / 97))
            result = action()
        finally:
            left = signal.setitimer(signal.ITIMER_REAL, 0)[0]
            # If another thread has received the signal, it comes late. The power looks for signals, even if CPython 3.12 has lost
            # the sign that there are some.
            for _ in range(500 if left == 0 and signal.getsignal(signal.SIGALRM) is ring else 0):
                if rings != before:
                    break
                pow(3, 1 << 200, 7)
                time.sleep(0.0001)
    except Alarm:
        if result is absent:
            scale *= 1.03
            return None
    scale /= 1.03
    return result
'''


def run(source):
    return executor_case.run(_BEGIN + source)


class Handlers(unittest.TestCase):
    """A handler that interrupts a call of an executor may call the executor."""

    def test_submit_in_a_handler(self):
        run("""
inner, outer = [], []
signal.signal(signal.SIGALRM, lambda number, frame: inner.append(executor.submit(abs, -2)))
for turn in range(5):
    with symplast.InterpreterPoolExecutor(3) as executor:
        for number in range(100):
            outer.append(interrupted(lambda: executor.submit(abs, -1), number, 0.001 if number < 5 else 0.0001))
assert [future.result() for future in outer] == [1] * 500
assert [future.result() for future in inner] == [2] * len(inner) and inner
""")

    def test_shutdown_in_a_handler(self):
        # The handler that programs have for SIGTERM.
        run("""
for wait in (False, True):
    for number in range(20):
        executor = symplast.InterpreterPoolExecutor(2)
        submitted = []
        signal.signal(signal.SIGALRM, lambda number, frame: executor.shutdown(wait=wait, cancel_futures=True))
        signal.setitimer(signal.ITIMER_REAL, 0.00006 * (number + 1))
        try:
            while True:
                submitted.append(executor.submit(abs, -1))
        except RuntimeError as error:
            assert "after shutdown" in str(error), error
        executor.shutdown()
        assert {future.cancelled() or future.result() for future in submitted} <= {True, 1}
""")

    def test_result_in_a_handler_that_interrupts_result(self):
        run("""
with symplast.InterpreterPoolExecutor(2) as executor:
    signal.signal(signal.SIGALRM, lambda number, frame: seen.append(future.result()))
    seen = []
    for number in range(300):
        future = executor.submit(Slow, 0, 2000)
        assert interrupted(future.result, number, 0.0008).back == 2000
    assert all(each.back == 2000 for each in seen) and seen
""")

    def test_waiting_for_the_workers_in_a_handler_that_waits_for_them(self):
        run("""
for number in range(20):
    executor = symplast.InterpreterPoolExecutor(2)
    done = [executor.submit(abs, -1) for _ in range(4)]
    signal.signal(signal.SIGALRM, lambda number, frame: executor.shutdown())
    interrupted(executor.shutdown, 5 * number, 0.03)
    assert [future.result() for future in done] == [1] * 4
""")


class Exceptions(unittest.TestCase):
    """What a handler raises comes out of the call that it interrupts, which can be made again."""

    def test_in_submit(self):
        run("""
signal.signal(signal.SIGALRM, ring)
with symplast.InterpreterPoolExecutor(3) as executor:
    count = symplast.AtomicInt()
    returned = interruptions = 0
    for number in range(3000):
        future = interrupted(lambda: executor.submit(count.add, 1), number, 0.00005)
        if future is None:
            interruptions += 1
        else:
            returned += 1
            assert future.exception() is None, future.exception()
    assert interruptions and returned
assert returned <= count.value <= 3000, (returned, interruptions, count.value)
""")

    def test_in_the_first_submit(self):
        # Which starts a worker.
        run("""
signal.signal(signal.SIGALRM, ring)
for number in range(0, 97, 5):
    with symplast.InterpreterPoolExecutor(2) as executor:
        for each in range(3):
            future = interrupted(lambda: executor.submit(abs, -1), number, 0.001)
            assert future is None or future.result() == 1
        assert executor.submit(abs, -2).result() == 2
        assert len(executor._threads) <= 2
""")

    def test_live_objects_of_interrupted_calls_are_not_kept(self):
        run("""
signal.signal(signal.SIGALRM, ring)
with symplast.Pool() as pool, symplast.InterpreterPoolExecutor(1) as executor:
    with pool.allocating():
        executor.submit(len, symplast.Dict()).result()
        came = set()
        for number in range(3000):
            future = interrupted(lambda: executor.submit(len, symplast.Dict()), number, 0.00006)
            came.add(future is None)
            if future is not None:
                assert future.result() == 0
        assert len(came) == 2
        executor.submit(abs, 1).result()
    del future
executor.shutdown()
gc.collect()
assert not pool.stats().live, pool.stats().live
""".replace("with symplast.Pool() as pool, symplast", "pool = symplast.Pool()\nwith symplast"))

    def test_in_the_pickling_of_arguments_and_globals(self):
        run("""
signal.signal(signal.SIGALRM, ring)
slow = Slow(3000)
def use():
    return slow.there
with symplast.InterpreterPoolExecutor(1) as executor:
    came = set()
    for number in range(300):
        future = interrupted(lambda: executor.submit(use) if number % 2 else executor.submit(type, Slow(3000)), number, 0.0004)
        came.add(future is None)
        if future is not None:
            assert future.exception() is None, future.exception()
        slow = Slow(3000 + number)
    assert len(came) == 2
    assert executor.submit(use).result() == slow.there
""")

    def test_in_result(self):
        run("""
signal.signal(signal.SIGALRM, ring)
with symplast.InterpreterPoolExecutor(2) as executor:
    came = set()
    for number in range(400):
        future = executor.submit(Slow, 0, 3000)
        came.add(interrupted(future.result, number, 0.0008) is None)
        assert future.result().back == 3000
    assert len(came) == 2
""")

    def test_again_and_again_in_result(self):
        run("""
signal.signal(signal.SIGALRM, ring)
with symplast.InterpreterPoolExecutor(2) as executor:
    for number in range(50):
        future = executor.submit(Slow, 0, 5000)
        for again in range(10):
            interrupted(future.result, number + 9 * again, 0.0005)
        assert future.result().back == 5000
""")

    def test_in_callbacks(self):
        run("""
signal.signal(signal.SIGALRM, ring)
def callback(future):
    for n in range(1000):
        pass
    called[future] += 1
with symplast.InterpreterPoolExecutor(1) as executor:
    called, came = collections.Counter(), 0
    for number in range(400):
        future = executor.submit(tasks.give, 1)
        # In append no handler can come in between, as it could before a line of Python that counts.
        begun = []
        for each in (callback, begun.append, begun.append):
            future.add_done_callback(each)
        came += interrupted(future.result, number, 0.0004) is None
        assert future.result() == 1
        executor.submit(abs, 1).result()
        assert begun == [future] * 2 and called[future] <= 1, (begun, called[future])
    assert came
""")

    def test_in_cancel_and_shutdown(self):
        run("""
signal.signal(signal.SIGALRM, ring)
for number in range(25):
    executor = symplast.InterpreterPoolExecutor(1)
    submitted = [executor.submit(abs, -1) for _ in range(200)]
    ended = []
    for future in submitted:
        # In C, so that it cannot be interrupted itself.
        future.add_done_callback(ended.append)
    interrupted(lambda: [future.cancel() for future in submitted[150:]], number)
    interrupted(lambda: executor.shutdown(cancel_futures=True), number)
    executor.shutdown()
    futures.wait(submitted)
    assert all(future.cancelled() or future.result() == 1 for future in submitted)
    assert len(ended) == 200 and set(ended) == set(submitted), len(ended)
""")

    def test_in_map(self):
        run("""
signal.signal(signal.SIGALRM, ring)
with symplast.InterpreterPoolExecutor(2) as executor:
    for number in range(100):
        results = interrupted(lambda: list(executor.map(abs, range(50))), number, 0.003)
        assert results in (None, list(range(50)))
    assert list(executor.map(abs, [-1])) == [1]
""")


class RecordedSignals(unittest.TestCase):
    """
    A signal that comes between a check for signals and the system call that sleeps is recorded, but does not end the sleep. So it
    is with one that another thread receives, because the main thread blocks it.
    """

    def test_every_wait_notices_them(self):
        run("""
signal.signal(signal.SIGALRM, ring)
event, lock, queue = symplast.Event(), symplast.Lock(), symplast.Queue()
meeting, changed = symplast.Barrier(2), symplast.Condition()
lock.acquire()
interpreter = symplast.Interpreter()
executor = symplast.InterpreterPoolExecutor(1)

def wait_for_a_change():
    with changed:
        changed.wait()

def other_waits(main=threading.main_thread().native_id):
    "Sends a signal to the process each time the main thread sleeps."
    for _ in waits:
        go.acquire()
        while open(f"/proc/self/task/{main}/stat").read().rsplit(")")[1].split()[0] != "S":
            time.sleep(0.01)
        signal.raise_signal(signal.SIGALRM)

waits = [event.wait, lock.acquire, queue.get, lambda: meeting.wait(60), wait_for_a_change, executor.submit(event.wait).result,
         lambda: interpreter.call(eval, "1 + 1") and interpreter.call(event.wait)]
go = threading.Semaphore(0)
other = threading.Thread(target=other_waits)
other.start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
for wait in waits:
    go.release()
    try:
        wait()
    except Alarm:
        continue
    raise AssertionError(wait)
event.set()
executor.shutdown()
""")


class WhatIsNoSignal(unittest.TestCase):
    def test_an_exception_like_that_of_a_handler_stays_the_futures(self):
        run("""
signal.signal(signal.SIGALRM, ring)
class Refuses:
    def __reduce__(self):
        refuse(sys._getframe())
def refuse(frame):
    raise Alarm("not from a signal")
with symplast.InterpreterPoolExecutor(1) as executor:
    assert isinstance(executor.submit(abs, Refuses()).exception(), Alarm)
""")

    def test_handlers_of_all_kinds(self):
        run("""
import functools
class Callable:
    def __call__(self, number, frame):
        del frame
        raise Alarm
    def method(self, number, frame):
        frame = None
        raise Alarm
def other(*arguments):
    raise Alarm
def extended(more, number, frame):
    del frame
    raise Alarm
class Rings:
    def __reduce__(self):
        signal.raise_signal(signal.SIGALRM)
        return abs, (1,)
with symplast.InterpreterPoolExecutor(1) as executor:
    for handler in (Callable(), Callable().method, other, functools.partial(extended, 1), ring,
                    lambda *arguments: ring(*arguments)):
        signal.signal(signal.SIGALRM, handler)
        for arguments in ([Rings()], [[{"x": Rings()}]], [lambda rings=Rings(): rings]):
            try:
                executor.submit(abs, *arguments)
            except Alarm:
                continue
            assert False, handler
""")
