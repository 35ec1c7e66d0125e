"""
symplast.Array in misuse: after deletion, in callbacks that delete it, beside interpreters that do, without memory, with wrong
arguments.
"""

import array
import copy
import itertools
import operator
import random
import time
import unittest

import symplast
from symplast import Array, DeletedError, PoolFullError, _symplast

import child
import live_array_tasks
import live_blocks


def outcome(operation, *arguments):
    try:
        return operation(*arguments)
    except Exception as error:
        return type(error)


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    pass


class Deleted(Case):
    def uses(self, shared):
        return (
            lambda: shared[0], lambda: operator.setitem(shared, 0, 1), lambda: shared[:], lambda: operator.setitem(
            shared, slice(0, 0), []), lambda: len(shared), lambda: list(shared), lambda: 1 in shared, lambda: shared.count(1),
            lambda: shared.index(1), lambda: shared == shared, lambda: shared < shared, lambda: shared == 5,
            lambda: shared == array.array("i"), lambda: shared.tolist(), lambda: shared.tobytes(), lambda: shared.add(0, 1),
            lambda: shared.exchange(0, 1), lambda: shared.compare_exchange(0, 1, 1), lambda: memoryview(shared),
            lambda: bytes(shared), lambda: copy.copy(shared), lambda: copy.deepcopy(shared), lambda: symplast.thaw(shared),
            lambda: symplast.freeze(shared), lambda: shared.typecode, lambda: shared.itemsize, lambda: symplast.delete(shared),
            lambda: Array("i", shared), lambda: shared + shared, lambda: shared * 2, lambda: reversed(shared).__next__(),
            lambda: symplast.Dict(x=shared),
        )  # fmt: skip

    def test_every_use_says_so(self):
        by_hand = Array("i", [1])
        symplast.delete(by_hand)
        with symplast.Pool("gone") as pool, pool.allocating():
            with_pool = Array("i", [1])
        for shared in (by_hand, with_pool):
            for number, use in enumerate(self.uses(shared)):
                with self.subTest(number), self.assertRaises(DeletedError):
                    use()
            self.assertIn("deleted", repr(shared))
            self.assertTrue(symplast.is_shared(shared))
        self.assertIs(symplast.pool_of(by_hand), self.pool)

    def test_an_iterator_notices(self):
        shared = Array("i", range(5))
        iterator = iter(shared)
        next(iterator)
        symplast.delete(shared)
        with self.assertRaises(DeletedError):
            next(iterator)

    def test_callbacks_that_delete(self):
        class Deletes(int):
            def __index__(self):
                symplast.delete(shared)
                return 0

            def __eq__(self, other):
                symplast.delete(shared)
                return False

            def __float__(self):
                symplast.delete(shared)
                return 0.0

            __hash__ = None

        class Index:
            def __index__(self):
                return Deletes().__index__()

        for operation in (lambda: shared[Index()], lambda: operator.setitem(shared, Index(), 1), lambda: operator.setitem(
                shared, 0, Index()), lambda: shared.add(0, Index()), lambda: shared.add(Index(), 1),
                          lambda: shared.exchange(0, Index()), lambda: shared.compare_exchange(0, 0, Index()),
                          lambda: shared[Index():], lambda: operator.setitem(shared, slice(0, Index()), []),
                          lambda: operator.setitem(shared, slice(0, 2), [1, Index()]),
                          lambda: operator.setitem(shared, slice(0, 1), iter(Deletes().__index__, 0))):
            shared = Array("i", 100)
            with self.assertRaises((DeletedError, ValueError)):
                operation()
        for operation in (lambda: shared.count(Deletes()), lambda: shared.index(Deletes()), lambda: Deletes() in shared):
            # What was begun is finished; only that a second one deletes is an error.
            shared = Array("i", 1)
            self.assertIn(outcome(operation), (0, False, ValueError))
            shared = Array("i", 2)
            self.assertIs(outcome(operation), DeletedError)
        shared = Array("i", 1)
        self.assertFalse(shared.compare_exchange(0, Deletes(), 1))

    def test_an_initializer_that_deletes_the_pool(self):
        def numbers(pool):
            yield 1
            pool.delete()
            yield 2

        for is_used in (False, True):
            pool = symplast.Pool("short")
            with pool.allocating(), self.assertRaisesRegex(DeletedError, "pool 'short' was deleted"):
                kept = Array("i") if is_used else None
                Array("i", numbers(pool))
            del kept

    def test_while_others_use_it(self):
        for number in range(6):
            pool = symplast.Pool("busy")
            with pool.allocating():
                shared = Array("i", 50 if number % 2 else 200_000)
            with symplast.InterpreterPoolExecutor(3) as executor:
                begun = executor.submit(symplast.AtomicInt).result()
                disturbing = [executor.submit(live_array_tasks.disturb, shared, seed, 300 if number % 2 else 20, begun)
                              for seed in range(3)]
                while begun.value < 3:
                    time.sleep(0)
                if number % 3:
                    symplast.delete(shared)
                if number % 3 != 1:
                    pool.delete()
                self.assertEqual([each.result() for each in disturbing], ["done"] * 3)
            begun = None
            if not pool.deleted:
                self.assertEqual(live_blocks.in_pool(pool), 1)
                del shared
                self.assertEqual(live_blocks.in_pool(pool), 0)
                pool.delete()


