"""Iteration over Dict, SortedDict, Set and List: of one moment, whatever their size, and without room in the pool."""

import itertools
import operator
import pickle
import random
import unittest
import weakref

import live_blocks
import subinterpreters
import symplast
from symplast import Dict, List, Set, SortedDict, _symplast

SIZES = (0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 255, 256, 257, 1000, 1023, 1024, 1025, 3000)


class Node(symplast.Object):
    n: int


class Whole(live_blocks.NothingLeftMixin, unittest.TestCase):
    def test_gives_everything_once_and_in_order_whatever_the_size(self):
        for size in SIZES:
            plain = {(i if i % 2 else f"key {i}"): (f"text {i}" if i % 3 else [i]) for i in range(size)}
            d, keys = Dict(plain), list(plain)
            self.assertEqual(list(d), keys)
            self.assertEqual(list(reversed(d)), keys[::-1])
            self.assertEqual([symplast.thaw(v) if isinstance(v, List) else v for v in d.values()], list(plain.values()))
            self.assertEqual([key for key, _ in d.items()], keys)
            self.assertEqual([key for key, _ in reversed(d.items())], keys[::-1])
            self.assertEqual(list(d.copy()), keys)
            self.assertEqual(list(Set(keys)), keys)
            self.assertEqual(list(SortedDict.fromkeys(range(size))), list(range(size)))
            self.assertEqual(list(reversed(SortedDict((-i, i) for i in range(size)).items())), [(-i, i) for i in range(size)])
            self.assertEqual(list(List(keys)), keys)
            self.assertEqual(list(reversed(List(keys))), keys[::-1])

    def test_passes_over_what_was_removed(self):
        for size in SIZES:
            d = Dict((i, i) for i in range(size))
            for i in range(0, size, 3):
                del d[i]
            left = [i for i in range(size) if i % 3]
            self.assertEqual((list(d), list(d.values()), list(d.items())), (left, left, [(i, i) for i in left]))

    def test_knows_how_many_are_left(self):
        for size in (3, 40, 2000):
            for iterator in (iter(Dict.fromkeys(range(size))), iter(Dict.fromkeys(range(size)).items()), iter(Set(range(size))),
                             iter(List(range(size)))):
                for left in range(size, 0, -1):
                    self.assertEqual(operator.length_hint(iterator), left)
                    next(iterator)
                self.assertEqual(list(iterator), [])
                self.assertEqual(operator.length_hint(iterator), 0)
                self.assertRaises(StopIteration, next, iterator)

    def test_can_be_pickled_on_the_way(self):
        d = Dict((i, str(i)) for i in range(50))
        for begun in (0, 1, 5, 8, 9, 30, 49):
            for make, of in ((lambda: iter(d), list(range(50))), (lambda: iter(d.items()), [(i, str(i)) for i in range(50)]),
                             (lambda: iter(d.values()), [str(i) for i in range(50)])):
                iterator = make()
                for _ in range(begun):
                    next(iterator)
                self.assertEqual(list(pickle.loads(pickle.dumps(iterator))), of[begun:])
                self.assertEqual(list(iterator), of[begun:])

    def test_that_ends_early_leaves_nothing(self):
        for size in (5, 20, 100, 2000):
            for begun in (0, 1, 8, 9):
                if begun < size:
                    for whole in (Dict((i, [f"text {i}"]) for i in range(size)).items(), List([f"text {i}"] for i in range(size)),
                                  Set(f"text {i}" for i in range(size))):
                        iterator = iter(whole)
                        for _ in range(begun):
                            next(iterator)
                        del iterator, whole

    def test_sees_nothing_of_what_changes_meanwhile(self):
        for size in (3, 20, 500, 2000):
            d, s, l = Dict((i, i) for i in range(size)), Set(range(size)), List(range(size))
            iterators = [iter(d), iter(d.values()), iter(s), iter(l)]
            pairs = iter(d.items())
            self.assertEqual([next(each) for each in (*iterators, pairs)], [0, 0, 0, 0, (0, 0)])
            d.clear()
            s.clear()
            del l[:]
            self.assertEqual([list(each) for each in iterators], [list(range(1, size))] * 4)
            self.assertEqual(list(pairs), [(i, i) for i in range(1, size)])


