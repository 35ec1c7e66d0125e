"""What cannot leave its interpreter is refused with a word on what to use instead."""

import asyncio
import collections
import concurrent.futures
import multiprocessing
import multiprocessing.managers
import queue
import socket
import sqlite3
import threading
import unittest
import warnings

import child
import symplast
from fixtures import new_pool


def generate():
    yield 1


async def generate_async():
    yield 1


def proxy(kind):
    # Without a manager, which would be a process.
    made = kind.__new__(kind)
    made._token = made._id = None
    made._isauto = False
    kind.__repr__ = object.__repr__
    return made


spawning = multiprocessing.get_context("spawn")

# By kind: a function that makes an object, and what to use in its place.
REFUSED = {
    "threading.Lock": (threading.Lock, "use symplast.Lock"),
    "threading.RLock": (threading.RLock, "use symplast.RLock"),
    "threading.Condition": (threading.Condition, "use symplast.Condition"),
    "threading.Event": (threading.Event, "use symplast.Event"),
    "threading.Semaphore": (threading.Semaphore, "use symplast.Semaphore"),
    "threading.BoundedSemaphore": (threading.BoundedSemaphore, "use symplast.BoundedSemaphore"),
    "threading.Barrier": (lambda: threading.Barrier(2), "use symplast.Barrier"),
    "threading.Thread": (threading.Thread, "start it where it is to run"),
    "threading.local": (threading.local, "use a global that the initializer= of the executor sets"),
    "queue.Queue": (queue.Queue, "use symplast.Queue"),
    "queue.PriorityQueue": (queue.PriorityQueue, "use symplast.Queue"),
    "queue.SimpleQueue": (queue.SimpleQueue, "use symplast.SimpleQueue"),
    "asyncio.locks.Lock": (asyncio.Lock, "use symplast.Lock"),
    "asyncio.queues.Queue": (asyncio.Queue, "use symplast.Queue"),
    "multiprocessing.synchronize.Lock": (spawning.Lock, "use symplast.Lock"),
    "multiprocessing.synchronize.RLock": (spawning.RLock, "use symplast.RLock"),
    "multiprocessing.synchronize.Condition": (spawning.Condition, "use symplast.Condition"),
    "multiprocessing.synchronize.Event": (spawning.Event, "use symplast.Event"),
    "multiprocessing.synchronize.Semaphore": (spawning.Semaphore, "use symplast.Semaphore"),
    "multiprocessing.synchronize.BoundedSemaphore": (spawning.BoundedSemaphore, "use symplast.BoundedSemaphore"),
    "multiprocessing.synchronize.Barrier": (lambda: spawning.Barrier(2), "use symplast.Barrier"),
    "multiprocessing.queues.Queue": (spawning.Queue, "use symplast.Queue"),
    "multiprocessing.queues.JoinableQueue": (spawning.JoinableQueue, "use symplast.Queue"),
    "multiprocessing.queues.SimpleQueue": (spawning.SimpleQueue, "use symplast.SimpleQueue"),
    "multiprocessing.sharedctypes.Synchronized": (lambda: spawning.Value("i", 1), "use symplast.AtomicInt"),
    "multiprocessing.sharedctypes.SynchronizedArray": (lambda: spawning.Array("i", 3), "use symplast.Array"),
    "multiprocessing.managers.DictProxy": (lambda: proxy(multiprocessing.managers.DictProxy), "use symplast.Dict"),
    "multiprocessing.managers.ListProxy": (lambda: proxy(multiprocessing.managers.ListProxy), "use symplast.List"),
    "multiprocessing.managers.AcquirerProxy": (lambda: proxy(multiprocessing.managers.AcquirerProxy), "use symplast.Lock"),
    "multiprocessing.managers.BaseProxy": (lambda: proxy(multiprocessing.managers.BaseProxy), "use symplast.Queue, or a class"),
    "multiprocessing.managers.SyncManager": (multiprocessing.managers.SyncManager, "use symplast.Dict, symplast.List"),
    "generator": (generate, "use a list of its items"),
    "async_generator": (generate_async, "use a list of its items"),
    "memoryview": (lambda: memoryview(b"x"), r"use bytes\(\) of it"),
    "concurrent.futures.thread.ThreadPoolExecutor": (concurrent.futures.ThreadPoolExecutor, ".* submit from there"),
    "symplast.executor.InterpreterPoolExecutor": (lambda: symplast.InterpreterPoolExecutor(1), ".* submit from there"),
    "concurrent.futures._base.Future": (concurrent.futures.Future, r"use its result\(\)"),
    "_io.TextIOWrapper": (lambda: open(__file__), "use its path"),
    "_io.BufferedReader": (lambda: open(__file__, "rb"), "use its path"),
    "socket.socket": (socket.socket, r"use its fileno\(\)"),
    "sqlite3.Connection": (lambda: sqlite3.connect(":memory:"), "use its path"),
}  # fmt: skip


