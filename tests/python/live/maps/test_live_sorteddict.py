"""symplast.SortedDict: a mapping in key order, shared."""

import collections
import collections.abc
import copy
import gc
import inspect
import itertools
import math
import random
import unittest
import weakref
from bisect import bisect_left, bisect_right

import symplast
from symplast import SortedDict

import live_blocks
import subinterpreters


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    pass


class Order(Case):
    def test_each_kind_of_key_is_sorted_as_python_sorts_it(self):
        kinds = (
            [3, 1.5, True, -(2**70), 2**70, 2**53 + 1, float(2**53), float("inf"), -0.5, 0, 2**60, 2**60 + 1],
            ["b", "", "a", "zoë", "z", "\U0001f600", "\ud800", "\uffff", "aaaaaaaaab", "aaaaaaaaaa"],
            [b"b", b"", b"\xff", b"aaaaaaaaaa", b"aaaaaaaaab", b"\0"],
            [(2,), (1, "a", 2), (1,), (), (1, "a"), (1.5, b"x"), (1, "a", 0), (1.25, (1, 2), 3), (1.25, (1,)), (1, "b", b"x")],
        )
        for keys in kinds:
            d = SortedDict((key, i) for i, key in enumerate(keys))
            expected = sorted(keys)
            self.assertEqual(list(d), expected)
            self.assertEqual([type(key) for key in d], [type(key) for key in expected])
            self.assertEqual(list(d.items()), [(key, keys.index(key)) for key in expected])
            self.assertEqual(list(reversed(d)), expected[::-1])

    def test_it_agrees_with_a_sorted_list(self):
        choices = random.Random(2)
        d, model = SortedDict(), {}
        for _ in range(3000):
            key = choices.randrange(300)
            turn = choices.randrange(10)
            if turn < 5:
                d[key] = model[key] = choices.random()
            elif turn < 8:
                self.assertEqual(d.pop(key, None), model.pop(key, None))
            elif turn == 8 and model:
                index = choices.randrange(-len(model), len(model))
                expected = sorted(model.items())[index]
                self.assertEqual(d.peekitem(index), expected)
                self.assertEqual(d.popitem(index), expected)
                del model[expected[0]]
            else:
                self._compare(d, model, choices)
        self.assertEqual(d, model)

    def _compare(self, d, model, choices):
        keys = sorted(model)
        self.assertEqual(list(d), keys)
        self.assertEqual(len(d), len(keys))
        key = choices.randrange(-1, 301)
        at = lambda i: (keys[i], model[keys[i]]) if 0 <= i < len(keys) else None
        self.assertEqual(d.floor(key), at(bisect_right(keys, key) - 1))
        self.assertEqual(d.lower(key), at(bisect_left(keys, key) - 1))
        self.assertEqual(d.ceiling(key), at(bisect_left(keys, key)))
        self.assertEqual(d.higher(key), at(bisect_right(keys, key)))
        self.assertEqual((d.first(), d.last()), (at(0), at(len(keys) - 1)))
        low, high = choices.randrange(-1, 301), choices.randrange(-1, 301)
        for includes_low, includes_high in itertools.product((True, False), repeat=2):
            inside = [k for k in keys if (k > low or includes_low and k == low) and (k < high or includes_high and k == high)]
            self.assertEqual(list(d.irange(low, high, (includes_low, includes_high))), inside)
            self.assertEqual(list(d.irange(low, high, inclusive=[includes_low, includes_high], reverse=True)), inside[::-1])
        self.assertEqual(list(d.irange(minimum=low)), [k for k in keys if k >= low])
        self.assertEqual(list(d.irange(maximum=high, reverse=1)), [k for k in reversed(keys) if k <= high])

    def test_the_ends_of_an_empty_one(self):
        d = SortedDict()
        for name in ("first", "last"):
            self.assertIsNone(getattr(d, name)())
        for name in ("floor", "ceiling", "lower", "higher"):
            self.assertIsNone(getattr(d, name)(1))
        for name in ("pop_first", "pop_last", "popitem"):
            self.assertRaisesRegex(KeyError, "dictionary is empty", getattr(d, name))
        self.assertRaises(KeyError, d.popitem, 5)
        self.assertRaises(IndexError, d.peekitem)
        self.assertRaises(IndexError, d.peekitem, 3)
        self.assertEqual(list(d.irange(1, 2)), [])

    def test_ends_places_and_their_bounds(self):
        d = SortedDict({i: str(i) for i in range(50)})
        self.assertEqual((d.peekitem(), d.peekitem(0), d.peekitem(7), d.peekitem(-50), d.peekitem(index=-2)),
                         ((49, "49"), (0, "0"), (7, "7"), (0, "0"), (48, "48")))
        for index in (50, -51, 2**62, -(2**62)):
            self.assertRaises(IndexError, d.peekitem, index)
            self.assertRaises(IndexError, d.popitem, index)
        self.assertRaises(IndexError, d.peekitem, 2**100)
        self.assertEqual((d.popitem(), d.popitem(0), d.popitem(index=1), d.pop_first(), d.pop_last()),
                         ((49, "49"), (0, "0"), (2, "2"), (1, "1"), (48, "48")))
        self.assertEqual(list(d), list(range(3, 48)))


