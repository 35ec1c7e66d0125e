"""A freeze that fails leaves the pool as it was, whatever made it fail; so do many at once."""

import _thread
import operator
import signal
import threading
import unittest
from functools import partial

import child
import symplast
from fixtures import new_pool
from graphs import assert_frozen, assert_same

# 16 bytes is the unit in which pools hand out memory.
GRAIN = 16
VALUE = {"list": [1, [2.5, 10**20]], "text": "text of ours", "wide": "naïve €"}
VALUE |= {"set": {1, "member"}, "bytes": bytearray(b"bytes"), "range": range(10**10)}


class Stop(Exception):
    pass


def size_of(value):
    pool = symplast.Pool("measure")
    pool.freeze(value)
    size = pool.stats().used_bytes
    pool.delete()
    return size


class Atomicity(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "atomic")

    def assert_untouched(self, exception, value, default=None):
        before = self.pool.stats()
        with self.assertRaises(exception):
            self.pool.freeze(value, default=default)
        self.assertEqual(self.pool.stats(), before)

    def assert_still_right(self):
        frozen = self.pool.freeze(VALUE)
        assert_frozen(self, frozen, self.pool)
        assert_same(self, VALUE, frozen)


class TestErrors(Atomicity):
    def test_pool_is_as_before_after_any_error(self):
        def raising(o):
            raise Stop

        large = [[[str(i), float(i), {i}] for i in range(20_000)]]
        for failing in ([VALUE, object()], [large, object()], [large, {object(): 1}], [large, {"k": [object()]}]):
            self.assert_untouched(symplast.NotShareableError, failing)
            self.assert_untouched(Stop, failing, default=raising)
            self.assert_untouched(symplast.NotShareableError, failing, default=lambda o: o)
            self.assert_still_right()

    def test_what_was_taken_back_is_zero_when_it_is_used_again(self):
        # Zero is what the collector's heads and the padding of later objects must be.
        for _ in range(20):
            self.assert_untouched(symplast.NotShareableError, [b"\xff" * 5000, "\xff" * 3000, 2**9000 - 1, object()])
            self.assert_still_right()


class TestMaxBytes(Atomicity):
    def test_exactly_max_bytes_fit(self):
        for value in (1.5, "text of ours", [], VALUE, list(range(10_000, 100_000)), b"x" * 5_000_000):
            size = size_of(value)
            self.assertEqual(size % GRAIN, 0)
            roomy = new_pool(self, max_bytes=size)
            roomy.freeze(value)
            self.assertEqual(roomy.stats().used_bytes, size)
            tight = new_pool(self, max_bytes=size - 1)
            with self.assertRaises(symplast.PoolFullError):
                tight.freeze(value)
            self.assertEqual((tight.stats().used_bytes, tight.stats().objects, tight.stats().reserved_bytes), (0, 0, 0))

    def test_full_pool_takes_what_still_fits(self):
        self.pool = new_pool(self, max_bytes=10 * size_of(1.5))
        for _ in range(9):
            self.pool.freeze(1.5)
        for _ in range(3):
            self.assert_untouched(symplast.PoolFullError, [1.5, 2.5])
        self.pool.freeze(1.5)
        for _ in range(3):
            self.assert_untouched(symplast.PoolFullError, 1.5)
        self.assertEqual(self.pool.freeze(5), 5)

    def test_pool_of_no_bytes(self):
        empty = new_pool(self, max_bytes=0)
        for value in (None, 5, "", "a", (), b"", "__init__", True):
            self.assertEqual(empty.freeze(value), value)
        for value in ([], {}, 1.5, 10**10, "text of ours"):
            with self.assertRaises(symplast.PoolFullError):
                empty.freeze(value)
        self.assertEqual(empty.stats().reserved_bytes, 0)

    def test_error_is_a_memory_error_and_says_the_limit(self):
        pool = new_pool(self, "tight", max_bytes=100)
        with self.assertRaisesRegex(MemoryError, "pool 'tight' is full: max_bytes=100 would be exceeded") as caught:
            pool.freeze(["some text that needs room"] * 10, default=str)
        self.assertIsInstance(caught.exception, symplast.PoolFullError)

    def test_threads_fill_a_pool_to_the_brim(self):
        one = size_of([1.5])
        pool = new_pool(self, max_bytes=one * 1000)
        frozen = []

        def fill():
            try:
                while True:
                    frozen.append(pool.freeze([1.5]))
            except symplast.PoolFullError:
                return

        run_together(fill, 4)
        self.assertEqual((len(frozen), pool.stats().used_bytes), (1000, one * 1000))


