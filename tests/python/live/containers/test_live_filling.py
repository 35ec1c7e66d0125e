"""
Live containers that get many items at once, and lists that sort themselves: as dict, list and set would, whatever the items, and
with nothing left behind when it fails.
"""

import itertools
import math
import os
import random
import unittest

import symplast
from symplast import Dict, List, Set, SortedDict, _symplast

import child
import live_blocks

SIZES = (0, 1, 2, 7, 15, 16, 17, 33, 256, 257, 1025, *((5000,) if os.environ.get("SYMPLAST_DEBUG") != "heap" else ()))

# Of each kind that a key can be, most of them more than once.
MIXED = [
    "text", "", "é", "語" * 9, "\ud800", "a" * 300, b"", b"bytes", 0, -1, 2**48, 2**49, 2**50, -(2**63), 2**200, 0.5, -0.0,
    math.inf, True, None, 1j, (), (1, "a"), ((1,), b"x"), frozenset({1, "b"}), ...,
]  # fmt: skip


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    pass


class Creation(Case):
    def test_a_dict_of_any_size_has_the_items_in_their_order(self):
        for size in SIZES:
            for plain in (
                {i: i for i in range(size)},
                {f"key {i}": f"value {i}" for i in range(size)},
                {f"key {i}": i / 3 for i in reversed(range(size))},
                {(i if i % 2 else str(i)): (None, True, False, i)[i % 4] for i in range(size)},
            ):
                d = Dict(plain)
                self.assertEqual(list(d.items()), list(plain.items()))
                self.assertEqual(len(d), size)
                for key in itertools.islice(plain, 0, None, 7):
                    self.assertEqual(d[key], plain[key])
                    self.assertIn(key, d)
                self.assertNotIn("other", d)

    def test_what_was_filled_goes_on_like_any_other(self):
        for size in SIZES:
            plain = {i: str(i) for i in range(size)}
            d, t, s = Dict(plain), SortedDict(plain), Set(plain)
            for i in range(0, size + 50, 3):
                plain[i] = d[i] = t[i] = "new"
                s.add(i)
            for i in range(0, size, 5):
                del plain[i], d[i], t[i]
                s.remove(i)
            plain[0] = d[0] = t[0] = "again"
            s.add(0)
            self.assertEqual((list(d.items()), list(s)), (list(plain.items()), list(plain)))
            self.assertEqual(list(t.items()), sorted(plain.items()))

    def test_keys_and_values_of_all_kinds(self):
        for kind in (Dict, lambda items: Dict(items.items())):
            plain = dict(zip(MIXED, reversed(MIXED)))
            self.assertEqual(list(kind(plain).items()), list(plain.items()))
            plain = {f"key {i}": MIXED[i % len(MIXED)] for i in range(1000)} | {i: f"{i}" for i in range(600)}
            self.assertEqual(list(kind(plain).items()), list(plain.items()))
        self.assertEqual(list(List(MIXED * 30)), MIXED * 30)
        self.assertEqual(list(Set(MIXED * 30)), list(dict.fromkeys(MIXED)))
        self.assertEqual(Set(tuple(MIXED)), set(MIXED))

    def test_plain_containers_are_carried_in_between(self):
        plain = {i: {"list": [i, {i}], "dict": {"x": str(i)}} if i % 3 == 0 else str(i) for i in range(400)}
        self.assertEqual(symplast.thaw(Dict(plain)), plain)
        self.assertEqual(symplast.thaw(SortedDict(plain)), plain)
        self.assertEqual(symplast.thaw(List(plain.values())), list(plain.values()))
        d = Dict(plain)
        self.assertEqual(symplast.thaw(Dict({"a": d, "b": 1, "c": d})), {"a": plain, "b": 1, "c": plain})

    def test_circles_are_carried(self):
        plain = {i: i for i in range(300)}
        plain["self"] = plain
        d = Dict(plain)
        self.assertEqual(list(d), list(plain))
        self.assertIs(d["self"]["self"], d["self"])
        symplast.delete(d["self"])

    def test_two_nans_are_one_key(self):
        plain = {float("nan"): 1, "x": 2, float("nan"): 3, (float("nan"),): 4, (float("nan"),): 5}
        self.assertEqual(len(plain), 5)
        d = Dict(plain)
        self.assertEqual((len(d), list(d.values())), (3, [3, 2, 5]))

    def test_members_that_are_equal_are_one(self):
        for times in (1, 2, 3, 100):
            for members in (range(40), [str(i) for i in range(40)], [1, 1.0, True, "1", 2, 2.0]):
                several = [member for member in members for _ in range(times)]
                s = Set(several)
                self.assertEqual(list(s), list(dict.fromkeys(several)))
                s |= set(several)
                s.update(range(100), several, {"more": 1})
                self.assertEqual(s, set(several) | set(range(100)) | {"more"})

    def test_updating_keeps_what_was_there(self):
        for before in (0, 1, 3, 20):
            for size in (0, 1, 5, 40, 300):
                for kind in (Dict, SortedDict):
                    plain = {i: "old" for i in range(before)}
                    live = kind(plain)
                    more = {i: f"new {i}" for i in reversed(range(before // 2, size))}
                    live.update(more)
                    plain.update(more)
                    live |= {-1: -1}
                    plain |= {-1: -1}
                    self.assertEqual(list(live.items()), list(plain.items()) if kind is Dict else sorted(plain.items()))

    def test_a_dict_that_was_emptied_is_filled(self):
        for emptied in (lambda d: d.clear(), lambda d: [d.popitem() for _ in range(len(d))]):
            for size in (3, 40):
                d = Dict({i: i for i in range(size)})
                emptied(d)
                d.update({str(i): i for i in range(500)})
                self.assertEqual(list(d), [str(i) for i in range(500)])

    def test_frozen_texts_stay_by_reference(self):
        frozen = symplast.freeze("a text that is frozen")
        d, l = Dict({i: frozen for i in range(50)}), List([frozen] * 50)
        self.assertTrue(all(value is frozen for value in (*d.values(), *l)))
        self.assertEqual(list(Dict({frozen: 1, "b": 2})), [frozen, "b"])

    def test_lists_take_any_slice(self):
        plain, live = [], List()
        rnd = random.Random(1)
        for turn in range(300):
            start, stop = rnd.randrange(-5, len(plain) + 5), rnd.randrange(-5, len(plain) + 5)
            items = [rnd.choice(["text", 5, None, 2**70, "é", [turn]]) for _ in range(rnd.randrange(4))]
            plain[start:stop] = items
            live[start:stop] = items
            if turn % 10 == 0:
                plain.extend(items)
                live.extend(items)
            self.assertEqual(symplast.thaw(live), plain)


class Sorted(Case):
    def test_keys_of_one_kind_in_any_order(self):
        rnd = random.Random(2)
        for size in SIZES:
            for key in (int, str, float, lambda i: f"a long common beginning {i}", lambda i: i - size // 2 if i % 2 else i / 3,
                        lambda i: "é" * (i % 5) + str(i), lambda i: b"%d" % i):
                numbers = list(range(size))
                rnd.shuffle(numbers)
                plain = {key(i): i for i in numbers}
                t = SortedDict(plain)
                self.assertEqual(list(t.items()), sorted(plain.items()))
                self.assertEqual(len(t), len(plain))
                for i in range(0, len(plain), 97):
                    self.assertEqual(t.peekitem(i), sorted(plain.items())[i])

    def test_keys_that_cannot_be_sorted_are_refused_as_one_by_one(self):
        for plain, error in (({i: 1 for i in range(20)} | {"x": 1}, TypeError), (
                {float("nan"): 1} | {i: 1 for i in range(20)}, ValueError), ({i: 1 for i in range(20)} | {None: 1}, TypeError)):
            with self.assertRaises(error):
                SortedDict(plain)
            with self.assertRaises(error):
                SortedDict(reversed(plain.items()))
        t = SortedDict()
        with self.assertRaises(TypeError):
            t.update({i: i for i in range(50)} | {"x": 1})
        self.assertLessEqual(len(t), 50)

    def test_a_full_pool_has_ranges_and_entries_by_number(self):
        with symplast.Pool("full", max_bytes=1 << 20) as pool, pool.allocating():
            t = SortedDict({i: str(i) for i in range(500)})
            held = List()
            with self.assertRaises(symplast.PoolFullError):
                while True:
                    held.append("x" * 20)
            self.assertEqual(list(t.irange(5, 400, (False, True))), list(range(6, 401)))
            self.assertEqual(list(t.irange(reverse=True)), list(reversed(range(500))))
            self.assertEqual((t.peekitem(77), t.peekitem(-77)), ((77, "77"), (423, "423")))
            with self.assertRaises(IndexError):
                t.peekitem(500)

    def test_a_range_is_of_one_moment(self):
        t = SortedDict({i: i for i in range(100)})
        keys = t.irange(10, 20)
        t.clear()
        self.assertEqual(list(keys), list(range(10, 21)))
        keys = SortedDict({i: i for i in range(100)}).irange(10, 20)
        self.assertEqual((keys.__length_hint__(), next(keys), keys.__length_hint__()), (11, 10, 10))


class Sorting(Case):
    def check(self, plain, **options):
        live = List(plain)
        live.sort(**options)
        plain = sorted(plain, **options)
        self.assertEqual(list(map(repr, live)), list(map(repr, plain)))

    def test_numbers_and_texts_stably_and_backwards(self):
        rnd = random.Random(3)
        lists = [
            [], [1], [2, 1], [1, 1.0, True, 0, False, -0.0, 0.0], list(range(1000)), list(reversed(range(1000))),
            [rnd.randrange(-50, 50) for _ in range(1000)],
            [rnd.randrange(-(2**49), 2**49) for _ in range(1000)],
            [rnd.random() * 10 ** rnd.randrange(-300, 300) * rnd.choice((1, -1)) for _ in range(1000)],
            [rnd.choice((1, 1.0, True, 2, 2.0, 0.5, -1)) for _ in range(500)], [math.inf, -math.inf, 5, -5.5, 2**48],
            [2**60, 1, 2**200, -(2**60), 5.5],
            [str(rnd.randrange(1000)) for _ in range(1000)], ["same"] * 100, ["", "\0", "\0\0", "a", "a\0", "a\0b", "aa"] * 9,
            [f"https://example.org/{rnd.randrange(400)}" for _ in range(1000)],
            ["é", "e", "語", "\ud800", "\U0001f600", "z", "\uffff"] * 10, [b"b", b"a", b"\xff", b""] * 20,
            [(2, "b"), (1, "c"), (1, "a")], ["x" * n for n in range(200)],
        ]  # fmt: skip
        for plain in lists:
            for reverse in (False, True):
                self.check(plain, reverse=reverse)
                self.check(plain, reverse=reverse, key=str)
                self.check(plain, reverse=reverse, key=lambda value: 0)

    def test_what_cannot_be_compared_stays_as_it_was(self):
        for plain in ([1, "a"], ["a", 1], [None, 1], [1, 2, b"x"], [1j, 2]):
            live = List(plain)
            with self.assertRaises(TypeError):
                live.sort()
            self.assertEqual(list(live), plain)

    def test_not_a_number_is_sorted_as_list_sorts_it(self):
        self.check([3.0, float("nan"), 1.0, 2, float("nan"), 0])

    def test_deleted_ones_say_so(self):
        live = List([2, 1])
        symplast.delete(live)
        with self.assertRaises(symplast.DeletedError):
            live.sort()
        with symplast.Pool("gone") as pool, pool.allocating():
            live = List(["b", "a"])
        with self.assertRaises(symplast.DeletedError):
            live.sort()


class Failures(Case):
    def test_what_is_refused_ends_it_and_nothing_is_left(self):
        bad = object()
        for size in (1, 20, 300, 2000):
            items = {str(i): i for i in range(size)} | {"bad": bad} | {str(-i): i for i in range(1, size)}
            for make in (Dict, SortedDict, lambda items: List(items.values()), lambda items: Set(items.values()),
                         lambda items: Dict({"inner": items})):
                with self.assertRaises(TypeError):
                    make(items)
            for live in (Dict(), SortedDict()):
                with self.assertRaisesRegex(symplast.NotShareableError, r"live\['bad'\]: object cannot be shared"):
                    live.update(items)
                self.assertEqual(len(live), size)
            with self.assertRaises(TypeError):
                Dict({1: 1} | {"x": {(): [bad]}})

    def test_an_iterable_that_fails_leaves_nothing(self):
        def some():
            yield from zip(range(300), map(str, range(300)))
            raise ZeroDivisionError

        for kind in (Dict, SortedDict, Set, List):
            with self.assertRaises(ZeroDivisionError):
                kind(some())
            live = kind()
            with self.assertRaises(ZeroDivisionError):
                (live.extend if kind is List else live.update)(some())
            # As set does, which takes one after the other.
            self.assertEqual(len(live), 300 if kind is Set else 0)

    def test_the_pool_is_full_half_way_and_nothing_is_left(self):
        texts = [f"text {i} " + "x" * 50 for i in range(3000)]
        makers = {
            "dict": lambda: Dict(dict(zip(texts, texts))), "sorted": lambda: SortedDict(dict(zip(texts, texts))),
            "list": lambda: List(texts), "set": lambda: Set(texts),
            "numbers": lambda: Dict(dict(zip(range(30_000), range(30_000)))),
            "carried": lambda: Dict({i: [str(i)] for i in range(3000)}), "sort": lambda: List(texts).sort(),
        }  # fmt: skip
        for limit in (70_000, 200_000, 300_000):
            with symplast.Pool("small", max_bytes=limit) as pool, pool.allocating():
                for name, make in makers.items():
                    for _ in range(3):
                        with self.subTest(name, limit=limit), self.assertRaises(symplast.PoolFullError):
                            make()
                    self.assertEqual(live_blocks.in_pool(pool), 0)
                d = Dict()
                with self.assertRaises(symplast.PoolFullError):
                    d.update(dict(zip(texts, texts)))
                # One after the other: those that came first are there.
                self.assertEqual(list(d.items()), list(zip(texts, texts))[: len(d)])
                self.assertGreater(len(d), 0)
                del d

    def test_memory_fails_at_any_moment_and_nothing_is_left(self):
        plain = {f"key {i}": f"value {i}" for i in range(40)} | {"list": [1, "two"]} | {2.5 + i: "é" for i in range(3)}
        texts = [f"{i % 7} text {i}" for i in range(120)]

        def fill_and_sort():
            live = List(texts)
            live.sort()
            self.assertEqual(list(live), sorted(texts))

        for make in (
            lambda: self.assertEqual(symplast.thaw(Dict(plain)), plain),
            lambda: self.assertEqual(list(Set(list(plain))), list(plain)),
            lambda: self.assertEqual(list(SortedDict(dict(zip(texts, texts)))), sorted(texts)),
            lambda: self.assertEqual(list(SortedDict(dict(zip(texts, texts))).irange("3", "4")),
                                     [text for text in sorted(texts) if text[0] == "3"]),
            fill_and_sort,
        ):
            make()
            before = live_blocks.in_pool(self.pool)
            for n in itertools.count(1):
                _symplast._fail_at(n)
                error = None
                try:
                    make()
                except MemoryError as caught:
                    error = caught
                finally:
                    failed = _symplast._fail_at(0)
                if error is not None:
                    error.__traceback__ = None
                self.assertEqual(_symplast._live_blocks(self.pool), before)
                if not failed:
                    break
                self.assertLess(n, 2000)


class Meanwhile(Case):
    def setUp(self):
        super().setUp()
        # The shapes of classes stay in their pool.
        self.keys = symplast.Pool("keys")
        self.addCleanup(self.keys.delete)

    def test_a_key_that_looks_at_what_is_filled(self):
        class Key(symplast.Object):
            def __hash__(self):
                if live is not None:
                    live["seen"] = len(live)
                    source.clear()
                return 1

            def __eq__(self, other):
                return self is other

        live = None
        with self.keys.allocating():
            keys = [Key() for _ in range(3)]
        plain = {str(i): i for i in range(100)} | {key: "key" for key in keys} | {i: i for i in range(100)}
        live, source = Dict(), dict(plain)
        live.update(source)
        self.assertEqual(source, {})
        seen = live.pop("seen")
        self.assertEqual(symplast.thaw(live), plain)
        self.assertLess(seen, len(plain) + 1)
        live = None

    def test_a_key_that_deletes_what_is_filled(self):
        class Key(symplast.Object):
            def __hash__(self):
                if live is not None:
                    symplast.delete(live)
                return 1

        live = None
        with self.keys.allocating():
            key = Key()
        plain = {str(i): i for i in range(100)} | {key: 1} | {i: i for i in range(100)}
        live = Dict()
        with self.assertRaises(symplast.DeletedError):
            live.update(plain)
        live = None

    def test_others_fill_the_same_at_once(self):
        for kind in (Dict, SortedDict, Set):
            for size in (10, 300):
                with symplast.InterpreterPoolExecutor(2) as executor:
                    for turn in range(20):
                        live = kind()
                        parts = [{f"{turn} {worker} {i}": i for i in range(size)} for worker in range(2)]
                        for future in [executor.submit(kind.update, live, part) for part in parts]:
                            future.result()
                        self.assertEqual(set(live), set(parts[0]) | set(parts[1]))
                        self.assertEqual(len(live), 2 * size)


if os.environ.get("SYMPLAST_DEBUG") != "heap":

    class DebugHeap(unittest.TestCase):
        def test_all_of_this_under_the_debug_heap(self):
            child.run("import sys, unittest; unittest.main(module=None, argv=['-', *sys.argv[1:]])", "test_live_filling",
                      SYMPLAST_DEBUG="heap")
