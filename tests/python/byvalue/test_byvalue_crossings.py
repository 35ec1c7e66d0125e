"""Large plain data that cross for task after task are warned of, once, by name and size."""

import unittest
import warnings

import child
import symplast
from replicas import program
from symplast import byvalue, transport
from symplast.byvalue import crossings

BIG = 400_000


class Globals(unittest.TestCase):
    def setUp(self):
        self.main = program(self, "value = None\ndef read(): return value\ndef other(): return value, read")
        self.sender = byvalue.Sender()
        self.addCleanup(crossings.pending.clear)
        crossings._seen.clear()

    def send(self, times, fn=None):
        """The messages of the warnings that sending a function some times gives."""
        for _ in range(times):
            transport.send((fn or self.main.read, (), {}), self.sender)
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            crossings.warn()
        self.assertTrue(all(each.category is symplast.LargeDataWarning for each in given))
        return [str(each.message) for each in given]

    def test_that_must_be_pickled_to_be_compared_are_warned_of_at_the_fourth_time(self):
        self.main.value = [LookupError(), bytes(BIG), *map(str, range(BIG // 4))]
        self.assertEqual(self.send(3), [])
        self.assertRegex(self.send(1)[0], r"^global 'value' of read \(1\.\d MB\) is pickled for each task; symplast\.freeze\(\)")
        self.assertEqual(self.send(10), [])
        self.assertEqual(self.send(10, self.main.other), [])

    def test_that_change_each_time_are_warned_of(self):
        self.main.value = value = list(range(BIG))
        for number in range(3):
            value[0] = -number
            self.assertEqual(self.send(1), [])
        value[0] = -5
        self.assertRegex(self.send(1)[0], r"^global 'value' of read \(\d\.\d MB\) is pickled for each task")

    def test_that_are_compared_are_warned_of_if_they_are_very_large(self):
        self.main.value = list(range(BIG))
        self.assertEqual(self.send(10), [])
        self.main.value = [bytearray(crossings.LARGE_TO_COMPARE)]
        self.assertRegex(self.send(10)[0], r"^global 'value' of read \(33\.6 MB\) is compared for each task")

    def test_that_are_small_or_frozen_are_not_warned_of(self):
        with symplast.Pool() as pool:
            for value in (LookupError(*range(1000)), pool.freeze(list(range(BIG))), bytes(5 * BIG)):
                self.main.value = value
                self.assertEqual(self.send(10), [])

    def test_in_closures_are_told_apart_by_their_values(self):
        def task(value):
            return lambda: value

        big = list(range(BIG))
        self.assertEqual([self.send(1, task(list(range(n, n + BIG)))) for n in range(10)], [[]] * 10)
        given = [self.send(1, task(big)) for _ in range(10)]
        self.assertRegex(given[3][0], r"^closure variable 'value' of .*<lambda> \(\d\.\d MB\) is pickled for each task")
        self.assertEqual([len(each) for each in given], [0, 0, 0, 1] + [0] * 6)


class Arguments(unittest.TestCase):
    def test_of_tasks_are_warned_of_where_the_program_submits_them(self):
        self.assertEqual(child.run("""
            import functools, symplast, threading, warnings
            warnings.simplefilter("always")
            def show(message, category, filename, line, *rest):
                print(category.__name__, filename, str(message).partition(" is ")[0])
            warnings.showwarning = show
            class Index:
                def __init__(self): self.words = ["word"] * 10 + list(range(400_000))
                def find(self, n): return n
            def look(a, b, *, c=None, d=None): return b
            def chunked(a, b): return b
            big, blob, index = list(range(400_000)), bytes(2_000_000), Index()
            with symplast.InterpreterPoolExecutor(1) as executor:
                for n in range(10): executor.submit(look, n, list(range(n, 400_000 + n)), c="x").result()
                print("none yet")
                for n in range(10): executor.submit(look, n, big, c="x").result()
                for n in range(10): executor.submit(look, big, n, c=index, d=blob).result()
                for n in range(10): executor.submit(index.find, n).result()
                for n in range(10): executor.submit(functools.partial(look, 1, d=big), n).result()
                for n in executor.map(chunked, range(40), [big] * 40, chunksize=4): pass
                frozen = symplast.freeze(big)
                for n in range(10): executor.submit(look, frozen, n, c=frozen).result()
        """).splitlines(), ["none yet", *[f"LargeDataWarning <string> {each}" for each in (
            "argument 2 of look (1.9 MB)",
            "argument 1 of look (1.9 MB)",
            "argument 'c' of look (1.9 MB)",
            "argument 'd' of look (2.0 MB)",
            "the object of Index.find (1.9 MB)",
            "argument 2 of chunked (1.9 MB)",
        )]])

    def test_that_are_errors_leave_the_executor_usable(self):
        self.assertEqual(child.run("""
            import symplast, warnings
            warnings.simplefilter("error", symplast.LargeDataWarning)
            big = list(range(400_000))
            with symplast.InterpreterPoolExecutor(1) as executor:
                for n in range(3): executor.submit(len, big)
                try: executor.submit(len, big)
                except symplast.LargeDataWarning as warning: print(warning)
                print(executor.submit(len, big).result())
        """), "argument 1 of len (1.9 MB) is pickled for each task; symplast.freeze() it once, then it crosses by pointer, or "
            "keep it in a live symplast.Dict or List if it changes\n400000\n")