class Kinds(Case):
    def test_keys_of_two_kinds_are_refused_by_name(self):
        for present, others in ((1, ("a", b"a", (1,))), ("a", (1, b"a", ())), (b"a", ("a", 1.5, ())), ((1,), (1, "a", b""))):
            d = SortedDict({present: 0})
            for other in others:
                for change in (lambda: d.__setitem__(other, 1), lambda: d.setdefault(other, 1), lambda: d.add(other, 1),
                               lambda: d.update({other: 1}), lambda: d.__ior__({other: 1})):
                    with self.assertRaisesRegex(TypeError,
                                                r"^d\[.*\]: the keys of this SortedDict are .*, .* cannot be sorted among them$"):
                        change()
                for search in (d.floor, d.ceiling, d.lower, d.higher, d.irange, lambda key: d.irange(maximum=key),
                               lambda key: d.irange(key, key)):
                    self.assertRaises(TypeError, search, other)
            self.assertRaises(TypeError, d.irange, present, others[0])
            self.assertEqual(d, {present: 0})

    def test_lookups_of_another_kind_find_nothing(self):
        d = SortedDict({1: 2})
        for key in ("a", b"a", (), None, 1j, math.nan, frozenset(), object()):
            self.assertNotIn(key, d)
            self.assertIsNone(d.get(key))
            self.assertEqual(d.pop(key, 5), 5)
            self.assertFalse(d.compare_exchange(key, 2, 3))
            for access in (d.__getitem__, d.__delitem__, d.pop):
                with self.assertRaises(KeyError) as caught:
                    access(key)
                self.assertIs(caught.exception.args[0], key)
        for key in ([], {}, ([],)):
            self.assertRaises(TypeError, d.get, key)
            self.assertRaises(TypeError, d.__contains__, key)
            self.assertRaises(TypeError, d.__setitem__, key, 1)

    def test_what_has_no_order_is_refused_by_name(self):
        d = SortedDict()
        for key in (None, ..., 1j, object(), frozenset(), symplast.AtomicInt(), symplast.freeze(frozenset("a")), (1, None),
                    (1, (2, 1j))):
            with self.assertRaisesRegex(TypeError, r"^d\["):
                d[key] = 1
        for key in (math.nan, (math.nan,), (1, (2, math.nan))):
            for operation in (lambda: d.__setitem__(key, 1), lambda: d.floor(key), lambda: d.setdefault(key),
                              lambda: d.irange(key)):
                with self.assertRaisesRegex(ValueError, r"^d\[.*\]: .*NaN"):
                    operation()
        self.assertEqual(d, {})

    def test_tuples_that_python_cannot_compare_are_refused(self):
        cases = (
            ((1, 2), (1, "a")), ((1, "a"), (1, 2)), ((1, "a"), (1, b"a")), ((1, (2,)), (1, 2)), ((1, (2, 3)), (1, (2, "x"))),
            (("a", 1, 2), ("a", 1, "b", 3)), (((((1,),),),), ((((b"",),),),)), ((1,), ("a",)),
        )  # fmt: skip
        for present, other in cases:
            self.assertRaises(TypeError, sorted, [present, other])
            for more in ((), [present[:-1] + (present[-1], i) for i in range(100)]):
                d = SortedDict.fromkeys([present, *more])
                for change in (lambda: d.__setitem__(other, 1), lambda: d.setdefault(other, 1), lambda: d.add(other, 1),
                               lambda: d.update({other: 1}), lambda: d.__ior__({other: 1})):
                    with self.assertRaisesRegex(TypeError, r"^d\[.*\]: the keys of this SortedDict are tuples with .* where "
                                                r"this one has .*, they cannot be sorted$"):
                        change()
                for search in (d.floor, d.ceiling, d.lower, d.higher, d.irange, lambda key: d.irange(maximum=key)):
                    self.assertRaises(TypeError, search, other)
                self.assertNotIn(other, d)
                self.assertIsNone(d.get(other))
                self.assertEqual(len(d), 1 + len(more))
                d.clear()
                d[other] = 1
                self.assertEqual(list(d), [other])

    def test_tuples_are_keys_if_and_only_if_sorted_takes_them(self):
        choices = random.Random(5)

        def tuples(depth):
            return tuple(choices.choice((0, 1, "a", "b", b"a", *([tuples(depth - 1)] if depth else [])))
                         for _ in range(choices.randrange(3)))

        for _ in range(300):
            d, model = SortedDict(), []
            for _ in range(choices.choice((5, 60))):
                key = tuples(2)
                try:
                    sorted([*model, key])
                except TypeError:
                    self.assertRaises(TypeError, d.__setitem__, key, 1)
                else:
                    d[key] = 1
                    if key not in model:
                        model.append(key)
                if model and choices.random() < 0.2:
                    del d[model.pop(choices.randrange(len(model)))]
            self.assertEqual(list(d), sorted(model))

    def test_an_empty_one_takes_keys_of_any_kind_anew(self):
        d = SortedDict({1: 1})
        del d[1]
        d["a"] = 1
        d.clear()
        d[(1,)] = 2
        self.assertEqual(d, {(1,): 2})


