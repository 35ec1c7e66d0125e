"""symplast.Array: numbers of one type. Its misuse is in test_live_array_misuse, its buffers in test_live_array_buffers, CPython's
own tests of arrays in test_live_array_cpython."""

import array
import collections.abc
import copy
import gc
import itertools
import operator
import pickle
import random
import struct
import unittest
import weakref

import symplast
from symplast import Array, NotShareableError

import fixtures
import live_array_tasks
import live_blocks

INTEGERS = "bBhHiIlLqQ"
TYPECODES = INTEGERS + "fd"


def limits(typecode):
    bits = 8 * struct.calcsize(typecode)
    return (0, 2**bits - 1) if typecode.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def sample(typecode, random_):
    if typecode in "fd":
        return random_.choice((0.0, -0.0, 1.5, -2.25, 2.0**100, float("inf"), float(random_.randrange(5))))
    return random_.choice((*limits(typecode), 0, 1, random_.randrange(5)))


def outcome(operation, *arguments):
    try:
        return operation(*arguments)
    except Exception as error:
        return type(error)


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    pass


class LikeAnArray(Case):
    def test_random_operations_give_what_an_array_gives(self):
        operations = (
            lambda a, v, i, j: a[i], lambda a, v, i, j: operator.setitem(a, i, v), lambda a, v, i, j: a[i:j],
            lambda a, v, i, j: a[i:j:-2], lambda a, v, i, j: a[::3],
            lambda a, v, i, j: operator.setitem(a, slice(i, j), a[i:j][::-1]),
            lambda a, v, i, j: operator.setitem(a, slice(None, None, -1), a[:]),
            lambda a, v, i, j: v in a, lambda a, v, i, j: a.count(v), lambda a, v, i, j: a.index(v),
            lambda a, v, i, j: a.index(v, i, j), lambda a, v, i, j: a.tolist(),
            lambda a, v, i, j: a.tobytes(), lambda a, v, i, j: list(a), lambda a, v, i, j: list(reversed(a)),
            lambda a, v, i, j: (len(a), a.itemsize, a.typecode), lambda a, v, i, j: repr(a)[1:],
            lambda a, v, i, j: a < a[i:j], lambda a, v, i, j: a == a[:], lambda a, v, i, j: a != a[1:],
            lambda a, v, i, j: a >= a[j:],
        )  # fmt: skip
        random_ = random.Random(8)
        for typecode in TYPECODES:
            plain = array.array(typecode, [sample(typecode, random_) for _ in range(8)])
            shared = Array(typecode, plain)
            for _ in range(400):
                operation = random_.choice(operations)
                arguments = sample(random_.choice(TYPECODES), random_), random_.randrange(-10, 10), random_.randrange(-10, 10)
                with self.subTest(typecode=typecode, arguments=arguments):
                    self.assertEqual(outcome(operation, shared, *arguments), outcome(operation, plain, *arguments))
                    self.assertEqual(shared.tobytes(), plain.tobytes())

    def test_slices_are_plain_arrays(self):
        shared = Array("h", range(5))
        self.assertIs(type(shared[1:3]), array.array)
        self.assertEqual(shared[1:3], array.array("h", [1, 2]))
        self.assertEqual(shared[3:1], array.array("h"))
        self.assertEqual(Array("d")[:], array.array("d"))

    def test_what_is_assigned_to_a_slice_has_its_length(self):
        shared = Array("i", range(6))
        for index, value in ((slice(0, 2), [7, 8]), (slice(4, None, -2), (1, 2, 3)), (slice(None), Array("i", range(6))), (
                slice(1, 3), struct.pack("2i", 4, 5)), (slice(2, 2), ()), (slice(1, 3), iter([1.0.__int__(), True]))):
            expected = shared.tolist()
            expected[index] = struct.unpack("2i", value) if isinstance(value, bytes) else [1, 1] if isinstance(
                value, collections.abc.Iterator) else value
            shared[index] = value
            self.assertEqual(shared.tolist(), expected)
        for index, value in ((slice(0, 2), [1]), (slice(None), range(7)), (slice(None, None, 2), b""), (slice(3, 3), [1])):
            with self.assertRaises(ValueError):
                shared[index] = value
        for value in ([1, "2"], [1, 2**31], None, 5, "ab", [1, 1.5]):
            with self.assertRaises((TypeError, OverflowError)):
                shared[0:2] = value
        self.assertEqual(shared.tolist(), expected)

    def test_a_slice_can_be_assigned_to_one_that_overlaps_it(self):
        for index in (slice(1, None), slice(None, -1), slice(None, None, 1), slice(None, None, -1)):
            shared, plain = Array("q", range(9)), list(range(9))
            count = len(plain[index])
            shared[index], plain[index] = memoryview(shared)[:count], plain[:count]
            self.assertEqual(shared.tolist(), plain)
            shared[index], plain[index] = memoryview(shared)[::-1][:count], plain[::-1][:count]
            self.assertEqual(shared.tolist(), plain)

    def test_its_length_is_fixed(self):
        shared = Array("i", [1, 2])
        for change in (lambda: operator.delitem(shared, 0), lambda: operator.delitem(shared, slice(None)),
                       lambda: operator.iadd(shared, shared), lambda: operator.imul(shared, 2), lambda: shared.append(1)):
            with self.assertRaises((TypeError, AttributeError)):
                change()
        self.assertEqual(shared + shared, array.array("i", [1, 2, 1, 2]))
        self.assertEqual(shared + array.array("i", [3]), array.array("i", [1, 2, 3]))
        self.assertEqual(2 * shared, array.array("i", [1, 2, 1, 2]))
        self.assertIs(type(shared * 1), array.array)
        for wrong in (lambda: shared + [1], lambda: shared + Array("d", [1]), lambda: shared * 1.5):
            with self.assertRaises(TypeError):
                wrong()

    def test_compares_with_arrays_only_and_as_numbers_do(self):
        shared = Array("i", [1, 2])
        self.assertEqual(shared, Array("d", [1.0, 2.0]))
        self.assertEqual(array.array("b", [1, 2]), shared)
        self.assertNotEqual(shared, [1, 2])
        self.assertNotEqual(shared, array.array("u", "ab"))
        self.assertLess(Array("Q", [2**64 - 2049]), Array("d", [2.0**64]))
        self.assertNotEqual(Array("q", [2**53 + 1]), Array("d", [2.0**53]))
        self.assertNotEqual(Array("d", [float("nan")]), Array("d", [float("nan")]))
        self.assertEqual(Array("f", [0.0]), Array("f", [-0.0]))
        self.assertFalse(Array("d", [float("nan")]) < Array("d", [1.0]))
        with self.assertRaises(TypeError):
            shared < [1, 3]
        with self.assertRaises(TypeError):
            hash(shared)

    def test_is_a_sequence(self):
        self.assertIsInstance(Array("b"), collections.abc.Sequence)
        self.assertNotIsInstance(Array("b"), collections.abc.MutableSequence)
        self.assertIsInstance(Array("b"), collections.abc.Buffer)
        match Array("b", [1, 2]):
            case [first, *_]:
                self.assertEqual(first, 1)
        self.assertEqual(sum(Array("H", range(5))), 10)
        self.assertEqual(repr(Array("f")), "Array('f')")
        self.assertEqual(operator.length_hint(iter(Array("i", 7))), 7)
        self.assertEqual(repr(Array[int]), "symplast.Array[int]")


