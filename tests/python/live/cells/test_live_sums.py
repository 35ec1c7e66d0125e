"""add() of live objects: integers of any size, as Python adds them, at one moment."""

import random
import threading
import unittest

import symplast
from symplast import AtomicInt, Dict, List, SortedDict

import live_blocks


class Open(symplast.Object):
    pass


class SumsMixin:
    """self.summers(): for each kind of place what sets the number there, what adds to it, and what reads it."""

    def test_integers_have_no_limit(self):
        edges = [sign * (2**bits + more) for bits in (0, 7, 8, 48, 49, 50, 62, 63, 64, 65, 127, 128, 1000) for more in (-1, 0, 1)
                 for sign in (1, -1)]
        choices = random.Random(1)
        for store, add, get in self.summers():
            for _ in range(600):
                before, n = choices.choice(edges), choices.choice(edges)
                store(before)
                self.assertEqual(add(n), before + n, (before, n))
                self.assertEqual(get(), before + n)

    def test_with_floats(self):
        choices = random.Random(2)
        wholes = [sign * (2**bits + more) for bits in (53, 54, 63, 64, 65, 200, 1023) for more in (-1, 0, 1, 2, 3)
                  for sign in (1, -1)]
        wholes += [choices.getrandbits(choices.randrange(60, 300)) for _ in range(100)] + [
            2**64 + 2**11, 2**64 + 2**11 + 1, 2**64 + 3 * 2**11, -(2**64 + 2**11)]
        for store, add, get in self.summers():
            for whole in wholes:
                store(whole)
                self.assertEqual(add(0.5), whole + 0.5, whole)
                store(0.5)
                self.assertEqual(add(whole), 0.5 + whole, whole)
            for before, n in ((10**400, 0.5), (0.5, 10**400), (0.5, -(10**400))):
                store(before)
                with self.assertRaisesRegex(OverflowError, "int too large to be added to a float"):
                    add(n)
                self.assertEqual(get(), before)

    def test_threads_lose_no_sum(self):
        for store, add, get in self.summers():
            step = 2**62 + 1
            store(0)
            threads = [threading.Thread(target=lambda: [add(step) for _ in range(500)]) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(get(), 2000 * step)


class Containers(SumsMixin, live_blocks.NothingLeftMixin, unittest.TestCase):
    @staticmethod
    def summers():
        d, s, l = Dict(), SortedDict(), List([0])
        return (
            (lambda n: d.__setitem__("n", n), lambda n: d.add("n", n), lambda: d["n"]),
            (lambda n: s.__setitem__("n", n), lambda n: s.add("n", n), lambda: s["n"]),
            (lambda n: l.__setitem__(0, n), lambda n: l.add(0, n), lambda: l[0]),
        )

    def test_sums_are_keys_and_values_like_others(self):
        d = Dict(n=2**64)
        total = d.add("n", 5)
        keys = Dict({d["n"]: "found"})
        self.assertEqual((keys[2**64 + 5], keys[total]), ("found", "found"))
        d.add("n", -(2**64))
        self.assertEqual(Dict({5: "small"})[d["n"]], "small")
        self.assertTrue(d.compare_exchange("n", 5, "x"))

    def test_a_missing_key_counts_as_nothing(self):
        for d in (Dict(), SortedDict()):
            self.assertEqual(d.add("n", 2**100), 2**100)
            self.assertEqual(d, {"n": 2**100})

    def test_an_atomic_int_says_its_limit(self):
        n = AtomicInt(2**63 - 1)
        with self.assertRaisesRegex(OverflowError, "an AtomicInt has 64 bits"):
            n.add(1)
        self.assertEqual(n.value, 2**63 - 1)


class Objects(SumsMixin, unittest.TestCase):
    @staticmethod
    def summers():
        o = Open()
        return ((lambda n: setattr(o, "n", n), lambda n: symplast.add(o, "n", n), lambda: o.n),)