class Construction(Case):
    def test_a_function_of_the_keys_is_refused_in_words_of_its_own(self):
        for arguments in ((abs, {}), (abs, {1: 2}, 3)):
            with self.assertRaisesRegex(TypeError, r"^SortedDict takes one mapping or iterable of pairs, and no function of the "
                                        r"keys: they are in their own order \(\d arguments given\)$"):
                SortedDict(*arguments)
        with self.assertRaisesRegex(TypeError, "^SortedDict takes a mapping or an iterable of pairs, not "
                                    "builtin_function_or_method: its keys are in their own order"):
            SortedDict(abs)
        with self.assertRaisesRegex(TypeError, "^SortedDict takes a mapping or an iterable of pairs, not int$"):
            SortedDict(5)


class Mapping(Case):
    def test_it_is_a_mutable_mapping_and_has_all_that_dict_has(self):
        self.assertIsInstance(SortedDict(), collections.abc.MutableMapping)
        self.assertLessEqual(set(dir(dict)), set(dir(SortedDict)) | {"__init_subclass__"})
        self.assertEqual(str(inspect.signature(SortedDict.irange)),
                         "(self, /, minimum=None, maximum=None, inclusive=(True, True), reverse=False)")
        self.assertRaises(TypeError, hash, SortedDict())
        self.assertEqual(SortedDict[str, int].__args__, (str, int))
        match SortedDict(a=1, b=2):
            case {"a": 1, **rest}:
                self.assertEqual(rest, {"b": 2})

    def test_values_are_those_of_dict(self):
        d = SortedDict(a={1: {"b": {2}}}, b=symplast.freeze([1]), c=None, d="zoë")
        self.assertIs(type(d["a"][1]["b"]), symplast.Set)
        self.assertIs(d["a"], d["a"])
        d["e"] = d
        self.assertIs(d["e"], d)
        self.assertRegex(repr(d), r"^SortedDict\(\{'a': .*'e': SortedDict\(\.\.\.\)\}\)$")
        with self.assertRaisesRegex(symplast.NotShareableError, r"^d\['x'\]: "):
            d["x"] = object()
        d.clear()

    def test_equality_and_merging(self):
        d = SortedDict(b=1, a=2)
        same = {"a": 2, "b": 1}
        for other in (same, SortedDict(same), symplast.Dict(same), collections.OrderedDict(b=1, a=2)):
            self.assertTrue(d == other and other == d and not d != other and not other != d)
        for other in ({}, {"a": 2}, [], None, SortedDict()):
            self.assertTrue(d != other and other != d)
        self.assertIs(type(d | {}), dict)
        self.assertEqual(list((d | {"A": 1}).items()), [("a", 2), ("b", 1), ("A", 1)])
        self.assertEqual({"c": 0} | d, {"c": 0, "a": 2, "b": 1})
        self.assertEqual(symplast.Dict(a=1) | d, same)
        self.assertEqual(d | symplast.Dict(a=1), {"a": 1, "b": 1})
        for bad in (lambda: d | [], lambda: [] | d, lambda: d | None, lambda: d < d):
            self.assertRaises(TypeError, bad)
        merged = d
        merged |= [("c", 3)]
        self.assertIs(merged, d)
        self.assertEqual(list(d.copy().items()), [("a", 2), ("b", 1), ("c", 3)])

    def test_views(self):
        d = SortedDict(b=1, a=2)
        self.assertEqual((list(d.keys()), list(d.values()), list(d.items())), (["a", "b"], [2, 1], [("a", 2), ("b", 1)]))
        self.assertEqual(list(reversed(d.items())), [("b", 1), ("a", 2)])
        self.assertEqual(d.keys() & {"a"}, {"a"})
        self.assertIn(("a", 2), d.items())
        keys = d.keys()
        d["c"] = 3
        self.assertEqual(len(keys), 3)

    def test_atomic_changes(self):
        d = SortedDict()
        self.assertEqual((d.add("n", 2), d.add("n", 0.5), d.add("big", 2**62), d["big"]), (2, 2.5, 2**62, 2**62))
        self.assertEqual(d.add("big", 2**62), 2**63)
        d["text"] = "x"
        with self.assertRaisesRegex(TypeError, r"^d\['text'\] is not a number"):
            d.add("text", 1)
        self.assertRaises(TypeError, d.add, "n", "1")
        self.assertTrue(d.compare_exchange("text", "x", "y"))
        self.assertFalse(d.compare_exchange("text", "x", "z"))
        self.assertFalse(d.compare_exchange("none", None, 1))
        self.assertEqual((d.setdefault("text"), d.setdefault("new"), d.setdefault("dict", {})), ("y", None, d["dict"]))

    def test_copies(self):
        d = SortedDict({3: {"a": {1}}, 1: "x"})
        shallow, deep = copy.copy(d), copy.deepcopy(d)
        self.assertEqual((type(shallow), type(deep)), (SortedDict, SortedDict))
        self.assertIs(shallow[3], d[3])
        self.assertIsNot(deep[3], d[3])
        self.assertEqual((list(deep), deep, symplast.thaw(d)), ([1, 3], d, {1: "x", 3: {"a": {1}}}))

    def test_equality_in_compare_exchange_is_that_of_python(self):
        class Any:
            def __eq__(self, other):
                d.setdefault("seen", other)
                return True

        d = SortedDict(a=1, b={"x": 1})
        self.assertTrue(d.compare_exchange("a", Any(), 2))
        self.assertTrue(d.compare_exchange("b", {"x": 1}, 3))
        self.assertEqual(d, {"a": 2, "b": 3, "seen": 1})

    def test_fromkeys(self):
        d = SortedDict.fromkeys("hello", 1)
        self.assertEqual((type(d), list(d.items())), (SortedDict, [("e", 1), ("h", 1), ("l", 1), ("o", 1)]))
        self.assertRaises(TypeError, SortedDict.fromkeys)
        self.assertRaises(TypeError, SortedDict.fromkeys, [1, "a"])

    def test_iteration_sees_one_moment(self):
        d = SortedDict.fromkeys(range(100))
        seen = []
        for key in d:
            seen.append(key)
            d.pop(key + 1, None)
            d[key + 0.5] = 1
        self.assertEqual(seen, list(range(100)))
        iterator = d.irange(0, 5)
        length = iterator.__length_hint__()
        d.clear()
        self.assertEqual(len(list(iterator)), length)

    def test_weak_references(self):
        d = SortedDict()
        reference = weakref.ref(d)
        self.assertIs(reference(), d)
        del d
        gc.collect()
        self.assertIsNone(reference())


