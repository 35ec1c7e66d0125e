"""What is taken out of a structure is not lost if its class cannot be found in the interpreter."""

import unittest

import live_classes
import symplast
from symplast import AtomicInt, AtomicRef, Dict, List, Set, SortedDict


class LostClassTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.executor = symplast.InterpreterPoolExecutor(1)
        cls.addClassCleanup(cls.executor.shutdown)

    def lost(self, make):
        return self.executor.submit(live_classes.with_a_lost_object, make).result()

    def test_taking_it_is_an_error_and_leaves_the_structure(self):
        takes = (
            ("Dict({'a': 1, 'b': o})", (lambda d: d.pop("b"), lambda d: d.popitem(), lambda d: d.pop("b", None)), 2),
            ("Dict({'b': o, 'a': 1})", (lambda d: d.popitem(last=False),), 2),
            ("Dict({o: 1})", (lambda d: d.popitem(),), 1),
            ("Dict({i: (1, (o,)) for i in range(100)})", (lambda d: d.pop(5), lambda d: d.popitem()), 100),
            ("List([1, o])", (lambda l: l.pop(), lambda l: l.pop(1), lambda l: l.pop(-1)), 2),
            ("List([o, 1])", (lambda l: l.pop(0), lambda l: l.pop(-2)), 2),
            ("Set([o])", (lambda s: s.pop(),), 1),
            ("SortedDict({i: o for i in range(3)})", (lambda d: d.pop(1), lambda d: d.popitem(), lambda d: d.popitem(
            1), lambda d: d.pop_first(), lambda d: d.pop_last(), lambda d: d.popitem(0)), 3),
        )
        for source, uses, length in takes:
            holder = self.lost(source)
            for use in uses:
                with self.subTest(source), self.assertRaisesRegex(symplast.NotShareableError,
                                                                  "no_such_module.Lost .* cannot be found in this interpreter"):
                    use(holder)
                self.assertEqual(len(holder), length)
            self.assertTrue(self.executor.submit(live_classes.holds_a_lost_object, holder).result())

    def test_exchanging_it_too(self):
        holder = self.lost("AtomicRef(o)")
        with self.assertRaises(symplast.NotShareableError):
            holder.exchange(5)
        self.assertTrue(self.executor.submit(live_classes.holds_a_lost_object, holder).result())
        holder.value = 5
        self.assertEqual(holder.exchange(6), 5)

    def test_it_stays_even_if_it_comes_at_that_moment(self):
        takes = (
            (Dict, lambda d: d.pop("k")), (Dict, lambda d: d.popitem()), (Dict, lambda d: d.popitem(last=False)),
            (SortedDict, lambda d: d.pop("k")), (SortedDict, lambda d: d.pop_first()),
            (SortedDict, lambda d: d.popitem()), (SortedDict, lambda d: d.popitem(0)), (List, lambda l: l.pop()),
            (List, lambda l: l.pop(0)), (Set, lambda s: s.pop()),
            (AtomicRef, lambda r: r.exchange(1)),
        )
        for make, take in takes:
            holder, ended = make(), AtomicInt()
            future = self.executor.submit(live_classes.offer_a_lost_object, holder, 3000, ended)
            while not ended.value:
                try:
                    take(holder)
                except (symplast.NotShareableError, LookupError):
                    pass
            offered, gone = future.result()
            self.assertEqual(gone, 0, f"{make.__name__}: of {offered}")
            self.assertGreater(offered, 0)

    def test_what_is_known_is_taken(self):
        holder = self.lost("Dict({'a': o, 'b': 1, 'c': List([2])})")
        self.assertEqual((holder.pop("b"), holder.pop("c"), holder.pop("x", 3)), (1, [2], 3))
        self.assertRaises(KeyError, holder.pop, "x")