class Holder:
    def __init__(self, held):
        self.held = [held]


class Refused(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore", ResourceWarning)
        cls.executor = symplast.InterpreterPoolExecutor(1)
        cls.addClassCleanup(cls.executor.shutdown)

    def check_each(self, check):
        for name, (make, use) in REFUSED.items():
            with self.subTest(name):
                obj = make()
                try:
                    check(name, obj, use)
                finally:
                    if hasattr(obj, "close"):
                        obj.close()

    def check(self, fn, args, kwargs, message):
        with self.assertRaisesRegex(symplast.NotShareableError, message):
            self.executor.submit(fn, *args, **kwargs).result()

    def test_as_arguments(self):
        def check(name, obj, use):
            if name.startswith("asyncio"):
                # As long as nothing waits for it, it is pickled, and the copy is of no other use than its original.
                return
            shown = name.replace(".", r"\.") + " cannot be sent to another interpreter; " + use
            self.check(len, (1, obj), {}, "^argument 2 of len: " + shown)
            self.check(len, (), {"key": {"a": [obj]}}, r"^argument 'key' of len\['a'\]\[0\]: " + shown)
            self.check(len, (Holder(obj),), {}, r"^argument 1 of len\.held\[0\]: " + shown)
            with self.assertRaisesRegex(symplast.NotShareableError, r"^argument 2 of len: " + shown):
                list(self.executor.map(len, [1], [obj], chunksize=2))

        self.check_each(check)

    def test_in_containers_of_collections(self):
        lock, text = threading.Lock(), "threading.Lock cannot be sent to another interpreter; use symplast.Lock"
        for container, place in ((collections.deque([1, lock]), r"\[1\]"), (collections.OrderedDict(a=lock), r"\['a'\]"),
                                 (collections.defaultdict(int, a=lock), r"\['a'\]")):
            self.check(len, (container,), {}, f"^argument 1 of len{place}: {text}")

    def test_as_arguments_of_an_initializer(self):
        with self.assertRaisesRegex(symplast.NotShareableError, r"^argument 2 of print: threading.Lock .* use symplast.Lock$"):
            symplast.InterpreterPoolExecutor(1, initializer=print, initargs=(1, threading.Lock()))

    def test_in_frozen_graphs(self):
        pool = new_pool(self)

        def check(name, obj, use):
            with self.assertRaisesRegex(symplast.NotShareableError, rf"^obj\['k'\]\[0\]: \w+ cannot be frozen; {use}"):
                pool.freeze({"k": [obj]})

        self.check_each(check)

    def test_in_live_containers(self):
        table = symplast.Dict()

        def check(name, obj, use):
            with self.assertRaisesRegex(symplast.NotShareableError, rf"^table\['key'\]: \w+ cannot be shared; {use}"):
                table["key"] = obj

        self.check_each(check)

    def test_as_the_object_of_a_method(self):
        self.check(threading.Event().wait, (), {}, r"^the object of Event\.wait: threading\.Event cannot .*; use symplast\.Event")

    def test_coroutines_as_tasks(self):
        async def wait():
            pass

        made = wait()
        self.addCleanup(made.close)
        self.check(made, (), {}, r"^task .*wait: coroutine cannot .*; submit a plain function that calls asyncio\.run\(\)")

    def test_as_globals_closure_variables_and_results(self):
        self.assertEqual(child.run("""
            import queue, symplast, threading, warnings
            warnings.simplefilter("error")
            lock, table = threading.Lock(), {"jobs": [queue.Queue()]}
            def uses(what):
                if what == "lock": lock.acquire()
                return len(table)
            def closes(event):
                return lambda: event
            def returns(): return {"of": [threading.RLock()]}
            def yields(): yield 1
            async def waits(): pass
            with symplast.InterpreterPoolExecutor(1) as executor:
                for fn, *args in (uses, "lock"), (uses, "table"), (closes(threading.Event()),), (returns,), (yields,), (waits,):
                    error = executor.submit(fn, *args).exception()
                    print(type(error).__name__, error, sep=": ")
        """).splitlines(), [
            "PicklingError: global 'lock' could not be sent: cannot pickle '_thread.lock' object; use symplast.Lock",
            "PicklingError: global 'table' could not be sent: cannot pickle '_thread.lock' object (…['jobs'][0]); use "
            "symplast.Queue",
            "PicklingError: cannot send function 'closes.<locals>.<lambda>' to a worker: closure variable 'event': cannot pickle "
            "'_thread.lock' object; use symplast.Event",
            "NotShareableError: result of returns['of'][0]: threading.RLock cannot be sent to another interpreter; use "
            "symplast.RLock",
            "NotShareableError: result of yields: generator cannot be sent to another interpreter; use a list of its items, or "
            "put them into a symplast.Queue",
            "NotShareableError: result of waits: coroutine cannot be sent to another interpreter; submit a plain function that "
            "calls asyncio.run()",
        ])

    def test_of_other_objects_the_errors_stay(self):
        class Stubborn:
            def __reduce__(self):
                raise ValueError("I stay")

        with self.assertRaisesRegex(ValueError, "^I stay$"):
            self.executor.submit(len, Stubborn()).result()

    def test_what_a_class_leaves_out_of_its_pickles_is_not_blamed(self):
        class Guarded:
            def __init__(self):
                self.lock = threading.Lock()

            def __getstate__(self):
                raise LookupError("other reasons")

        with self.assertRaisesRegex(LookupError, "^other reasons$"):
            self.executor.submit(len, [Guarded()]).result()


    def test_scalars_and_arrays_of_numpy(self):
        # Stand-ins: NumPy is not where these tests run.
        generic = type("generic", (), {"__module__": "numpy"})
        scalar = type("int64", (generic,), {"__module__": "numpy"})()
        array = type("ndarray", (), {"__module__": "numpy"})()
        live = symplast.List()
        with self.assertRaisesRegex(symplast.NotShareableError, r"int64 cannot be shared; use its item\(\), the plain .*object$"):
            live.append(scalar)
        with self.assertRaisesRegex(symplast.NotShareableError, r"\['n'\]: int64 cannot be frozen; use its item\(\)"):
            symplast.freeze({"n": scalar})
        with self.assertRaisesRegex(symplast.NotShareableError, r"ndarray cannot be shared; use symplast\.Array"):
            live.append(array)


class Operations(unittest.TestCase):
    """Habits that mean something else here."""

    def test_a_pool_of_workers(self):
        for arguments, named in ((4,), {}), ((), {"name": 4}), ((), {"processes": 4}):
            with self.assertRaisesRegex(TypeError, r"region of memory; for workers, use symplast\.InterpreterPoolExecutor\(4\)$"):
                symplast.Pool(*arguments, **named)

    def test_arithmetic_with_an_atomic_int(self):
        n = symplast.AtomicInt(5)
        for wrong in (lambda: n + 1, lambda: 1 + n, lambda: n - 1, lambda: 1.5 - n, lambda: n + n, lambda: sum([n])):
            with self.assertRaisesRegex(TypeError, r"does not take part in arithmetic.*use a\.value, or int\(a\)"):
                wrong()
        with self.assertRaisesRegex(TypeError, r"\+= would read and write in two steps; use a\.add\(n\)"):
            n += 1
        with self.assertRaisesRegex(TypeError, r"-= would read and write in two steps; use a\.add\(-n\)"):
            n -= 1
        with self.assertRaises(TypeError):
            n + "x"
        self.assertEqual((n.value, int(n), n.value + 1, [1, 2, 3, 4, 5, 6][n]), (5, 5, 6, 6))

    def test_comparing_an_atomic_int_with_numbers(self):
        n, other = symplast.AtomicInt(5), symplast.AtomicInt(5)
        for number in (5, 5.0, True, 5j):
            for wrong in (lambda: n == number, lambda: number == n, lambda: n != number, lambda: number in [n]):
                with self.assertRaisesRegex(TypeError, r"compared with others by identity.*use a\.value == n, or int\(a\)"):
                    wrong()
        for wrong in (lambda: n < 5, lambda: 5 >= n, lambda: n > other, lambda: max(n, other)):
            with self.assertRaisesRegex(TypeError, r"has no order.*use a\.value, or int\(a\)"):
                wrong()

    def test_an_atomic_int_is_itself(self):
        n, other = symplast.AtomicInt(5), symplast.AtomicInt(5)
        self.assertTrue(n == n and not n != n and n != other and not n == other)
        self.assertFalse(n == "5" or n == None or n == [5])  # noqa: E711
        self.assertEqual({n: 1, other: 2, 5: 3}[n], 1)
        self.assertEqual(hash(n), object.__hash__(n))