class Misuse(Case):
    def _everything(self, d):
        for name in ("floor ceiling lower higher get setdefault pop __getitem__ __delitem__ __contains__ irange peekitem "
                     "popitem update".split()):
            yield name, lambda name=name: getattr(d, name)([(1, 2)] if name == "update" else 1)
        for name in ("first last pop_first pop_last popitem peekitem clear copy irange update __init__ __reversed__ __len__ "
                     "__iter__".split()):
            yield name, getattr(d, name)
        for name in "keys values items".split():
            yield name, lambda name=name: list(getattr(d, name)())
        for name in "__or__ __ror__ __ior__ __eq__ __ne__".split():
            yield name, lambda name=name: getattr(d, name)({})
        yield "add", lambda: d.add(1, 1)
        yield "compare_exchange", lambda: d.compare_exchange(1, 1, 1)
        yield "set", lambda: d.__setitem__(1, 1)
        yield "set, of a wrong kind", lambda: d.__setitem__(None, 1)
        yield "peekitem inside", lambda: d.peekitem(3)
        yield "popitem inside", lambda: d.popitem(-3)

    def test_a_deleted_one_says_so(self):
        d = SortedDict.fromkeys(range(100))
        symplast.delete(d)
        self._is_deleted(d)

    def test_one_of_a_deleted_pool_says_so(self):
        d = SortedDict.fromkeys(range(100))
        iterators = [iter(d), d.irange(5), iter(d.items())]
        for iterator in iterators:
            next(iterator)
        self.pool.delete()
        self._is_deleted(d)
        for iterator in iterators:
            self.assertRaises(symplast.DeletedError, next, iterator)
            self.assertEqual(iterator.__length_hint__(), 0)

    def _is_deleted(self, d):
        for name, call in self._everything(d):
            with self.subTest(name), self.assertRaises(symplast.DeletedError):
                call()
        self.assertEqual(repr(d), "<symplast.SortedDict, deleted>")
        self.assertTrue(symplast.is_shared(d))
        self.assertIs(symplast.pool_of(d), self.pool)

    def test_wrong_arguments(self):
        d = SortedDict({1: 2})
        for call in (
            lambda: SortedDict(1), lambda: SortedDict([], []), lambda: d.get(), lambda: d.get(1, 2, 3), lambda: d.pop(),
            lambda: d.setdefault(),
            lambda: d.update(1), lambda: d.update([], []), lambda: d.floor(), lambda: d.floor(1, 2), lambda: d.floor([]),
            lambda: d.first(1),
            lambda: d.irange(1, 2, 3), lambda: d.irange(1, 2, (True, True), True, 5), lambda: d.irange(low=1),
            lambda: d.irange([]), lambda: d.peekitem("a"),
            lambda: d.peekitem(1.0), lambda: d.popitem(0, 1), lambda: d.pop_first(1), lambda: d.add(1), lambda: d.add(1, None),
            lambda: d.compare_exchange(1),
            lambda: d._iterate(), lambda: d._iterate("a", 1), lambda: SortedDict.get({}, 1),
            lambda: SortedDict.__getitem__({}, 1), lambda: SortedDict.__or__({}, d),
            lambda: d.keys(1), lambda: d.clear(1),
        ):
            self.assertRaises(TypeError, call)
        for call in (lambda: d.irange(inclusive=()), lambda: d.irange(inclusive=(1, 2, 3)), lambda: d._iterate(3, False),
                     lambda: d.update([(1, 2, 3)])):
            self.assertRaises(ValueError, call)
        self.assertEqual(d, {1: 2})

    def test_arguments_that_change_delete_or_fail_while_they_are_gone_through(self):
        def acting(act):
            for i in range(40):
                act(i)
                yield i, i

        d = SortedDict()
        d.update(acting(lambda i: d.clear() if i % 10 == 9 else d.__setitem__(i + 100, {i})))
        self.assertLessEqual(set(range(40)), set(d))
        self.assertRaises(symplast.DeletedError, d.update, acting(lambda i: i == 20 and symplast.delete(d)))

        class Index:
            def __index__(self):
                e.clear()
                return 5

        class Bad:
            def __bool__(self):
                self_.pool.delete()
                return True

        self_ = self
        e = SortedDict.fromkeys(range(10))
        self.assertRaises(IndexError, e.peekitem, Index())
        e.update({i: i for i in range(10)})
        self.assertRaises(KeyError, e.popitem, Index())
        e.update({i: i for i in range(10)})
        self.assertRaises(symplast.DeletedError, e.irange, 1, 5, (True, Bad()))

    def test_a_full_pool_refuses_and_keeps_what_is_there(self):
        with symplast.Pool("small", max_bytes=64 << 10) as pool, pool.allocating():
            d = SortedDict()
            with self.assertRaises(symplast.PoolFullError):
                for i in itertools.count():
                    d[i] = "x" * 100
            self.assertEqual(d.first(), (0, "x" * 100))
            self.assertEqual(d[1], "x" * 100)
            for read in (d.copy, d.keys().__iter__, d.irange, lambda: d.peekitem(5)):
                # A copy of one moment may find no room, as well.
                try:
                    read()
                except symplast.PoolFullError:
                    pass
            d.clear()
            d["x"] = 1
            self.assertEqual(d, {"x": 1})

    def test_all_operations_together_leave_nothing_in_the_pool(self):
        def use():
            d = SortedDict((f"key {i}", {i: {i}}) for i in range(200))
            for i in range(0, 200, 3):
                d.pop(f"key {i}")
            d.irange("key 1", "key 3")
            next(d.irange("key 1"))
            d.peekitem(20), d.popitem(10), d.popitem(-10), d.pop_first(), d.pop_last(), d.floor("key 5"), d.copy()
            for wrong in (d.floor, d.irange, lambda key: d.setdefault(key, {})):
                try:
                    wrong(2**80)
                except TypeError:
                    pass
            d.add("sum", 2**61)
            copy.copy(d), copy.deepcopy(d)

        for _ in range(5):
            use()


