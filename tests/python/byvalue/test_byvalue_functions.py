"""Functions that a worker cannot import arrive by value, with all that they use."""

import functools
import gc
import operator
import os
import pickle
import threading
import types
import unittest

from replicas import Worker, program
from symplast.byvalue import identity


def of_this_module(x):
    return x + 1


def make_adder(n):
    def add(x):
        return of_this_module(x) + n

    return add


def with_lock(fn):
    lock = threading.Lock()

    @functools.wraps(fn)
    def locked(*args):
        with lock:
            return fn(*args)

    return locked


class Functions(unittest.TestCase):
    def setUp(self):
        self.worker = Worker(self)

    def main(self, source):
        return program(self, source)

    def test_a_function_of_the_program_is_sent_and_others_are_imported(self):
        main = self.main("def work(x): return x * 2, __name__")
        self.assertEqual(self.worker(main.work, 4), (8, "__main__"))
        self.assertEqual(self.worker(of_this_module, 4), 5)
        self.assertEqual(self.worker(operator.add, 4, 5), 9)
        self.assertEqual(self.worker(str.upper, "a"), "A")
        self.assertNotIn(b"rebuild", self.worker.send(of_this_module, 4))

    def test_nested_functions_of_modules_keep_the_globals_of_their_module(self):
        self.assertEqual(self.worker(make_adder(10), 1), 12)
        self.assertEqual(self.worker(lambda x: of_this_module(x), 1), 2)

    def test_metadata(self):
        main = self.main('''
            def work(a, b=2, *args, c, d=4, **kwargs):
                "What it does."
                return a, b, args, c, d, kwargs
            work.flag = "set"
            def look(fn):
                return fn.__name__, fn.__qualname__, fn.__module__, fn.__doc__, fn.flag, fn.__defaults__, fn.__kwdefaults__
        ''')
        self.assertEqual(self.worker(main.work, 1, c=3), (1, 2, (), 3, 4, {}))
        expected = "work", "work", "__main__", "What it does.", "set", (2,), {"d": 4}
        self.assertEqual(self.worker(main.look, main.work), expected)
        main.work.__defaults__ = (7,)
        main.work.__kwdefaults__ = None
        main.work.flag = "changed"
        expected = "work", "work", "__main__", "What it does.", "changed", (7,), None
        self.assertEqual(self.worker(main.look, main.work), expected)

    def test_new_code_of_a_function_is_sent(self):
        main = self.main("def work(): return 1\ndef other(): return 2")
        self.assertEqual(self.worker(main.work), 1)
        main.work.__code__ = main.other.__code__
        self.assertEqual(self.worker(main.work), 2)

    def test_a_new_attribute_of_a_function_is_sent(self):
        main = self.main("def work(): return vars(work)")
        self.assertEqual(self.worker(main.work), {})
        main.work.limit = 3
        self.assertEqual(self.worker(main.work), {"limit": 3})

    def test_functions_that_call_each_other(self):
        main = self.main("""
            def even(n): return True if n == 0 else odd(n - 1)
            def odd(n): return False if n == 0 else even(n - 1)
            def same(): return even is globals()["even"] and odd.__globals__["even"] is even
        """)
        self.assertTrue(self.worker(main.even, 10))
        self.assertTrue(self.worker(main.odd, 11))
        self.assertTrue(self.worker(main.same))

    def test_a_long_chain_of_functions(self):
        lines = [f"def f{n}(): return f{n + 1}()" for n in range(3000)]
        main = self.main("\n".join([*lines, "def f3000(): return 'end'", "def first(): return f2990()", "def all(): return f0"]))
        self.assertEqual(self.worker(main.first), "end")
        self.assertEqual(self.worker(main.all).__name__, "f0")

    def test_closures(self):
        main = self.main("""
            def outer():
                count, empty = 0, None
                del empty
                def recursive(n): return 1 if n == 0 else n * recursive(n - 1)
                def step():
                    nonlocal count
                    count += 1
                    return count
                def read(): return count
                def use_empty(): return empty
                return recursive, step, read, use_empty
            def both(step, read): return step(), step(), read()
        """)
        recursive, step, read, use_empty = main.outer()
        self.assertEqual(self.worker(recursive, 5), 120)
        self.assertEqual(self.worker(main.both, step, read), (1, 2, 2))
        self.assertEqual(self.worker(read), 2)
        with self.assertRaisesRegex(NameError, "empty"):
            self.worker(use_empty)

    def test_a_cell_that_changes_is_sent_again_and_then_only(self):
        main = self.main("""
            def outer():
                total, items = 0, []
                def work():
                    nonlocal total
                    total += 1
                    items.append(total)
                    return total, len(items)
                return work
        """)
        work = main.outer()
        self.assertEqual(self.worker(work), (1, 1))
        self.assertEqual(self.worker(work), (2, 2))
        work()
        self.assertEqual(self.worker(work), (2, 2))

    def test_a_cell_that_is_filled_later(self):
        main = self.main("""
            def outer():
                def work(): return later
                def fill():
                    nonlocal later
                    later = "filled"
                later = None
                del later
                return work, fill
        """)
        work, fill = main.outer()
        with self.assertRaises(NameError):
            self.worker(work)
        fill()
        self.assertEqual(self.worker(work), "filled")

    def test_defaults_are_as_they_were(self):
        main = self.main("""
            MISSING = object()
            def work(x=MISSING, cache={}):
                cache[len(cache)] = x
                return x is MISSING, len(cache)
            def other(x=MISSING, *, y=MISSING): return x is y is MISSING
        """)
        self.assertEqual(self.worker(main.work), (True, 1))
        self.assertEqual(self.worker(main.work), (True, 2))
        self.assertTrue(self.worker(main.other))
        self.assertEqual(self.worker(main.work, main.MISSING), (True, 3))

    def test_a_sentinel_comes_back_as_itself(self):
        main = self.main("MISSING = object()\ndef work(): return MISSING")
        self.assertIs(self.worker(main.work), main.MISSING)

    def test_generators_and_coroutines(self):
        main = self.main("""
            import asyncio
            def numbers(n): yield from range(n)
            def collect(n): return list(numbers(n))
            async def wait(n): return n + 1
            async def stream(n):
                for i in range(n): yield await wait(i)
            async def gather(n): return [i async for i in stream(n)]
            def drive(make, n):
                coroutine = make(n)
                try: coroutine.send(None)
                except StopIteration as end: return end.value
        """)
        self.assertEqual(self.worker(main.collect, 3), [0, 1, 2])
        self.assertEqual(self.worker(main.drive, main.gather, 3), [1, 2, 3])

    def test_decorated_functions(self):
        main = self.main("""
            import functools
            def twice(fn):
                @functools.wraps(fn)
                def wrapper(*args): return fn(*args) * 2
                wrapper.calls = 0
                return wrapper
            @twice
            def work(x):
                "Doubled."
                return x
            def look(): return work.__wrapped__(1), work.__doc__, work.__name__, work(1)
        """)
        self.assertEqual(self.worker(main.work, 2), 4)
        self.assertEqual(self.worker(main.look), (1, "Doubled.", "work", 2))

    def test_cached_functions(self):
        main = self.main("""
            from functools import cache, lru_cache
            @lru_cache(maxsize=7, typed=True)
            def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
            def look(n): return fibonacci(n), fibonacci.cache_info().misses, fibonacci.cache_parameters(), fibonacci.__name__
            class Squares:
                @cache
                def of(self, n): return n * n
        """)
        self.assertEqual(self.worker(main.fibonacci, 30), 832040)
        answer, misses, parameters, name = self.worker(main.look, 30)
        self.assertEqual((answer, parameters, name), (832040, {"maxsize": 7, "typed": True}, "fibonacci"))
        self.assertEqual(self.worker(main.Squares().of, 5), 25)

    def test_dispatching_functions(self):
        main = self.main("""
            import functools
            class Own: pass
            @functools.singledispatch
            def describe(x): return "object"
            @describe.register
            def _(x: int): return "int " + describe("")
            @describe.register(Own)
            def _(x): return "own"
            class Holder:
                @functools.singledispatchmethod
                def of(self, x): return "object"
                @of.register
                def _(self, x: int): return "int"
            def more(): return describe(Own()), describe(1), describe.__name__
        """)
        self.assertEqual(self.worker(main.describe, 1), "int object")
        self.assertEqual(self.worker(main.describe, main.Own()), "own")
        self.assertEqual(self.worker(main.more), ("own", "int object", "describe"))
        self.assertEqual(self.worker(main.Holder().of, 1), "int")
        main.describe.register(str, lambda x: "str")
        self.assertEqual(self.worker(main.describe, ""), "str")

    def test_partial_and_bound_callables(self):
        main = self.main("""
            import functools, operator
            class Counter:
                step = 2
                def __init__(self, n): self.n = n
                def add(self, x): return self.n + x * self.step
                @classmethod
                def make(cls, n): return cls(n)
                @staticmethod
                def double(x): return x * 2
                def __call__(self, x): return self.add(x)
                half = functools.partialmethod(add, 0.5)
            def add(a, b, c=0): return a + b + c
        """)
        counter = main.Counter(10)
        for callable_, argument, expected in (
            (functools.partial(main.add, 1, c=3), 2, 6),
            (counter.add, 1, 12),
            (counter, 1, 12),
            (main.Counter.double, 4, 8),
            (functools.partial(operator.mul, 3), 4, 12),
            (operator.attrgetter("n"), counter, 10),
            (operator.methodcaller("add", 2), counter, 14),
        ):
            with self.subTest(callable_):
                self.assertEqual(self.worker(callable_, argument), expected)
        self.assertEqual(self.worker(counter.half), 11)
        self.assertIs(type(self.worker(main.Counter.make, 3)), main.Counter)
        self.assertEqual(self.worker(main.Counter.add, counter, 2), 14)

    def test_functions_of_namespaces_that_are_no_module(self):
        main = self.main("""
            space = {"FACTOR": 3}
            exec("def work(x): return helper(x) * FACTOR\\ndef helper(x): return x + 1", space)
            other = {"__name__": "made_up", "FACTOR": 5}
            exec("def work(x): return x * FACTOR", other)
            FACTOR = 100
            def both(x): return space["work"](x), other["work"](x), FACTOR
        """)
        self.assertEqual(self.worker(main.space["work"], 1), 6)
        self.assertEqual(self.worker(main.other["work"], 1), 5)
        self.assertEqual(self.worker(main.both, 1), (6, 5, 100))

    def test_modules_and_their_submodules(self):
        main = self.main("""
            import importlib
            import os.path
            import xml.dom.minidom
            import json as j
            def work(): return os.path.join("a", "b"), xml.dom.minidom.Document().nodeName, j.dumps([1])
            def has(module, name): return getattr(module, name)
        """)
        self.assertEqual(self.worker(main.work), (os.path.join("a", "b"), "#document", "[1]"))
        self.assertEqual(self.worker(main.has, types, "__name__"), "types")

    def test_returned_functions_work_in_the_program(self):
        main = self.main("""
            BASE = 1
            def helper(x): return x + BASE
            def make(n):
                def made(x, *, more=n): return helper(x) + n + more
                return made
            def same(fn): return fn
            def two():
                made = make(5)
                return made, made, [made]
        """)
        made = self.worker(main.make, 10)
        self.assertEqual(made(1), 22)
        main.BASE = 100
        self.assertEqual(made(1), 121)
        self.assertIs(made.__globals__, vars(main))
        self.assertIs(self.worker(main.same, main.helper), main.helper)
        self.assertIs(self.worker(main.same, made), made)
        self.assertEqual(self.worker(made, 1), 121)
        first, second, (third,) = self.worker(main.two)
        self.assertIs(first, second)
        self.assertIs(first, third)

    def test_the_same_function_is_the_same_object_in_the_worker(self):
        main = self.main("""
            seen = {}
            def remember(fn): return seen.setdefault(fn.__qualname__, fn) is fn
            def outer():
                def inner(): return 1
                return inner
        """)
        inner = main.outer()
        for fn in (inner, main.outer, inner):
            self.assertTrue(self.worker(main.remember, fn))
        self.assertFalse(self.worker(main.remember, main.outer()))

    def test_many_closures_are_forgotten(self):
        main = self.main("""
            def make(n):
                def recursive(): return recursive, n
                return recursive
        """)
        for n in range(20):
            self.worker.send(main.make(n))
        before = len(identity._by_token), len(identity._by_id)
        for n in range(3000):
            self.worker.send(main.make(n))
        gc.collect()
        after = len(identity._by_token), len(identity._by_id)
        self.assertLess(after[0] - before[0], 4000)

    def test_what_a_worker_does_to_closures_stays_there(self):
        main = self.main("""
            def outer():
                n = 0
                def step():
                    nonlocal n
                    n += 1
                    return n, lambda: n
                return step
        """)
        step = main.outer()
        count, read = self.worker(step)
        self.assertEqual((count, read()), (1, 0))
        step()
        self.assertEqual(read(), 1)

    def test_cached_callables_without_a_name(self):
        main = self.main("""
            import functools
            cached = functools.lru_cache(functools.partial(pow, 2))
            def work(n): return cached(n), cached.cache_parameters()["maxsize"]
        """)
        self.assertEqual(self.worker(main.work, 5), (32, 128))
        self.assertEqual(self.worker(main.cached, 5), 32)

    def test_errors_name_what_cannot_be_sent(self):
        main = self.main("""
            import threading
            def make():
                lock = threading.Lock()
                def work(): return lock
                return work
            def default(x=threading.Lock()): return x
            def keyword(*, x=(1, threading.Lock())): return x
        """)
        for fn, message in (
            (main.make(), "cannot send function 'make.<locals>.work' to a worker: closure variable 'lock': cannot pickle "
             "'_thread.lock' object; use symplast.Lock"),
            (main.default,
             "cannot send function 'default' to a worker: default of parameter 'x': cannot pickle '_thread.lock' object; use "
             "symplast.Lock"),
            (main.keyword,
             "cannot send function 'keyword' to a worker: default of parameter 'x': cannot pickle '_thread.lock' object (…[1]); "
             "use symplast.Lock"),
            (with_lock(main.make),
             "cannot send function 'make' to a worker: closure variable 'lock': cannot pickle '_thread.lock' object; use "
             "symplast.Lock"),
        ):
            with self.subTest(fn), self.assertRaises(pickle.PicklingError) as caught:
                self.worker.send(fn)
            self.assertEqual(str(caught.exception), message)

    def test_a_function_gone_from_the_program_is_missed_on_return(self):
        main = self.main("""
            kept = []
            def keep(fn): kept.append(fn)
            def give(): return kept[0]
        """)
        self.worker(main.keep, eval("lambda: 1", vars(main)))
        self.worker._sender._definitions.clear()
        with self.assertRaisesRegex(pickle.UnpicklingError, "'<lambda>' does not exist any more"):
            self.worker(main.give)
