"""Classes that freeze as what they are underneath, and classes that are refused."""

import array
import collections
import dataclasses
import decimal
import enum
import fractions
import os
import pathlib
import time
import types
import typing
import unittest
import uuid

import symplast
from fixtures import new_pool
from graphs import FROZEN_DICT, assert_frozen


class OwnList(list):
    pass


class OwnSet(set):
    pass


class OwnTuple(tuple):
    pass


Point = collections.namedtuple("Point", "x y")


class Typed(typing.NamedTuple):
    x: int


@dataclasses.dataclass
class Data:
    x: int


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Flag(enum.Flag):
    A = 1


def subclass(base):
    return type(f"Own{base.__name__.title()}", (base,), {})


class TestAccepted(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "subclasses")

    def freeze(self, value):
        frozen = self.pool.freeze(value)
        assert_frozen(self, frozen, self.pool)
        return frozen

    def test_ordered_dict_keeps_its_order(self):
        value = collections.OrderedDict((key, key * 2) for key in "abcdef")
        value.move_to_end("b")
        value.move_to_end("f", last=False)
        del value["c"]
        value["c"] = "again"
        frozen = self.freeze(value)
        self.assertIs(type(frozen), FROZEN_DICT)
        self.assertEqual(list(frozen.items()), list(value.items()))
        self.assertEqual(list(frozen), ["f", "a", "d", "e", "b", "c"])

    def test_defaultdict_and_counter(self):
        groups = collections.defaultdict(list, {"a": [1]})
        groups["b"].append(2)
        counts = collections.Counter("mississippi")
        frozen = self.freeze([groups, counts, collections.Counter(), collections.defaultdict(None)])
        self.assertEqual(frozen, ({"a": (1,), "b": (2,)}, dict(counts), {}, {}))
        self.assertEqual({type(part) for part in frozen}, {FROZEN_DICT})

    def test_list_tuple_and_set_subclasses(self):
        frozen = self.freeze(
            [OwnList([1, [2]]), OwnTuple((3, [4])), OwnSet({5}), subclass(frozenset)({6}), OwnList(), OwnTuple(), OwnSet()])
        self.assertEqual(frozen, ((1, (2,)), (3, (4,)), frozenset({5}), frozenset({6}), (), (), frozenset()))
        self.assertEqual([type(part) for part in frozen], [tuple, tuple, frozenset, frozenset, tuple, tuple, frozenset])

    def test_overridden_methods_are_not_asked(self):
        class Liar(list):
            def __iter__(self):
                raise AssertionError

            __len__ = __getitem__ = __eq__ = __iter__

        self.assertEqual(self.freeze(Liar([1, 2])), (1, 2))

    def test_struct_sequences_become_tuples(self):
        for value in (time.gmtime(0), os.stat_result(range(10)), os.terminal_size((80, 24))):
            self.assertEqual(self.freeze(value), tuple(value))

    def test_subclasses_inside_keys_and_members(self):
        key = (OwnTuple((1, OwnTuple(("a",)))), subclass(frozenset)({OwnTuple((2,))}))
        frozen = self.freeze({key: "value", "set": {OwnTuple((3,)), subclass(frozenset)({4})}})
        self.assertEqual(frozen[((1, ("a",)), frozenset({(2,)}))], "value")
        self.assertEqual(frozen["set"], {(3,), frozenset({4})})

    def test_keys_with_a_hash_of_their_own_get_the_bases_hash(self):
        class Odd(tuple):
            def __hash__(self):
                return 12345

        frozen = self.freeze({Odd((1, 2)): "a", Odd((3,)): "b", "members": {Odd((i,)) for i in range(100)}})
        self.assertEqual((frozen[1, 2], frozen[3,]), ("a", "b"))
        self.assertEqual(frozen["members"], {(i,) for i in range(100)})

    def test_hashable_list_and_set_subclasses_as_keys(self):
        hashable = {"__hash__": lambda self: 1}
        HashableList, HashableSet = type("HashableList", (list,), hashable), type("HashableSet", (set,), hashable)
        frozen = self.freeze({HashableList([1, 2]): "list", HashableSet({3}): "set"})
        self.assertEqual((frozen[1, 2], frozen[frozenset({3})]), ("list", "set"))

    def test_keys_equal_only_once_frozen_are_refused(self):
        class Distinct(tuple):
            __hash__ = object.__hash__

            def __eq__(self, other):
                return self is other

        with self.assertRaisesRegex(symplast.NotShareableError, "equal once frozen"):
            self.pool.freeze({Distinct((1,)): "a", Distinct((1,)): "b"})
        self.assertEqual(self.freeze({Distinct((1,)), Distinct((1,)), Distinct((2,))}), {(1,), (2,)})


class TestRefused(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "refused")

    VALUES = [
        Point(1, 2), Typed(1), Data(1), Colour.RED, Level.LOW, Flag.A, decimal.Decimal("1.5"), fractions.Fraction(1, 3),
        pathlib.PurePath("/x"),
        uuid.UUID(int=0), object(), OwnList, len, lambda: None, unittest, types.SimpleNamespace(a=1), array.array("i"),
        collections.deque([1]),
        collections.ChainMap({}), collections.UserDict(a=1), memoryview(b"x"), iter([]), {}.keys(), {}.items(), (i for i in ()),
        ValueError("x"),
        subclass(str)("x"), subclass(int)(1), subclass(float)(1.5), subclass(complex)(1), subclass(bytes)(b"x"),
        subclass(bytearray)(b"x"),
        subclass(dict)(a=1), subclass(collections.OrderedDict)(a=1), subclass(collections.Counter)("a"),
        subclass(collections.defaultdict)(list),
        list[int], int | str, property(), staticmethod(len), type,
    ]

    def test_other_classes_are_refused_with_path_and_type(self):
        for value in self.VALUES:
            with self.subTest(type(value).__name__):
                config = {"a": [1, value]}
                with self.assertRaises(symplast.NotShareableError) as caught:
                    self.pool.freeze(config)
                what, _, instead = str(caught.exception).partition("; ")
                self.assertEqual(what, f"config['a'][1]: {type(value).__name__} cannot be frozen")
                self.assertEqual(instead != "", isinstance(value, (memoryview, types.GeneratorType)))
        self.assertEqual(self.pool.stats().objects, 0)

    def test_default_maps_what_is_refused(self):
        frozen = self.pool.freeze(self.VALUES, default=lambda o: type(o).__name__)
        self.assertEqual(frozen, tuple(type(value).__name__ for value in self.VALUES))
        assert_frozen(self, frozen, self.pool)

    def test_error_is_a_type_error(self):
        self.assertTrue(issubclass(symplast.NotShareableError, TypeError))
        self.assertTrue(issubclass(symplast.NotShareableError, symplast.SymplastError))