def _pop_all(d, number):
    taken = []
    while True:
        try:
            taken.append((d.pop_first if number % 2 else d.popitem)())
        except KeyError:
            return taken


def _fill_and_check(d, number):
    for i in range(900):
        d[(number, i)] = i
        d.add((-1,), 1)
        if i % 3 == 0:
            assert d.pop((number, i)) == i
        if i % 300 == 0:
            keys = list(d.irange((number,), (number + 1,)))
            assert keys == sorted(keys) and len(keys) == len(set(keys))
            assert [k for _, k in keys] == [k for k in range(i) if k % 3], i
            assert d.lower((number,))[0] < (number,)
    return True


def _use_until_deleted(d, number):
    try:
        d[1000 + number] = "begun"
        while True:
            d.update({i: {i} for i in range(number, 100, 2)})
            list(d.irange(10, 50)), d.peekitem(-1), d.floor(40), len(d), d.copy(), SortedDict(d)
            d.popitem(0), d.pop_first()
    except symplast.DeletedError:
        return True


class Interpreters(Case):
    def _in_workers(self, function, d, workers=4):
        with symplast.InterpreterPoolExecutor(workers) as executor:
            return [future.result() for future in [executor.submit(function, d, number) for number in range(workers)]]

    def test_no_two_interpreters_take_the_same(self):
        d = SortedDict((i, str(i)) for i in range(10_000))
        taken = self._in_workers(_pop_all, d)
        self.assertEqual(sorted(itertools.chain(*taken)), [(i, str(i)) for i in range(10_000)])
        for number, pairs in enumerate(taken):
            self.assertEqual(pairs, sorted(pairs, reverse=number % 2 == 0))

    def test_each_sees_its_own_range_whatever_the_others_do(self):
        d = SortedDict()
        self.assertEqual(self._in_workers(_fill_and_check, d), [True] * 4)
        self.assertEqual(d.pop((-1,)), 3600)
        self.assertEqual(list(d), [(number, i) for number in range(4) for i in range(900) if i % 3])

    def test_deleting_while_others_use_it(self):
        for delete in (symplast.delete, lambda d: self.pool.delete()):
            d = SortedDict.fromkeys(range(100))
            with symplast.InterpreterPoolExecutor(3) as executor:
                futures = [executor.submit(_use_until_deleted, d, number) for number in range(3)]
                while len(list(d.irange(1000))) < 3:
                    d.copy()
                delete(d)
                self.assertEqual([future.result() for future in futures], [True] * 3)

    def test_handles_alive_at_the_end_of_an_interpreter_let_go(self):
        with subinterpreters.Interpreter() as interpreter:
            interpreter.run(f"""
import builtins, symplast
pool = next(pool for pool in symplast.pools() if pool.name == {self.pool.name!r})
allocating = pool.allocating()
allocating.__enter__()
d = symplast.SortedDict((i, {{1: 1}}) for i in range(100))
class C: pass
c = C(); c.c = c; c.d = d; c.i = d.irange(5); next(c.i)
builtins.keep = [d, iter(d), d.items(), iter(d.values())]
""")