class TestSignals(Atomicity):
    SIGNAL = signal.SIGUSR1
    # Long enough that the freezer looks for signals in it several times.
    LONG = [[float(i)] for i in range(100_000)]

    def handle(self, handler):
        before = signal.signal(self.SIGNAL, handler)
        self.addCleanup(signal.signal, self.SIGNAL, before)

    def trip(self):
        """
        An object and a default= that make the signal arrive without a bytecode being run, so only the freezer can notice it.
        """

        class Trap:
            pass

        trap = Trap()
        trap.trip = partial(_thread.interrupt_main, self.SIGNAL)
        return trap, operator.methodcaller("trip")

    def test_handler_that_raises_ends_the_freeze(self):
        def handler(number, frame):
            raise Stop

        self.handle(handler)
        trap, default = self.trip()
        self.assert_untouched(Stop, [trap, self.LONG], default=default)
        self.assert_still_right()

    def test_keyboard_interrupt_ends_the_freeze(self):
        self.handle(signal.default_int_handler)
        trap, default = self.trip()
        self.assert_untouched(KeyboardInterrupt, [trap, self.LONG], default=default)
        self.assert_still_right()

    def test_handler_that_returns_does_not(self):
        calls = []
        self.handle(lambda number, frame: calls.append(number))
        trap, default = self.trip()
        self.assertEqual(self.pool.freeze([trap, self.LONG], default=default)[1][-1], (99_999.0,))
        self.assertEqual(calls, [self.SIGNAL])

    def test_handler_that_freezes_into_the_same_pool(self):
        inner = []
        self.handle(lambda number, frame: inner.append(self.pool.freeze(VALUE)))
        trap, default = self.trip()
        frozen = self.pool.freeze([trap, self.LONG], default=default)
        self.assertEqual(frozen[1][-1], (99_999.0,))
        assert_same(self, VALUE, inner[0])

    def test_handler_that_deletes_the_pool(self):
        self.handle(lambda number, frame: self.pool.delete())
        trap, default = self.trip()
        with self.assertRaises(symplast.DeletedError):
            self.pool.freeze([trap, self.LONG], default=default)
        self.assertEqual((self.pool.stats().pending_bytes, self.pool.stats().reserved_bytes), (0, 0))

    def test_handler_that_mutates_what_is_being_frozen(self):
        for change in (lambda o: o.clear(), lambda o: o.append(1), lambda o: o[1].clear(),
                       lambda o: o[1].__delitem__(slice(20_000, None))):
            trap, default = self.trip()
            value = [trap, [[float(i)] for i in range(100_000)]]
            self.handle(lambda number, frame: change(value))
            self.assert_untouched(RuntimeError, value, default=default)
        self.assert_still_right()

    def test_signals_at_any_moment(self):
        # In a child: a mistake here is a crash.
        child.run(
            """
            import gc, random, signal, symplast
            generator = random.Random(5)
            def fresh():
                return {"list": [[float(i), str(i)] for i in range(8000)], "dict": {f"k{i}": [i] for i in range(4000)},
                        "set": {("m", i) for i in range(4000)}, "ints": {i: (i, {i}) for i in range(4000)}}
            def handler(number, frame):
                calls.append(1)
                part = value[generator.choice(list(value))] if value else {}
                for _ in range(generator.randrange(3)):
                    action = generator.randrange(6)
                    if action == 0: part.clear()
                    elif action == 1: [part.pop() if not isinstance(part, dict) else part.popitem()
                                       for _ in range(min(len(part), 1000))]
                    elif action == 2 and isinstance(part, dict): part.update({f"new{generator.random()}": 1})
                    elif action == 3 and isinstance(part, dict): part.update({key: "new" for key in list(part)[::2]})
                    elif action == 4: value.clear()
                    else: raise KeyError("stop")
            signal.signal(signal.SIGALRM, handler)
            pool = symplast.Pool("signals")
            calls, done, failed = [], 0, 0
            while done + failed < 120 or not calls:
                value = fresh() if (done + failed) % 8 == 0 or not value else value
                frozen = None
                try:
                    signal.setitimer(signal.ITIMER_REAL, generator.random() * 0.008)
                    frozen = pool.freeze(value)
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    done += 1
                except (KeyError, RuntimeError):
                    signal.setitimer(signal.ITIMER_REAL, 0)
                    failed += 1
                if frozen is not None:
                    assert all(key in frozen for key in frozen)
                    for part in frozen.values():
                        if not isinstance(part, tuple):
                            assert all(key in part for key in part) and not any(f"missing {i}" in part for i in range(50))
                if pool.stats().used_bytes > 500_000_000:
                    pool.delete()
                    pool = symplast.Pool("signals")
            gc.collect()
            """
        )