class Large(live_blocks.NothingLeftMixin, unittest.TestCase):
    """Dicts and sets that are copied while they are read."""

    def begin(self, d, chance):
        """An iterator of any kind, of which some was taken, and what is left for it to give."""
        kind = chance.choice((dict.keys, dict.values, dict.items))
        view, plain = kind(d.copy()), getattr(d, kind.__name__)()
        backwards = chance.random() < 0.5
        iterator = reversed(plain) if backwards else iter(plain)
        left = list(reversed(view) if backwards else view)
        begun = chance.choice((0, 1, 8, 9, 300, len(left) // 2, len(left)))
        self.assertEqual(list(itertools.islice(iterator, begun)), left[:begun])
        return iterator, left[begun:]

    def test_are_of_one_moment_whatever_happens_to_them(self):
        for seed in range(30):
            chance = random.Random(seed)
            size = chance.choice((1100, 1500, 5000, 20_000))
            d = Dict((i, f"text {i}") for i in range(size))
            for i in chance.sample(range(size), size // chance.choice((2, 5, 100))):
                del d[i]
            for _ in range(3):
                iterators = [self.begin(d, chance) for _ in range(chance.randrange(1, 4))]
                keys = list(d)
                for key in chance.sample(keys, len(keys) // chance.choice((1, 2, 50))):
                    d[key] = f"new {key}"
                for key in chance.sample(keys, len(keys) // chance.choice((1, 2, 50))):
                    del d[key]
                d.update((f"more {i}", i) for i in range(chance.choice((0, 10, 2000))))
                if chance.random() < 0.3:
                    d.clear()
                for iterator, left in iterators:
                    self.assertEqual(operator.length_hint(iterator), len(left))
                    wanted = chance.choice((len(left), len(left), len(left) // 2))
                    self.assertEqual(list(itertools.islice(iterator, wanted)), left[:wanted])
                d.update((i, f"again {i}") for i in range(1200))

    def test_can_be_read_within_one_another(self):
        d, s = Dict((i, i) for i in range(2000)), Set(range(2000))
        for whole in (d, s):
            count = 0
            for i in itertools.islice(whole, 0, None, 400):
                for j in itertools.islice(whole, i, i + 3):
                    self.assertEqual(list(itertools.islice(whole, 2)), [0, 1])
                    count += i <= j
            self.assertEqual(count, 15)

    def test_can_be_given_up_with_the_interpreter(self):
        d = Dict((i, [i]) for i in range(5000))
        with subinterpreters.Interpreter() as interpreter:
            interpreter.run(f"""
import builtins, symplast
pool = next(pool for pool in symplast.pools() if pool.name == {self.pool.name!r})
with pool.allocating():
    d = symplast.Dict((i, str(i)) for i in range(5000))
    s = symplast.Set(str(i) for i in range(5000))
builtins.keep = [iter(d), iter(d.items()), reversed(d.values()), iter(s)]
for each in builtins.keep:
    next(each)
""")
        self.assertEqual(next(iter(d.values())), [0])


class Full(unittest.TestCase):
    def test_pools_can_be_iterated_copied_shown_and_compared(self):
        for size in (3, 12, 100, 900, 3000):
            with symplast.Pool("full", max_bytes=2_000_000) as pool, pool.allocating():
                d, s, l = Dict((i, f"text {i}") for i in range(size)), Set(range(size)), List(range(size))
                t = SortedDict((-i, f"text {i}") for i in range(size))
                ballast = List()
                text = 1 << 16
                while text:
                    try:
                        ballast.append("x" * text)
                    except symplast.PoolFullError:
                        text //= 2
                expected = {i: f"text {i}" for i in range(size)}
                self.assertEqual((list(d), list(d.items()), list(d.values())),
                                 (list(expected), list(expected.items()), list(expected.values())))
                self.assertEqual((d.copy(), dict(d.items()), symplast.thaw(d)), (expected,) * 3)
                self.assertEqual((list(s), s.copy(), list(l), l.copy()),
                                 (list(range(size)), set(range(size)), list(range(size)), list(range(size))))
                self.assertEqual((list(t), list(t.items())),
                                 ([-i for i in reversed(range(size))], [(-i, f"text {i}") for i in reversed(range(size))]))
                self.assertEqual((t.copy(), symplast.thaw(t)), ({-i: f"text {i}" for i in reversed(range(size))},) * 2)
                self.assertTrue(d == expected and s == set(range(size)) and l == list(range(size)))
                self.assertEqual((repr(d), repr(l)), (f"Dict({expected!r})", f"List({list(range(size))!r})"))

    def test_memory_fails_at_any_moment_and_leaves_everything_as_it_was(self):
        with symplast.Pool("failing") as pool, pool.allocating():
            wholes = [kind((i, [i]) for i in range(size)) for size in (3, 100, 2000) for kind in (Dict, SortedDict)]
            for d in wholes:
                list(d.items())
                before = live_blocks.in_pool(pool)
                n, failed = 1, True
                while failed:
                    _symplast._fail_at(n)
                    try:
                        seen = [key for key, _ in d.items()]
                    except MemoryError:
                        seen = None
                    finally:
                        failed = _symplast._fail_at(0)
                    self.assertIn(seen, (None, list(range(len(d)))))
                    n += 1
                self.assertEqual(seen, list(range(len(d))))
                self.assertEqual(live_blocks.in_pool(pool), before)


class Deleted(unittest.TestCase):
    def test_pools_end_an_iteration_with_an_error_whatever_was_ready(self):
        for size in (5, 20, 100, 2000):
            for begun in (0, 1, 4):
                pool = symplast.Pool("gone")
                with pool.allocating():
                    d = Dict((i, Node(i)) for i in range(size))
                    l, s, t = List(d.values()), Set(range(size)), SortedDict(d)
                iterators = [iter(d), iter(d.items()), iter(d.values()), reversed(d), iter(s), iter(l), reversed(l), iter(t)]
                for each in iterators:
                    for _ in range(begun):
                        next(each)
                pool.delete()
                for each in iterators:
                    self.assertRaises(symplast.DeletedError, next, each)
                    self.assertRaises(StopIteration, next, each)

    def test_containers_are_iterated_to_the_end(self):
        for size in (5, 20, 100, 2000):
            d, l = Dict((i, str(i)) for i in range(size)), List(range(size))
            items, elements = iter(d.items()), iter(l)
            self.assertEqual((next(items), next(elements)), ((0, "0"), 0))
            symplast.delete(d)
            symplast.delete(l)
            self.assertEqual((len(list(items)), len(list(elements))), (size - 1, size - 1))

    def test_elements_are_given_as_deleted_handles(self):
        node = Node(1)
        d, l = Dict(a=1, b=node), List([1, node])
        iterators = [iter(d.values()), iter(l)]
        self.assertEqual([next(each) for each in iterators], [1, 1])
        symplast.delete(node)
        for each in iterators:
            self.assertIs(next(each), node)


class Finalizers(unittest.TestCase):
    def test_may_use_the_iterator_that_drops_them(self):
        seen, iterators, references = [], [iter(())], []
        dying = lambda _: seen.append(next(iterators[0], "over"))
        for values in (List(Node(i) for i in range(6)), Dict((i, Node(i)) for i in range(6)).values()):
            handles = list(values)
            references[:] = [weakref.ref(handle, dying) for handle in handles]
            iterators[0] = iter(values)
            next(iterators[0])
            # From here on only the iterator has those that it has made ready.
            del handles, seen[:]
            self.assertEqual([iterators[0].__length_hint__() for o in iterators[0]][-1], 0)
            self.assertTrue(seen)