class Initializers(Case):
    def test_a_length_gives_zeros(self):
        for typecode in TYPECODES:
            self.assertEqual(Array(typecode, 3).tolist(), [0, 0, 0])
        self.assertEqual(len(Array("i", 0)), 0)
        self.assertEqual(len(Array("i", True)), 1)

        class Index:
            def __index__(self):
                return 2

        self.assertEqual(len(Array("i", Index())), 2)

    def test_numbers_of_all_kinds_of_iterables(self):
        for numbers in ([1, 2], (1, 2), range(1, 3), iter([1, 2]), {1: 0, 2: 0}, (i for i in (1, 2)), array.array("i", [1, 2]),
                        array.array("q", [1, 2]), Array("i", [1, 2]), Array("B", [1, 2]),
                        memoryview(array.array("i", [1, 2])), memoryview(array.array("i", [1, 9, 2]))[::2],
                        memoryview(b"\x01\x02"), symplast.List([1, 2]), symplast.freeze([1, 2])):
            with self.subTest(numbers=numbers):
                self.assertEqual(Array("i", numbers), array.array("i", [1, 2]))
        self.assertEqual(Array("d", Array("i", [1, 2])).tolist(), [1.0, 2.0])
        self.assertEqual(len(Array("i", itertools.repeat(7, 10_000))), 10_000)

    def test_bytes_are_the_bits_of_the_elements(self):
        for kind in (bytes, bytearray):
            self.assertEqual(Array("h", kind(struct.pack("3h", 1, -2, 3))).tolist(), [1, -2, 3])
        self.assertEqual(Array("B", b"abc").tolist(), [97, 98, 99])
        with self.assertRaises(ValueError):
            Array("h", b"abc")

    def test_what_is_refused(self):
        for arguments, error in (((), TypeError), (("i", 1, 2), TypeError), ((b"i",), TypeError), ((1,), TypeError), (
                ("ii",), TypeError), (("",), TypeError), (("u",), ValueError), (("w",), ValueError), (("\u0169",), ValueError),
                                 (("i", -1), ValueError), (("i", 2**70), OverflowError), (("i", None), TypeError), (
            ("i", 1.5), TypeError), (("i", "12"), TypeError), (("i", ["1"]), TypeError), (("i", [1.5]), TypeError),
                                 (("f", ["1"]), TypeError), (("d", [10**400]), OverflowError), (
            ("i", array.array("d", [1])), TypeError), (("i", array.array("u", "a")), TypeError), (("i", [[1]]), TypeError),
                                 (("i", object()), TypeError), (("d", 2**62), MemoryError), (("b", 2**63 - 1), MemoryError)):
            with self.subTest(arguments=arguments), self.assertRaises(error):
                Array(*arguments)
        with self.assertRaises(TypeError):
            Array(typecode="i")

    def test_elements_keep_to_their_limits(self):
        for typecode in INTEGERS:
            least, greatest = limits(typecode)
            shared = Array(typecode, [least, greatest])
            self.assertEqual(shared.tolist(), [least, greatest])
            for number in (least - 1, greatest + 1, 2**70, -(2**70)):
                for change in (lambda: operator.setitem(shared, 0, number),
                               lambda: shared.exchange(0, number), lambda: shared.compare_exchange(0, 0, number),
                               lambda: operator.setitem(shared, slice(0, 1), [number]),
                               lambda: Array(typecode, [number])):
                    with self.assertRaises(OverflowError):
                        change()
            for number in (1.0, "1", None, 1j):
                with self.assertRaises(TypeError):
                    shared[0] = number
            self.assertEqual(shared.tolist(), [least, greatest])

    def test_exceptions_of_iterables_come_through(self):
        def numbers():
            yield 1
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            Array("i", numbers())