class TestThreads(Atomicity):
    def test_threads_freeze_into_one_pool(self):
        results = {}

        def freeze(number):
            results[number] = [self.pool.freeze([number, VALUE, str(number) * 10]) for _ in range(50)]

        run_together(freeze, 4, numbered=True)
        self.assertEqual(self.pool.stats().objects, 200 * (size_of_objects([10**4, VALUE, "1234567890"]) - 1))
        for number, frozen in results.items():
            for one in frozen:
                assert_same(self, [number, VALUE, str(number) * 10], one)

    def test_pool_deleted_while_threads_freeze_into_it(self):
        child.run(
            """
            import symplast, threading
            for _ in range(60):
                pool = symplast.Pool()
                started = threading.Barrier(4)
                def fill(number):
                    started.wait()
                    try:
                        while True:
                            pool.freeze([[number, str(i), float(i)] for i in range(50)], default=str)
                    except symplast.DeletedError:
                        pass
                threads = [threading.Thread(target=fill, args=(n,)) for n in range(3)]
                for thread in threads: thread.start()
                started.wait()
                for _ in range(20): symplast.pools()
                pool.delete()
                for thread in threads: thread.join()
                assert pool.stats().used_bytes == pool.stats().objects == 0
            """
        )


class TestScarceMemory(unittest.TestCase):
    def test_memory_that_runs_out_is_a_memory_error(self):
        # With little address space from the start the range for pools is smaller; a limit on data refuses its memory later.
        for limit in ("RLIMIT_AS", "RLIMIT_DATA"):
            child.run(
                f"""
                import re, resource
                def restrict(limit, room):
                    used = int(re.search(r"VmData:\\s+(\\d+)", open("/proc/self/status").read())[1]) << 10
                    resource.setrlimit(limit, (used + room, resource.RLIM_INFINITY))
                if {limit!r} == "RLIMIT_AS": restrict(resource.RLIMIT_AS, 2 << 30)
                import symplast
                pool = symplast.Pool("scarce")
                kept = pool.freeze(["kept", [1.5]])
                before = pool.stats()
                if {limit!r} == "RLIMIT_DATA": restrict(resource.RLIMIT_DATA, 1 << 29)
                block, frozen = bytes(1 << 26), []
                try:
                    for _ in range(1000):
                        frozen.append(pool.freeze([block, {{"k": [str(i) for i in range(100)]}}]))
                    assert False, "more was frozen than there is room for"
                except MemoryError as error:
                    assert not isinstance(error, symplast.PoolFullError)
                assert frozen and kept == ("kept", (1.5,)) and all(len(part[1]["k"]) == 100 for part in frozen)
                assert pool.stats().used_bytes < len(frozen) * (len(block) + 100_000)
                pool.delete()
                """
            )


def size_of_objects(value):
    pool = symplast.Pool("measure")
    pool.freeze(value)
    objects = pool.stats().objects
    pool.delete()
    return objects


def run_together(function, count, numbered=False):
    """Runs a function in several threads that start at the same time, and raises what one of them raised."""
    barrier, errors = threading.Barrier(count), []

    def body(number):
        barrier.wait()
        try:
            function(number) if numbered else function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=body, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