class Memory(Case):
    def test_the_limit_of_a_pool_is_exact(self):
        with symplast.Pool("free") as pool, pool.allocating():
            shared = Array("d", 100_000)
            used = pool.stats().used_bytes
            self.assertGreaterEqual(used, 800_000)
            del shared
            self.assertEqual(pool.stats().used_bytes, 0)
        with symplast.Pool("exact", max_bytes=used) as pool, pool.allocating():
            for _ in range(3):
                shared = Array("d", 100_000)
                with self.assertRaises(PoolFullError):
                    Array("b", 1)
                symplast.delete(shared)
                del shared
        with symplast.Pool("small", max_bytes=used - 1) as pool, pool.allocating():
            for make in (lambda: Array("d", 100_000), lambda: Array("d", bytes(800_000)),
                         lambda: symplast.Dict(x=array.array("d", bytes(800_000)))):
                with self.assertRaises(PoolFullError):
                    make()
            self.assertEqual(live_blocks.in_pool(pool), 0)

    def test_zeros_that_nobody_wrote_cost_nothing(self):
        child.run("""
            import symplast
            def resident():
                return int(open("/proc/self/statm").read().split()[1]) * 4096
            before = resident()
            shared = symplast.Array("d", 1 << 28)
            shared[-1] = 1
            assert resident() - before < 64 << 20, resident() - before
            del shared
        """)

    def test_each_allocation_can_fail(self):
        for make in (lambda: Array("i", [1, 2]), lambda: Array("i", 100_000), lambda: copy.copy(shared),
                     lambda: symplast.Dict(x=array.array("i", [1])), lambda: memoryview(shared), lambda: symplast.thaw(shared)):
            shared = Array("i", 3)
            before = live_blocks.in_pool(self.pool)
            for n in itertools.count(1):
                _symplast._fail_at(n)
                try:
                    made = make()
                except MemoryError:
                    made = None
                finally:
                    failed = _symplast._fail_at(0)
                self.assertEqual(made is None, failed)
                del made
                self.assertEqual(live_blocks.in_pool(self.pool), before)
                if not failed:
                    break


class Misuse(Case):
    def test_every_method_with_every_argument_in_every_state(self):
        names = [name for name in dir(Array)
                 if name not in ("__class__", "__init_subclass__", "__subclasshook__", "__dir__", "__getattribute__",
                                 "__setattr__", "__delattr__", "__release_buffer__")]

        class Hostile:
            def _raise(self, *_):
                raise ZeroDivisionError

            __hash__ = __eq__ = __index__ = __float__ = __bool__ = __iter__ = __len__ = __getitem__ = __call__ = _raise

        def deleted():
            shared = Array("i", [1, 2])
            symplast.delete(shared)
            return shared

        def of_deleted_pool():
            with symplast.Pool("gone") as pool, pool.allocating():
                return Array("d", [1, 2])

        arguments = [None, 0, -1, 2**70, 1.5, float("nan"), "", "i", b"key", (), [1, 2], [object()], range(3), object(), int,
                     Hostile(), Array("i", [1]), Array("d", [1]), array.array("i", [1]), memoryview(b"x"), slice(0, 1),
                     slice(0, 2**80, -1), ...]
        random_ = random.Random(3)
        for make in (lambda: Array("i", [1, 2]), lambda: Array("d", [1, 2]), lambda: Array("Q"), deleted, of_deleted_pool):
            for name in names:
                for count in range(4):
                    for _ in range(12):
                        shared = make()
                        try:
                            getattr(shared, name)(*random_.choices(arguments, k=count))
                        except Exception as error:
                            self.assertNotIsInstance(error, SystemError, name)

    def test_again_under_the_debug_heap(self):
        names = "Deleted", "Memory.test_each_allocation_can_fail", "Misuse.test_every_method_with_every_argument_in_every_state"
        child.run(f"import unittest; unittest.main(module='test_live_array_misuse', argv=['', *{names!r}])",
                  SYMPLAST_DEBUG="heap")
        child.run("import unittest; unittest.main(module='test_live_array', argv=['', 'LikeALiveObject', 'Atomic'])",
                  SYMPLAST_DEBUG="heap")