class Atomic(Case):
    def test_adding(self):
        for typecode in INTEGERS:
            least, greatest = limits(typecode)
            shared = Array(typecode, [0, 5, greatest])
            self.assertEqual((shared.add(1, 2), shared.add(-2, -3), shared.add(0, True)), (7, 4, 1))
            for index, number in ((2, 1), (2, 2**80), (1, least - 5), (1, -(2**80))):
                with self.assertRaises(OverflowError):
                    shared.add(index, number)
            self.assertEqual(shared.add(2, least - greatest), least)
            with self.assertRaises(TypeError):
                shared.add(0, 1.5)
        shared = Array("d", [1])
        self.assertEqual((shared.add(0, 0.5), shared.add(0, 1), shared[0]), (1.5, 2.5, 2.5))
        self.assertEqual(Array("f", [1]).add(0, 0.1), struct.unpack("f", struct.pack("f", 1.1))[0])
        self.assertEqual(Array("Q", [0]).add(0, 2**64 - 1), 2**64 - 1)

    def test_exchanging(self):
        shared = Array("d", [1, 2])
        self.assertEqual((shared.exchange(0, 5), shared.exchange(-1, 6), shared.tolist()), (1.0, 2.0, [5.0, 6.0]))
        self.assertEqual((shared.compare_exchange(0, 4, 7), shared.compare_exchange(0, 5, 7), shared[0]), (False, True, 7.0))

    def test_what_is_expected_is_compared_as_python_does(self):
        shared = Array("i", [3])
        self.assertFalse(shared.compare_exchange(0, "3", 1))
        self.assertFalse(shared.compare_exchange(0, 2**70, 1))
        self.assertTrue(shared.compare_exchange(0, 3.0, 1))
        self.assertTrue(shared.compare_exchange(0, True, 2))
        real = Array("d", [-0.0, float("nan")])
        self.assertTrue(real.compare_exchange(0, 0, 1))
        self.assertFalse(real.compare_exchange(1, real[1], 1))

    def test_wrong_indices_and_counts(self):
        shared = Array("i", [1, 2])
        for call in (lambda: shared.add(2, 1), lambda: shared.add(-3, 1), lambda: shared.exchange(2**80, 1),
                     lambda: shared.compare_exchange(5, 1, 1), lambda: shared[2], lambda: shared[-3],
                     lambda: operator.setitem(shared, 2, 1)):
            with self.assertRaises(IndexError):
                call()
        for call in (lambda: shared.add(0), lambda: shared.add("0", 1), lambda: shared.add(0, 1, 2), lambda: shared.exchange(0),
                     lambda: shared.compare_exchange(0, 1), lambda: shared[1.0], lambda: shared.index(), lambda: shared.count()):
            with self.assertRaises(TypeError):
                call()

    def test_workers_count_without_a_lock(self):
        for typecode in "HiQ":
            shared = Array(typecode, 5)
            with symplast.InterpreterPoolExecutor(4) as executor:
                won = sum(executor.map(live_array_tasks.count_up, [shared] * 4, [4000] * 4))
            self.assertEqual(shared.tolist(), [4000] * 4 + [won])

    def test_no_element_is_seen_half_written(self):
        for typecode, values in (("q", (-1, 0, 2**62, -(2**62))), ("d", (1.1e300, -1.7e-300)), ("H", (0, 0xFFFF))):
            shared = Array(typecode, [values[0]] * 3)
            with symplast.InterpreterPoolExecutor(2) as executor:
                writing = executor.submit(live_array_tasks.toggle, shared, 1, values, 5000)
                self.assertEqual(executor.submit(live_array_tasks.read, shared, 1, values, 10_000).result(), 0)
                writing.result()
            self.assertEqual((shared[0], shared[2]), (values[0], values[0]))


