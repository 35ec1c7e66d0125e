"""symplast.AtomicInt and AtomicRef."""

import operator
import unittest

import symplast


def count(number, n):
    for _ in range(n):
        number.add(1)


def take(place, n):
    """Swaps numbers through the one place; returns what it took."""
    taken = []
    for i in range(n):
        taken.append(place.exchange(i))
    return taken


class AtomicInt(unittest.TestCase):
    def test_operations(self):
        number = symplast.AtomicInt(5)
        self.assertEqual((number.value, int(number), operator.index(number), bool(number)), (5, 5, 5, True))
        self.assertEqual((number.add(3), number.exchange(-1), number.value), (8, 8, -1))
        self.assertEqual((number.compare_exchange(0, 9), number.compare_exchange(-1, 9), number.value), (False, True, 9))
        number.value = 2**63 - 1
        self.assertEqual(number.value, 2**63 - 1)
        self.assertEqual(repr(symplast.AtomicInt()), "AtomicInt(0)")
        self.assertFalse(symplast.AtomicInt())

    def test_does_not_go_beyond_64_bits(self):
        number = symplast.AtomicInt(2**63 - 1)
        for change in (lambda: number.add(1), lambda: number.exchange(2**63),
                       lambda: number.compare_exchange(number.value, -(2**63) - 1), lambda: setattr(number, "value", 2**64)):
            with self.assertRaises(OverflowError):
                change()
        self.assertEqual(number.value, 2**63 - 1)

    def test_takes_ints_only(self):
        number = symplast.AtomicInt()
        for wrong in (1.5, "1", None):
            for change in (number.add, number.exchange, lambda v: number.compare_exchange(v, 1),
                           lambda v: number.compare_exchange(1, v), lambda v: setattr(number, "value", v), symplast.AtomicInt):
                with self.assertRaises(TypeError):
                    change(wrong)
        for call in (lambda: symplast.AtomicInt(1, 2), lambda: symplast.AtomicInt(value=1), lambda: number.compare_exchange(1),
                     lambda: delattr(number, "value")):
            with self.assertRaises(TypeError):
                call()

    def test_workers_count_without_a_lock(self):
        number = symplast.AtomicInt()
        with symplast.InterpreterPoolExecutor(2) as executor:
            list(executor.map(count, [number] * 4, [10_000] * 4))
        self.assertEqual(number.value, 40_000)

    def test_deleted(self):
        number = symplast.AtomicInt(1)
        symplast.delete(number)
        for use in (lambda: number.value, lambda: number.add(1), lambda: int(number), lambda: bool(number),
                    lambda: number.exchange(1), lambda: number.compare_exchange(1, 2), lambda: symplast.delete(number)):
            with self.assertRaises(symplast.DeletedError):
                use()
        self.assertIn("deleted", repr(number))


class AtomicRef(unittest.TestCase):
    def test_operations(self):
        d = symplast.Dict(a=1)
        place = symplast.AtomicRef(d)
        self.assertIs(place.value, d)
        self.assertIs(place.exchange("text"), d)
        self.assertFalse(place.compare_exchange("other", 1))
        self.assertTrue(place.compare_exchange("te" + "xt", (1, "x")))
        self.assertEqual(place.value, (1, "x"))
        place.value = {"k": 1}
        self.assertIsInstance(place.value, symplast.Dict)
        self.assertTrue(place.compare_exchange(place.value, None))
        self.assertIsNone(place.value)
        self.assertEqual(repr(symplast.AtomicRef(5)), "AtomicRef(5)")

    def test_refuses_what_cannot_be_shared(self):
        place = symplast.AtomicRef()
        for change in (place.exchange, lambda v: place.compare_exchange(None, v), lambda v: setattr(place, "value", v),
                       symplast.AtomicRef):
            with self.assertRaises(symplast.NotShareableError):
                change(object())
        self.assertIsNone(place.value)

    def test_workers_exchange_what_each_takes_once(self):
        place = symplast.AtomicRef(-1)
        with symplast.InterpreterPoolExecutor(2) as executor:
            taken = list(executor.map(take, [place] * 4, [500] * 4))
        self.assertEqual(sorted([place.value, *(each for one in taken for each in one)]),
                         sorted([-1, *range(500), *range(500), *range(500), *range(500)]))

    def test_holding_itself_can_be_shown_and_deleted(self):
        place = symplast.AtomicRef()
        place.value = place
        self.assertEqual(repr(place), "AtomicRef(AtomicRef(...))")
        with self.assertRaises(RecursionError):
            symplast.thaw(place)
        symplast.delete(place)
        with self.assertRaises(symplast.DeletedError):
            place.value
