"""What symplast.Dict promises: keys, values, identity, order, snapshots, copies, deletion, limits."""

import collections
import collections.abc
import copy
import datetime
import enum
import gc
import json
import math
import pickle
import random
import sys
import threading
import unittest
import weakref

import symplast
from symplast import Dict

import child
import live_blocks
import subinterpreters


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    pass


class Color(enum.StrEnum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


Point = collections.namedtuple("Point", "x y")


class Keys(Case):
    def test_numbers_that_are_equal_are_one_key(self):
        for group in ([1, 1.0, True, 1 + 0j], [0, 0.0, -0.0, False, 0j], [2**70, float(2**70), complex(2**70)],
                      [-(2**52), -float(2**52)], [0.5, 0.5 + 0j]):
            for first in group:
                d = Dict()
                d[first] = "value"
                for other in group:
                    self.assertEqual(d[other], "value", (first, other))
                    d[other] = "value"
                self.assertEqual(len(d), 1)
                self.assertEqual(repr(list(d)), repr([first]), "the key that came first stays, as in a dict")

    def test_nan_equals_itself(self):
        d = Dict()
        d[math.nan] = 1
        self.assertEqual(d[math.nan], 1)
        self.assertEqual(d[float("nan")], 1)
        self.assertTrue(math.isnan(next(iter(d))))

    def test_negative_zero_keeps_its_sign(self):
        d = Dict({-0.0: 1})
        self.assertEqual(math.copysign(1, next(iter(d))), -1)

    def test_text_of_any_kind(self):
        texts = ["", "a", "ascii", "é", "ß" * 100, "Ω", "日本語", "😀", "\x00", "a\x00b", "\ud800", "a\udfff😀", "\udc80" * 3,
                 "x" * 70_000]
        d = Dict()
        for i, text in enumerate(texts):
            d[text] = i
        self.assertEqual(list(d), texts)
        for i, text in enumerate(texts):
            self.assertEqual(d[text[:1] + text[1:]], i)
            self.assertNotIn(text + "?", d)

    def test_bytes_and_text_differ(self):
        d = Dict({b"": 1, "": 2, b"key": 3, "key": 4, b"\x00": 5})
        self.assertEqual([d[b""], d[""], d[b"key"], d["key"], d[b"\x00"]], [1, 2, 3, 4, 5])

    def test_large_ints(self):
        numbers = [sign * (2**bits + offset) for bits in (29, 30, 48, 49, 50, 59, 60, 61, 62, 63, 64, 90, 200, 5000)
                   for offset in (-1, 0, 1) for sign in (1, -1)]
        d = Dict.fromkeys(numbers)
        self.assertEqual(list(d), list(dict.fromkeys(numbers)))
        for number in numbers:
            self.assertIn(number, d)
            d[number] = number
            self.assertEqual(d[number], number)

    def test_tuples_by_their_items(self):
        d = Dict({(): 0, (1, "a"): 1, ((1.5, None), b"x", 2**80): 2, (..., (True, ("é",))): 3})
        self.assertEqual([d[()], d[1.0, "a"], d[(1.5, None), b"x", 2**80], d[..., (1, ("é",))]], [0, 1, 2, 3])
        self.assertNotIn((1,), d)
        self.assertEqual(list(d)[2], ((1.5, None), b"x", 2**80))

    def test_a_tuple_that_is_too_deep_is_refused(self):
        deep = ()
        for _ in range(1000):
            deep = (deep,)
        d = Dict()
        with self.assertRaises(RecursionError):
            d[deep] = 1
        self.assertEqual(len(d), 0)

    def test_what_equals_a_key_without_python_code_finds_it(self):
        d = Dict({"red": 1, 1: 2, (3, 4): 5})
        self.assertEqual([d[Color.RED], d[Number.ONE], d[Point(3, 4)]], [1, 2, 5])
        self.assertIn(Color.RED, d)
        self.assertEqual(d.pop(Point(3, 4)), 5)
        del d[Number.ONE]
        self.assertEqual(d, {"red": 1})

    def test_subclasses_of_key_types_cannot_be_stored(self):
        d = Dict()
        for key in (Color.RED, Number.ONE, Point(3, 4)):
            with self.assertRaisesRegex(symplast.NotShareableError, "cannot be a key of a shared Dict"):
                d[key] = 1
            with self.assertRaises(symplast.NotShareableError):
                d.setdefault(key, 1)
            with self.assertRaises(symplast.NotShareableError):
                d.add(key, 1)
        self.assertEqual(len(d), 0)

    def test_a_subclass_with_equality_of_its_own_is_asked_where_a_dict_asks_it(self):
        class Odd(str):
            def __eq__(self, other):
                raise ZeroDivisionError("called")

            def __hash__(self):
                return hash(str(self))

        d = Dict({"a": 1})
        self.assertNotIn(Odd("b"), d)
        with self.assertRaisesRegex(ZeroDivisionError, "called"):
            Odd("a") in d

    def test_unhashable_keys_raise_what_a_dict_raises(self):
        for key in ([], {}, set(), Dict(), ([],), bytearray()):
            for operation in (lambda d: d[key], lambda d: d.__setitem__(key, 1), lambda d: key in d, lambda d: d.pop(key),
                              lambda d: d.get(key), lambda d: d.setdefault(key), lambda d: d.__delitem__(key)):
                self.assertEqual(self._error(operation, Dict(a=1)), self._error(operation, {"a": 1}), key)

    def test_hashes_that_raise(self):
        class Bad:
            def __hash__(self):
                raise ZeroDivisionError("hash")

        d = Dict()
        for operation in (lambda: d[Bad()], lambda: d.__setitem__(Bad(), 1), lambda: (1, Bad()) in d, lambda: d.pop(Bad(), None),
                          lambda: d.add(Bad(), 1)):
            with self.assertRaisesRegex(ZeroDivisionError, "hash"):
                operation()

    def test_what_the_constructor_does_not_take_is_said_in_words_of_its_own(self):
        for arguments, message in (((1, 2), r"^Dict takes one mapping or iterable of pairs \(2 arguments given\)$"),
                                   ((5,), "^Dict takes a mapping or an iterable of pairs, not int$")):
            for make in (Dict, Dict().update):
                with self.assertRaisesRegex(TypeError, message):
                    make(*arguments)

    def test_a_part_that_cannot_be_frozen_is_named_once(self):
        class Zone(datetime.tzinfo):
            def utcoffset(self, when):
                return None

        time, d = datetime.datetime(2024, 1, 1, tzinfo=Zone()), Dict()
        # On 3.12 no datetime can be shared, as workers have another type of that name.
        reason = "cannot be (shared|frozen)" if sys.version_info < (3, 13) else "with tzinfo .* cannot be frozen"
        for value, place in ((time, r"d\['v'\]"), ([time], r"d\['v'\]\[0\]"), ((1, time), r"d\['v'\]\[1\]"),
                             ({"a": (time,)}, r"d\['v'\]\['a'\]\[0\]"), (frozenset([time]), r"d\['v'\]\{member\}")):
            with self.assertRaisesRegex(symplast.NotShareableError, f"^{place}: datetime {reason}"):
                d["v"] = value

    def test_other_hashable_objects_are_not_found_and_cannot_be_stored(self):
        d = Dict(a=1)
        for key in (object(), print, frozenset({object()}), range(3), Case):
            self.assertNotIn(key, d)
            self.assertEqual(d.get(key, "default"), "default")
            self.assertEqual(d.pop(key, "default"), "default")
            with self.assertRaises(KeyError) as caught:
                d[key]
            self.assertIs(caught.exception.args[0], key)
            with self.assertRaisesRegex(symplast.NotShareableError, r"^d\[.*\]: \S+ cannot be a key of a shared Dict"):
                d[key] = 1
        self.assertEqual(d, {"a": 1})

    def test_frozen_objects_by_identity(self):
        one, other = symplast.freeze([range(1, 5), range(1, 5)])
        d = Dict()
        d[one] = 1
        self.assertIn(one, d)
        self.assertIs(next(iter(d)), one)
        if one is not other:
            self.assertNotIn(other, d)

    def test_missing_keys_are_the_argument_of_the_error(self):
        d = Dict()
        for key in ("x", 1, (1, 2), (), None):
            for operation in (lambda: d[key], lambda: d.pop(key), lambda: d.__delitem__(key)):
                with self.assertRaises(KeyError) as caught:
                    operation()
                self.assertEqual(caught.exception.args, (key,))

    def test_random_operations_do_what_they_do_on_a_dict(self):
        numbers = random.Random(4)
        keys = [0, 1, 1.0, True, False, 0.0, None, ..., "", "a", "é", "\ud800", b"", b"a", 2**64, float(2**64), 1j, 1 + 0j, (),
                (1,), (1.0,), ("a", (2**64,)), 0.1, -1, -2]
        keys += [f"key{i}" for i in range(40)] + list(range(100, 140))
        shared, plain = Dict(), {}
        for step in range(20_000):
            key, value = numbers.choice(keys), numbers.randrange(1000)
            operation = numbers.choice(self._operations)
            self.assertEqual(self._result_of(operation, shared, key, value), self._result_of(operation, plain, key, value),
                             (step, key))
            if step % 500 == 0:
                self.assertEqual(repr(list(shared.items())), repr(list(plain.items())))
        self.assertEqual(repr(list(shared.items())), repr(list(plain.items())))

    _operations = [
        lambda d, k, v: d[k],
        lambda d, k, v: d.__setitem__(k, v),
        lambda d, k, v: d.__setitem__(k, v),
        lambda d, k, v: d.__delitem__(k),
        lambda d, k, v: d.pop(k),
        lambda d, k, v: d.pop(k, v),
        lambda d, k, v: d.get(k, v),
        lambda d, k, v: d.setdefault(k, v),
        lambda d, k, v: k in d,
        lambda d, k, v: len(d),
        lambda d, k, v: d.popitem() if v < 100 else None,
        lambda d, k, v: d.clear() if v < 2 else None,
        lambda d, k, v: d.update({k: v}, x=v),
    ]

    @staticmethod
    def _result_of(operation, d, key, value):
        try:
            return repr(operation(d, key, value))
        except KeyError as error:
            return "KeyError", repr(error)

    @staticmethod
    def _error(operation, d):
        try:
            operation(d)
        except Exception as error:
            return type(error), str(error)
        return None


class Values(Case):
    def test_values_of_all_kinds_come_back_as_they_were(self):
        values = [None, True, False, ..., 0, -1, 2**49, -(2**49), 2**49 - 1, 2**50, 2**63, -(2**63), 2**200, -(2**200), 0.0, -0.0,
                  1.5, math.inf, -math.inf, 1e-320, 1j, complex(-0.0, math.inf), "", "a", "ab", "é", "日本", "\ud800", b"", b"x",
                  b"\x00" * 100, (), (1,), (1, ("a", b"b", (None, 2**70)))]
        d = Dict()
        for value in values:
            d["x"] = value
            self.assertEqual(repr(d["x"]), repr(value))
            self.assertIs(type(d["x"]), type(value))
        d["x"] = math.nan
        self.assertTrue(math.isnan(d["x"]))

    def test_ints_that_are_kept_are_ints_like_others(self):
        # The interpreter keeps some, all interpreters together some more, and the rest is made each time.
        d = Dict()
        for n in [*range(-300, 3000), *range(16_000, 17_000), 2**30 - 1, 2**30, 2**48]:
            d["n"] = n
            got = d["n"]
            self.assertIs(type(got), int)
            self.assertEqual(got, n)
            self.assertEqual((got + 1, got * 2, -got, got - n, got // 7, got % 7, got << 40, got.bit_length()),
                             (n + 1, n * 2, -n, 0, n // 7, n % 7, n << 40, n.bit_length()))
            self.assertEqual((hash(got), repr(got), float(got), f"{got:x}"), (hash(n), repr(n), float(n), f"{n:x}"))
            self.assertEqual(pickle.loads(pickle.dumps(got)), n)
            got += 1
            self.assertEqual((got, d["n"]), (n + 1, n))
        for n in range(-5, 257):
            d["n"] = n
            self.assertIs(d["n"], n - 1000 + 1000, "the interpreter's own")

    def test_frozen_objects_by_pointer(self):
        data = symplast.freeze({"list": [1, 2, {"deep": "x" * 100}]})
        d = Dict()
        d["data"] = data
        self.assertIs(d["data"], data)

    def test_frozen_objects_of_another_pool_end_with_it(self):
        with symplast.Pool("other") as other:
            d = Dict(data=other.freeze([1, 2]))
            self.assertEqual(d["data"], (1, 2))
        with self.assertRaises(symplast.DeletedError):
            d["data"]
        d["data"] = 1
        self.assertEqual(d["data"], 1)

    def test_plain_dicts_become_dicts_all_the_way_down(self):
        d = Dict()
        d["a"] = {"b": {"c": 1}, "d": {}}
        self.assertIs(type(d["a"]["b"]), Dict)
        self.assertEqual(d, {"a": {"b": {"c": 1}, "d": {}}})
        self.assertIs(symplast.pool_of(d["a"]["b"]), self.pool)

    def test_sharing_and_cycles_are_kept(self):
        part = {"n": 1}
        whole = {"x": part, "y": part}
        whole["self"] = whole
        d = Dict(whole=whole)
        self.assertIs(d["whole"]["x"], d["whole"]["y"])
        self.assertIs(d["whole"]["self"], d["whole"])
        symplast.delete(d["whole"])

    def test_depth_is_limited_by_memory_only(self):
        deep = {}
        for _ in range(100_000):
            deep = {"next": deep}
        d = Dict(deep=deep)
        node, depth = d["deep"], 0
        while node:
            node = node["next"]
            depth += 1
        self.assertEqual(depth, 100_000)
        while deep:
            deep = deep["next"]

    def test_what_cannot_be_shared_is_refused_with_its_place(self):
        d = Dict(before=1)
        cases = [
            (object(), r"^d\['x'\]: object cannot be shared$"),
            ({"a": {"b": object()}}, r"^d\['x'\]\['a'\]\['b'\]: object cannot be shared$"),
            ({"a": {object(): 1}}, r"^d\['x'\]\['a'\]\[<.*>\]: object cannot be a key of a shared Dict$"),
            (print, r"^d\['x'\]: builtin_function_or_method cannot be shared$"),
            (Color.RED, r"^d\['x'\]: Color cannot be shared$"),
        ]
        for value, message in cases:
            with self.subTest(message=message):
                with self.assertRaisesRegex(symplast.NotShareableError, message):
                    d["x"] = value
                with self.assertRaisesRegex(symplast.NotShareableError, message):
                    d.setdefault("x", value)
        self.assertEqual(d, {"before": 1})

    def test_naming_the_place_of_an_error_keeps_nothing_alive(self):
        d, other = Dict(), Dict()
        with self.assertRaisesRegex(symplast.NotShareableError, "^d"):
            d["x"] = object()
        ref, others = weakref.ref(d), weakref.ref(other)
        del d, other
        self.assertIsNone(ref())
        self.assertIsNone(others())

    def test_classes_of_others_are_refused_even_inside_a_tuple(self):
        d = Dict()
        with self.assertRaisesRegex(symplast.NotShareableError, r"^d\['x'\].*: object"):
            d["x"] = (1, (2, object()))
        with self.assertRaises(symplast.NotShareableError):
            d["x"] = Point(1, object())

    def test_a_value_that_replaces_itself(self):
        d = Dict(x={"y": 1})
        for _ in range(100):
            d["x"] = d["x"]
        self.assertEqual(d, {"x": {"y": 1}})


class Identity(Case):
    def test_an_object_has_one_handle(self):
        d = Dict(x={})
        self.assertIs(d["x"], d["x"])
        d["self"] = d
        self.assertIs(d["self"], d)
        self.assertIs(next(iter(d.values())), d["x"])
        self.assertIs(d.pop("self"), d)

    def test_an_object_lives_as_long_as_something_refers_to_it(self):
        d = Dict(x={"y": {"z": 1}})
        inner = d["x"]["y"]
        d.clear()
        del d
        self.assertEqual(inner, {"z": 1})

    def test_handles_can_be_referred_to_weakly(self):
        d = Dict(x={})
        died = []
        ref = weakref.ref(d["x"], died.append)
        gc.collect()
        self.assertIsNone(ref())
        self.assertEqual(died, [ref])
        handle = d["x"]
        ref = weakref.ref(handle)
        self.assertIs(ref(), handle)
        self.assertIs(weakref.ref(handle)(), d["x"])

    def test_a_callback_at_the_end_of_a_handle_may_fetch_it_again(self):
        d, again = Dict(x={}), []
        ref = weakref.ref(d["x"], lambda _: again.append(d["x"]))
        self.assertEqual(again, [{}])
        self.assertIs(again[0], d["x"])
        self.assertIsNone(ref())

    def test_dicts_are_not_hashable(self):
        with self.assertRaisesRegex(TypeError, "unhashable type: 'symplast.Dict'"):
            hash(Dict())

    def test_handles_of_many_pools_do_not_mix(self):
        for turn in range(200):
            with symplast.Pool(f"pool {turn}") as pool, pool.allocating():
                d = Dict(n=turn)
                keep = d if turn % 2 else None
                self.assertIs(symplast.pool_of(d), pool)
            with self.assertRaisesRegex(symplast.DeletedError, f"pool 'pool {turn}' was deleted"):
                d["n"]
            del keep


class Order(Case):
    def test_insertion_order(self):
        d = Dict(a=1, b=2, c=3)
        d["a"] = 4
        del d["b"]
        d["b"] = 5
        self.assertEqual(list(d.items()), [("a", 4), ("c", 3), ("b", 5)])
        self.assertEqual(list(reversed(d)), ["b", "c", "a"])
        self.assertEqual(list(reversed(d.items())), [("b", 5), ("c", 3), ("a", 4)])
        self.assertEqual(list(reversed(d.values())), [5, 3, 4])

    def test_popitem_takes_the_last_or_the_first(self):
        d = Dict((i, -i) for i in range(100))
        self.assertEqual(d.popitem(), (99, -99))
        self.assertEqual(d.popitem(last=False), (0, 0))
        self.assertEqual(d.popitem(True), (98, -98))
        self.assertEqual(len(d), 97)
        while d:
            d.popitem()
        with self.assertRaisesRegex(KeyError, r"popitem\(\): dictionary is empty"):
            d.popitem()

    def test_iteration_sees_one_moment(self):
        for size in (3, 1000):
            d = Dict.fromkeys(range(size), 0)
            seen = []
            for key in d:
                seen.append(key)
                d[f"new {key}"] = 1
                del d[key]
            self.assertEqual(seen, list(range(size)))
            self.assertEqual(list(d), [f"new {key}" for key in range(size)])

    def test_iteration_outlives_clearing(self):
        d = Dict(a={"x": 1}, b={"y": 2})
        items = iter(d.items())
        d.clear()
        self.assertEqual(list(items), [("a", {"x": 1}), ("b", {"y": 2})])
        self.assertEqual(list(items), [])

    def test_length_hint_and_pickle_of_an_iterator(self):
        d = Dict.fromkeys(range(10))
        iterator = iter(d)
        next(iterator)
        self.assertEqual(iterator.__length_hint__(), 9)
        self.assertEqual(list(pickle.loads(pickle.dumps(iterator))), list(range(1, 10)))
        self.assertEqual(list(copy.copy(iterator)), list(range(1, 10)))
        self.assertEqual(list(iterator), list(range(1, 10)))
        self.assertEqual(iterator.__length_hint__(), 0)
        self.assertEqual(list(copy.copy(iterator)), [])


class Interface(Case):
    def test_it_is_a_mutable_mapping(self):
        d = Dict()
        self.assertIsInstance(d, collections.abc.MutableMapping)
        self.assertIsInstance(d.keys(), collections.abc.KeysView)
        self.assertIsInstance(d.items(), collections.abc.ItemsView)
        self.assertIsInstance(d.values(), collections.abc.ValuesView)
        self.assertLessEqual({name for name in dir(dict) if not name.startswith("_")}, set(dir(Dict)))

    def test_match(self):
        match Dict(kind="point", at={"x": 1, "y": 2}, more=3):
            case {"kind": "point", "at": {"x": x, "y": 2}, **rest}:
                self.assertEqual((x, rest), (1, {"more": 3}))
            case _:
                self.fail("did not match")

    def test_equality(self):
        d = Dict(a=1, b={"c": 2})
        self.assertTrue(d == {"b": {"c": 2}, "a": 1} == d)
        self.assertTrue(d == Dict(b={"c": 2}, a=1))
        self.assertTrue(d != {"a": 1} and d != Dict(a=1) and {"a": 1} != d)
        self.assertTrue(d == collections.OrderedDict(a=1, b={"c": 2}))
        self.assertFalse(d == 5 or d == [] or d is None)
        with self.assertRaises(TypeError):
            d < d

    def test_unions(self):
        d = Dict(a=1)
        union = d | {"b": 2}
        self.assertIs(type(union), dict)
        self.assertEqual(union, {"a": 1, "b": 2})
        self.assertEqual({"a": 0, "c": 3} | d, {"a": 1, "c": 3})
        self.assertEqual(d | Dict(a=5), {"a": 5})
        same = d
        d |= {"b": 2}
        d |= [("c", 3)]
        self.assertIs(d, same)
        self.assertEqual(d, {"a": 1, "b": 2, "c": 3})
        for other in (5, [("x", 1)], None):
            with self.assertRaises(TypeError):
                d | other
        with self.assertRaises(TypeError):
            d |= 5

    def test_views_are_live_sets(self):
        d = Dict(a=1, b=2)
        keys, items, values = d.keys(), d.items(), d.values()
        d["c"] = 3
        self.assertEqual(keys, {"a", "b", "c"})
        self.assertEqual(keys & {"a", "x"}, {"a"})
        self.assertEqual({"a", "x"} - keys, {"x"})
        self.assertEqual(items ^ {("a", 1)}, {("b", 2), ("c", 3)})
        self.assertTrue(("a", 1) in items and ("a", 2) not in items and 3 in values and 4 not in values)
        self.assertEqual((len(keys), len(items), len(values)), (3, 3, 3))
        self.assertEqual(keys.mapping, {"a": 1, "b": 2, "c": 3})

    def test_setdefault_gives_what_is_stored(self):
        d = Dict()
        made = d.setdefault("x", {"y": 1})
        self.assertIs(type(made), Dict)
        self.assertIs(d["x"], made)
        self.assertIs(d.setdefault("x", 5), made)
        self.assertIsNone(d.setdefault("none"))

    def test_compare_exchange(self):
        d = Dict(n=1, x=None)
        self.assertIs(d.compare_exchange("n", 1.0, 2), True)
        self.assertIs(d.compare_exchange("n", 1, 3), False)
        self.assertIs(d.compare_exchange("missing", None, 3), False)
        self.assertIs(d.compare_exchange(object(), None, 3), False)
        self.assertIs(d.compare_exchange("x", None, {"a": 1}), True)
        self.assertIs(d.compare_exchange("x", {"a": 1}, d["x"]), True)
        self.assertIs(d.compare_exchange("x", d["x"], "text"), True)
        self.assertIs(d.compare_exchange("x", object(), 1), False)
        self.assertEqual(d, {"n": 2, "x": "text"})

    def test_compare_exchange_of_what_is_frozen(self):
        for value in ("a text", 1.5, b"bytes", (1, (2,)), 2**80, 1j):
            frozen = symplast.freeze([value])[0]
            d = Dict(x=frozen, y=value)
            self.assertTrue(d.compare_exchange("x", value, 0), value)
            self.assertTrue(d.compare_exchange("y", frozen, 0), value)

    def test_compare_exchange_whose_equality_interferes(self):
        d = Dict(x=1, y=1)

        class Interferes:
            def __eq__(self, other):
                d["x"] = 2
                return other == 1

        class Raises:
            def __eq__(self, other):
                raise ZeroDivisionError

        self.assertIs(d.compare_exchange("x", Interferes(), 3), False)
        self.assertEqual(d["x"], 2)
        with self.assertRaises(ZeroDivisionError):
            d.compare_exchange("x", Raises(), 3)

    def test_add(self):
        d = Dict(i=1, f=0.5, b=True, s="text", big=2**62)
        self.assertEqual([d.add("i", 2), d.add("new", -5), d.add("f", 1), d.add("i", 0.5), d.add("b", 1), d.add("i", True)],
                         [3, -5, 1.5, 3.5, 2, 4.5])
        with self.assertRaisesRegex(TypeError, r"d\['s'\] is not a number"):
            d.add("s", 1)
        self.assertEqual(d.add("big", 2**62), 2**63)
        with self.assertRaisesRegex(TypeError, r"add\(\) takes an int or a float, not str"):
            d.add("i", "1")

        class Index:
            def __index__(self):
                raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            d.add("i", Index())

    def test_updating_from_a_live_dict_takes_one_moment_of_it(self):
        source = Dict.fromkeys(range(1000), 0)
        stop = threading.Event()

        def churn():
            while not stop.is_set():
                for i in range(1000):
                    source.pop(i, None)
                for i in range(1000):
                    source[i] = 0

        thread = threading.Thread(target=churn)
        thread.start()
        try:
            for _ in range(20):
                Dict(source)
                Dict().update(source)
        finally:
            stop.set()
            thread.join()

    def test_generic_alias_and_signatures(self):
        import inspect

        self.assertEqual(str(Dict[str, int]), "symplast.Dict[str, int]")
        self.assertEqual(str(inspect.signature(Dict.get)), "(self, key, default=None, /)")
        for name in ("get", "update", "compare_exchange", "add"):
            self.assertTrue(getattr(Dict, name).__doc__)

    def test_json_of_a_plain_copy(self):
        self.assertEqual(json.dumps(Dict(a=1, b="x").copy()), '{"a": 1, "b": "x"}')

    def test_repr(self):
        d = Dict(a="x", b={"c": 1})
        self.assertEqual(repr(d), "Dict({'a': 'x', 'b': Dict({'c': 1})})")
        d["self"] = d
        self.assertEqual(repr(d), "Dict({'a': 'x', 'b': Dict({'c': 1}), 'self': Dict(...)})")
        del d["self"]


class Copies(Case):
    def test_copy_is_a_plain_dict(self):
        d = Dict(a=1, b={"c": 2})
        plain = d.copy()
        self.assertIs(type(plain), dict)
        self.assertIs(plain["b"], d["b"])

    def test_copy_copy_is_a_new_dict_in_the_same_pool(self):
        d = Dict({"a": 1, "b": {"c": 2}, (1, "x"): 2**80, 1.5: "text"})
        with symplast.Pool("other") as other, other.allocating():
            made = copy.copy(d)
        self.assertIs(type(made), Dict)
        self.assertIs(symplast.pool_of(made), self.pool)
        self.assertEqual(list(made.items()), list(d.items()))
        self.assertIs(made["b"], d["b"])
        made["a"] = 5
        self.assertEqual(d["a"], 1)

    def test_deepcopy_copies_live_objects_and_keeps_sharing(self):
        part = {"n": 1}
        d = Dict(x=part, y={"part": part})
        d["y"]["part"] = d["x"]
        d["self"] = d
        d["frozen"] = frozen = symplast.freeze({"a": [1]})
        made = copy.deepcopy(d)
        self.assertIs(symplast.pool_of(made), self.pool)
        self.assertIsNot(made["x"], d["x"])
        self.assertIs(made["x"], made["y"]["part"])
        self.assertIs(made["self"], made)
        self.assertIs(made["frozen"], frozen)
        made["x"]["n"] = 2
        self.assertEqual(d["x"]["n"], 1)
        del d["self"], made["self"]

    def test_deepcopy_inside_plain_data(self):
        d = Dict(a=1)
        made = copy.deepcopy([d, {"d": d}])
        self.assertIs(made[0], made[1]["d"])
        self.assertEqual(made[0], {"a": 1})
        self.assertIsNot(made[0], d)

    def test_pickled_it_is_itself(self):
        d = Dict(a=1)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            self.assertIs(pickle.loads(pickle.dumps(d, protocol)), d)


class Deletion(Case):
    def test_every_operation_on_a_deleted_dict_raises_but_repr(self):
        for delete in (symplast.delete, lambda d: symplast.pool_of(d).delete()):
            with symplast.Pool("doomed") as pool, pool.allocating():
                d = Dict(a=1)
                iterator, view = iter(d), d.items()
                delete(d)
                operations = [
                    lambda: d["a"], lambda: d[object()], lambda: d.__setitem__("a", 1), lambda: d.__delitem__("a"),
                    lambda: "a" in d, lambda: object() in d,
                    lambda: len(d), lambda: bool(d), lambda: iter(d), lambda: reversed(d), lambda: d == {}, lambda: d == d,
                    lambda: d != 5, lambda: d | {},
                    lambda: d.__ior__({"a": 1}), lambda: d.get("a"), lambda: d.get(object()), lambda: d.setdefault("a"),
                    lambda: d.pop("a", 1), lambda: d.pop(object(), 1),
                    lambda: d.popitem(), lambda: d.update(a=1), lambda: d.update(), lambda: d.update({}), lambda: d.__init__([]),
                    lambda: d == d, lambda: d.clear(), lambda: d.copy(), lambda: list(d.keys()), lambda: list(d.values()),
                    lambda: list(d.items()),
                    lambda: d.compare_exchange("a", 1, 2), lambda: d.compare_exchange(object(), 1, 2), lambda: d.add("a", 1),
                    lambda: copy.copy(d), lambda: copy.deepcopy(d), lambda: dict(d), lambda: list(view), lambda: len(view),
                    lambda: symplast.delete(d),
                ]
                for number, operation in enumerate(operations):
                    with self.subTest(number=number), self.assertRaises(symplast.DeletedError):
                        operation()
                self.assertEqual(repr(d), "<symplast.Dict, deleted>")
                self.assertTrue(symplast.is_shared(d))
                self.assertIs(symplast.pool_of(d), pool)
                if pool.deleted:
                    with self.assertRaisesRegex(symplast.DeletedError, "pool 'doomed' was deleted"):
                        next(iterator)
                    self.assertEqual(list(iterator), [])
                else:
                    self.assertEqual(list(iterator), ["a"], "an iterator has the items of the moment in which it was made")

    def test_deleting_drops_what_only_it_referred_to(self):
        before = live_blocks.in_pool(self.pool)
        d = Dict(a={"b": {"c": "x" * 1000}})
        kept = d["a"]["b"]
        symplast.delete(d)
        self.assertEqual(kept, {"c": "x" * 1000})
        del kept, d
        self.assertEqual(live_blocks.in_pool(self.pool), before)

    def test_a_cycle_is_freed_by_deleting_one_of_its_objects(self):
        d = Dict()
        d["self"] = {"back": d}
        symplast.delete(d)

    def test_a_deleted_member_answers_as_deleted(self):
        d = Dict(x={"a": 1})
        symplast.delete(d["x"])
        self.assertEqual(repr(d), "Dict({'x': <symplast.Dict, deleted>})")
        with self.assertRaises(symplast.DeletedError):
            d["x"]["a"]
        with self.assertRaises(symplast.DeletedError):
            Dict(y=d["x"])

    def test_deleting_while_iterating(self):
        with symplast.Pool() as pool, pool.allocating():
            d = Dict.fromkeys(range(100))
            with self.assertRaises(symplast.DeletedError):
                for key in d:
                    if key == 50:
                        pool.delete()

    def test_objects_of_another_pool_end_with_it(self):
        with symplast.Pool("other") as other, other.allocating():
            foreign = Dict(a=1)
        d = Dict()
        with self.assertRaises(symplast.DeletedError):
            d["x"] = foreign
        with symplast.Pool("other") as other:
            with other.allocating():
                d["x"] = Dict(a=1)
            self.assertIs(symplast.pool_of(d["x"]), other)
            items = iter(d.items())
        with self.assertRaises(symplast.DeletedError):
            d["x"]
        with self.assertRaises(symplast.DeletedError):
            next(items)
        with self.assertRaises(symplast.DeletedError):
            d.pop("x")
        self.assertEqual(len(d), 0)


class Limits(unittest.TestCase):
    def test_a_full_pool_leaves_the_dict_as_it_was(self):
        with symplast.Pool("small", max_bytes=64 << 10) as pool, pool.allocating():
            d = Dict()
            with self.assertRaisesRegex(symplast.PoolFullError, "pool 'small' is full: max_bytes is 65536"):
                for i in range(100_000):
                    d[f"key {i}"] = "x" * 100
            items = [(f"key {j}", "x" * 100) for j in range(i)]
            self.assertEqual(len(d), i)
            for change in (
                lambda: d.__setitem__("new", "x" * 60_000),
                lambda: d.__setitem__("key 0", "y" * 60_000),
                lambda: d.setdefault("new", "y" * 60_000),
                lambda: d.__setitem__("new", {str(i): {} for i in range(1000)}),
                lambda: d.compare_exchange("key 0", "x" * 100, "y" * 60_000),
                lambda: d.update(big="y" * 60_000),
                lambda: Dict(x="y" * 60_000),
            ):
                with self.assertRaises(symplast.PoolFullError):
                    change()
            for _ in range(100):
                with self.assertRaises(symplast.PoolFullError):
                    d["new"] = {"a": {"b": "x" * 60_000}}
            self.assertEqual([d[key] for key, _ in items], [value for _, value in items])
            del d["key 0"]
            d.clear()
            d["new"] = "x" * 30_000

    def test_reading_needs_no_room_in_the_pool(self):
        with symplast.Pool("small", max_bytes=4 << 10) as pool, pool.allocating():
            d = Dict({(1, "a"): 1, 2**80: 2, 1j: 3})
            with self.assertRaises(symplast.PoolFullError):
                while True:
                    d[len(d)] = "text"
            for key, value in (((1, "a"), 1), (2**80, 2), (1j, 3)):
                self.assertEqual(d[key], value)
                self.assertIn(key, d)


class Interpreters(Case):
    def test_handles_alive_at_the_end_of_an_interpreter_let_go(self):
        programs = {
            "globals": "d = make()",
            "a cycle": "class C: pass\nc = C(); c.c = c; c.d = make()",
            "an iterator": "d = make(); i = iter(d.items()); next(i)",
            "an iterator in a cycle": "class C: pass\nc = C(); c.c = c; c.i = iter(make())",
            "children": "d = make(); x = d['x']; y = d['x']['y']",
            "builtins": "import builtins; builtins.keep = [make(), make()]",
            "a finalizer": "class C:\n  def __init__(s): s.d = make()\n  def __del__(s): s.d['z'] = 1; list(s.d)\nc = C(); c.c "
            "= c",
            "a weak reference": "import weakref; d = make(); w = weakref.ref(d, lambda r: make())",
            "a view": "v = make().items()",
        }
        for name, program in programs.items():
            with self.subTest(name):
                with subinterpreters.Interpreter() as interpreter:
                    # What is left when the interpreter ends, is made in the one pool whose name is known there.
                    interpreter.run(f"""
import symplast
pool = next(pool for pool in symplast.pools() if pool.name == {self.pool.name!r})
def make():
    with pool.allocating():
        d = symplast.Dict(x={{"y": {{}}, "t": "text" * 100}})
        d["self"] = 1
        return d
{program}
""")
                    if name != "a view":
                        self.assertGreater(live_blocks.in_pool(self.pool), 0)
                self.assertEqual(live_blocks.in_pool(self.pool), 0)

    def test_ints_outlive_the_interpreter_that_first_read_them(self):
        numbers = Dict((n, n) for n in range(9_000, 12_000))
        reading = f"""
import symplast
pool = next(pool for pool in symplast.pools() if pool.name == {self.pool.name!r})
with pool.allocating():
    numbers = symplast.Dict((n, n) for n in range(9_000, 12_000))
read = list(numbers.values())
assert read == list(range(9_000, 12_000)) and sum(read) == sum(range(9_000, 12_000))
"""

        def work():
            with subinterpreters.Interpreter() as interpreter:
                interpreter.run(reading)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(list(numbers.values()), list(range(9_000, 12_000)))

    def test_many_interpreters_at_once(self):
        d = Dict()

        def work(number):
            with subinterpreters.Interpreter() as interpreter:
                interpreter.run(f"""
import symplast
pool = next(pool for pool in symplast.pools() if pool.name == {self.pool.name!r})
with pool.allocating():
    d = symplast.Dict()
    for i in range(2000):
        d[i % 50] = {{"i": {{"n": i}}}}
        d.pop((i * 7) % 50, None)
        d.add("n", 1)
        list(d.values())
    assert d["n"] == 2000
""")

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(d, {})


@child.isolated
class Process(unittest.TestCase):
    def test_the_end_of_the_process_with_handles_everywhere(self):
        child.run("""
            import symplast, sys
            d = symplast.Dict(x={"y": {}})
            d["self"] = d
            sys.keep = [d, iter(d), d["x"]]
            class C:
                def __init__(self): self.d = symplast.Dict(); self.me = self
                def __del__(self): self.d["z"] = 1
            c = C()
        """)

    def test_a_forked_child_neither_uses_nor_frees_what_is_shared(self):
        child.run("""
            import os, gc, symplast
            d = symplast.Dict(x={"y": {}})
            items, view = iter(d.items()), d.values()
            pid = os.fork()
            if pid == 0:
                failed = 0
                for operation in (lambda: d["x"], lambda: len(d), lambda: next(items), lambda: list(view),
                                  lambda: symplast.Dict(), lambda: symplast.delete(d)):
                    try:
                        operation()
                    except RuntimeError as error:
                        failed += "forked" in str(error)
                repr(d)
                del d, items, view
                gc.collect()
                import sys
                sys.exit(0 if failed == 6 else 5)
            _, status = os.waitpid(pid, 0)
            assert os.waitstatus_to_exitcode(status) == 0, status
            assert d["x"] == {"y": {}}
            assert list(items) == [("x", {"y": {}})]
        """)