class LikeALiveObject(Case):
    def test_is_a_member_of_others_by_reference(self):
        class Histogram(symplast.Object):
            counts: Array
            plain: array.array

        # The shapes of a class stay in its pool.
        allocating = fixtures.new_pool(self).allocating()
        allocating.__enter__()
        self.addCleanup(allocating.__exit__, None, None, None)
        shared = Array("i", [1, 2])
        for holder in (symplast.Dict(x=shared)["x"], symplast.List([shared])[0], symplast.AtomicRef(shared).value,
                       Histogram(shared, shared).counts, symplast.SortedDict({1: shared})[1]):
            self.assertIs(holder, shared)
        histogram = Histogram(shared, array.array("i", [3]))
        self.assertEqual(histogram.plain, Array("i", [3]))
        histogram.plain = shared
        self.assertIs(histogram.plain, shared)
        for wrong in ([1, 2], None, 5):
            with self.assertRaises(TypeError):
                histogram.counts = wrong
            with self.assertRaises(TypeError):
                histogram.plain = wrong

    def test_a_plain_array_is_carried_into_the_pool(self):
        plain = array.array("d", [1, 2])
        d = symplast.Dict(a=plain, b=[plain, plain])
        self.assertIs(type(d["a"]), Array)
        self.assertIs(d["b"][0], d["b"][1])
        self.assertEqual(d["a"], plain)
        d["a"][0] = 9
        self.assertEqual(plain[0], 1)
        for refused in (array.array("u", "ab"), type("Derived", (array.array,), {})("i", [1])):
            with self.assertRaises(NotShareableError):
                d["c"] = [refused]
        self.assertNotIn("c", d)

    def test_thaw_freeze_and_copies(self):
        shared = Array("h", [1, 2])
        d = symplast.Dict(a=shared, b=[shared])
        thawed = symplast.thaw(d)
        self.assertIs(type(thawed["a"]), array.array)
        self.assertIs(thawed["a"], thawed["b"][0])
        self.assertEqual(symplast.thaw(shared), array.array("h", [1, 2]))
        self.assertEqual(symplast.freeze(shared), (1, 2))
        frozen = symplast.freeze(d)
        self.assertIs(frozen["a"], frozen["b"][0])
        for made in (copy.copy(shared), copy.deepcopy(shared)):
            self.assertIs(type(made), Array)
            self.assertEqual((made, made.typecode), (shared, "h"))
            made[0] = 7
        deep = copy.deepcopy([shared, shared])
        self.assertIs(deep[0], deep[1])
        self.assertEqual(shared[0], 1)

    def test_copies_are_made_in_the_same_pool(self):
        other = fixtures.new_pool(self, "other")
        shared = Array("h", [1, 2])
        with other.allocating():
            self.assertIs(symplast.pool_of(copy.copy(shared)), self.pool)
            self.assertIs(symplast.pool_of(Array("h", shared)), other)

    def test_handles(self):
        shared = Array("h", [1, 2])
        self.assertTrue(symplast.is_shared(shared))
        self.assertFalse(symplast.is_frozen(shared))
        reference = weakref.ref(shared)
        d = symplast.Dict(x=shared)
        del shared
        gc.collect()
        self.assertIsNone(reference())
        self.assertEqual(d["x"].tolist(), [1, 2])

    def test_goes_to_workers_and_back_by_reference(self):
        shared = Array("i", 10)
        with symplast.InterpreterPoolExecutor(2) as executor:
            list(executor.map(live_array_tasks.write_buffer, [shared] * 2, [0, 5], [range(5), range(5, 10)]))
            self.assertIs(executor.submit(operator.getitem, [shared], 0).result(), shared)
        self.assertEqual(shared.tolist(), list(range(10)))

    def test_is_pickled_by_reference(self):
        shared = Array("i", [1, 2])
        self.assertIs(pickle.loads(pickle.dumps(shared)), shared)
