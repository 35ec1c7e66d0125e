"""What built-in containers become when they are frozen, whatever happened to them before."""

import random
import types
import unittest

import symplast
from fixtures import new_pool
from graphs import FROZEN_DICT, assert_frozen, assert_same


class Containers(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "containers")

    def freeze(self, value):
        frozen = self.pool.freeze(value)
        assert_frozen(self, frozen, self.pool)
        assert_same(self, value, frozen)
        return frozen


class TestSequences(Containers):
    def test_list_becomes_tuple(self):
        for value in ([], [1], [None] * 5, list(range(2000)), [[], [[]], ()]):
            self.freeze(value)

    def test_tuple_stays_tuple(self):
        for value in ((), (1,), (None, [2], ({"k": 3},))):
            self.freeze(value)

    def test_frozen_tuple_hashes_as_the_original(self):
        for value in ((1,), (1, ("a", 2.5)), tuple(range(100)), ((), ((),), frozenset({1}))):
            self.assertEqual(hash(self.freeze(value)), hash(value))

    def test_frozen_tuple_of_something_unhashable_is_unhashable_like_a_tuple(self):
        if FROZEN_DICT is not types.MappingProxyType:
            self.skipTest("whatever is frozen can be hashed on this version")
        for value in (({},), (1, ((), ({},))), [[{}]]):
            frozen = self.freeze(value)
            for _ in range(2):
                with self.assertRaises(TypeError):
                    hash(frozen)

    def test_list_that_grew_and_shrank(self):
        value = list(range(1000))
        del value[10:]
        self.assertEqual(self.freeze(value), tuple(range(10)))
        value.clear()
        self.assertEqual(self.freeze(value), ())


class TestDicts(Containers):
    def check(self, value):
        """Freezes, looks every key up, misses some, and uses a copy as a program would."""
        frozen = self.freeze(value)
        self.assertIs(type(frozen), FROZEN_DICT)
        self.assertEqual((list(frozen), list(reversed(frozen)), len(frozen)), (list(value), list(reversed(value)), len(value)))
        misses = [object(), "missing", -7, 0.25, (), *(f"no {i}" for i in range(40))]
        self.assertEqual([frozen.get(key, "none") for key in misses], [value.get(key, "none") for key in misses])
        copy, expected = dict(frozen), dict(value)
        for count in range(40):
            copy[f"new {count}"] = expected[f"new {count}"] = count
            self.assertFalse(any(key in copy for key in misses))
        for key in list(value)[::2]:
            del copy[key], expected[key]
        self.assertEqual(copy, expected)
        return frozen

    def test_dict_of_every_small_size(self):
        for size in range(70):
            self.check({f"key {i}": i for i in range(size)})
            self.check({i: i for i in range(size)})

    def test_dict_with_each_width_of_index(self):
        # The index has 1, 2 or 4 bytes a slot; 8 would need 2**31 entries.
        for size in (80, 90, 170, 171, 200, 300, 5_000, 22_000):
            self.check({f"key {i}": i for i in range(size)})
            self.check({(i, "key"): i for i in range(size)})

    def test_dict_with_mixed_keys(self):
        self.check({"s": 1, 2: "i", 2.5: "f", (1, 2): "t", b"b": 3, None: 4, True: 5, frozenset({1}): 6, range(3): 7, ...: 8,
                    1j: 9, "": 10})

    def test_dict_whose_first_other_key_came_late(self):
        value = {f"key {i}": i for i in range(20)}
        value[5] = "other"
        self.check(value)
        del value[5]
        self.check(value)

    def test_dict_with_deleted_entries(self):
        for kind in (str, int):
            for size in (5, 6, 50, 500):
                for step in (2, 3, size):
                    value = {kind(i): i for i in range(size)}
                    for key in list(value)[::step]:
                        del value[key]
                    self.check(value)
                    value[kind(size + 1)] = "appended after deletions"
                    self.check(value)

    def test_dict_whose_last_entries_were_popped(self):
        # popitem() leaves no hole among the entries, but one in the index, and less room than a copy of the table would assume.
        for size in range(2, 12):
            for left in range(size):
                for seed in range(10):
                    value = {f"{seed} {i}": i for i in range(size)}
                    while len(value) > left:
                        value.popitem()
                    self.check(value)

    def test_dict_that_grew_and_shrank(self):
        value = {i: i for i in range(5000)}
        for i in range(4990):
            del value[i]
        self.check(value)
        value.clear()
        self.check(value)

    def test_dict_with_room_to_spare(self):
        for value in (dict.fromkeys(range(100)), {} | {"a": 1}, dict({"a": 1}, b=2), dict(zip("abc", range(3))),
                      {**{"x": 1}, "y": 2}):
            self.check(value)

    def test_dict_after_random_operations(self):
        generator = random.Random(20)
        for _ in range(150):
            value = {}
            for _ in range(generator.randrange(200)):
                key = generator.randrange(60) if generator.random() < 0.5 else f"k{generator.randrange(60)}"
                action = generator.random()
                if action < 0.6:
                    value[key] = generator.random()
                elif action < 0.8:
                    value.pop(key, None)
                elif value:
                    value.popitem()
            self.check(value)

    def test_dict_with_colliding_hashes(self):
        self.check({i * 2**61 + (i % 5): i for i in range(200)})
        self.check({-1: "a", -2: "b", 2**61 - 1: "c", 0: "d"})

    def test_nan_keys_stay_distinct_and_are_found_by_identity(self):
        nans = [float("nan") for _ in range(50)]
        frozen = self.pool.freeze({key: i for i, key in enumerate(nans)})
        self.assertEqual([frozen[key] for key in frozen], list(range(50)))
        frozen = self.pool.freeze(
            {(key, 1): i for i, key in enumerate(nans)} | {complex(0, key): i for i, key in enumerate(nans)})
        self.assertEqual([frozen[key] for key in frozen], list(range(50)) * 2)

    def test_instance_dictionaries(self):
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y

        class Slim(Point):
            pass

        points = [Point(1, [2]), Point("a", None), Slim(3, 4)]
        del points[1].x
        points[2].extra = 5
        self.freeze([vars(point) for point in points])
        frozen = self.pool.freeze(points, default=vars)
        self.assertEqual([dict(attributes) for attributes in frozen],
                         [{"x": 1, "y": (2,)}, {"y": None}, {"x": 3, "y": 4, "extra": 5}])

    def test_class_and_module_dictionaries(self):
        names = {name: len(name) for name in vars(unittest)}
        self.assertEqual(self.freeze(types.MappingProxyType(names)), names)

    def test_mappingproxy_freezes_as_its_dict(self):
        inner = {"a": [1]}
        frozen = self.pool.freeze([types.MappingProxyType(inner), inner, types.MappingProxyType(inner)])
        self.assertIs(frozen[0], frozen[1])
        self.assertIs(frozen[2], frozen[1])
        assert_frozen(self, frozen, self.pool)
        self.assertEqual(dict(frozen[0]), {"a": (1,)})

    def test_mappingproxy_of_something_else_is_refused(self):
        class Mapping(dict):
            pass

        for mapping in (Mapping(a=1), types.MappingProxyType({})):
            with self.assertRaisesRegex(symplast.NotShareableError, "mappingproxy"):
                self.pool.freeze(types.MappingProxyType(mapping))

    @unittest.skipIf(FROZEN_DICT is types.MappingProxyType, "frozendict came with 3.15")
    def test_frozendict_stays_frozendict(self):
        for value in (FROZEN_DICT(), FROZEN_DICT(a=1), FROZEN_DICT({1: [2], (3,): {4}}),
                      FROZEN_DICT({f"k{i}": i for i in range(1000)})):
            self.assertIs(type(self.freeze(value)), FROZEN_DICT)
            self.check(dict(value))
        self.assertEqual(hash(self.pool.freeze(FROZEN_DICT(a=(1, 2)))), hash(FROZEN_DICT(a=(1, 2))))

    def test_frozen_dict_cannot_be_changed(self):
        frozen = self.freeze({"a": 1})
        for change in (
            lambda: frozen.update(b=2),
            lambda: frozen.pop("a"),
            lambda: frozen.clear(),
            lambda: frozen.setdefault("b", 2),
            lambda: frozen.__setitem__("a", 2),
            lambda: frozen.__delitem__("a"),
        ):
            with self.assertRaises((TypeError, AttributeError)):
                change()
        self.assertEqual(frozen, {"a": 1})


class TestSets(Containers):
    def check(self, value):
        for original in (value, frozenset(value)):
            frozen = self.freeze(original)
            self.assertEqual(frozen, value)
            self.assertEqual(hash(frozen), hash(frozenset(value)))
            misses = [object(), "missing", -7, *(f"no {i}" for i in range(40))]
            self.assertFalse(any(member in frozen for member in misses))
            self.assertTrue(all(member in frozen for member in value))
            self.assertEqual((frozen | {"new"}, frozen - {None}), (value | {"new"}, value - {None}))

    def test_set_of_every_small_size(self):
        for size in range(70):
            self.check(set(range(size)))
            self.check({f"member {i}" for i in range(size)})

    def test_large_sets(self):
        for size in (1000, 10_000):
            self.check({(i, "member") for i in range(size)})

    def test_set_with_deleted_members(self):
        for size in (4, 8, 100, 1000):
            for step in (2, 3, size):
                value = set(range(size))
                for member in list(value)[::step]:
                    value.discard(member)
                self.check(value)
                value.add("added after deletions")
                self.check(value)

    def test_set_that_grew_and_shrank(self):
        value = set(range(5000))
        for member in range(4990):
            value.discard(member)
        self.check(value)
        value.clear()
        self.check(value)
        value.add(1)
        self.check(value)

    def test_set_emptied_by_pop(self):
        value = set(range(100))
        while len(value) > 3:
            value.pop()
            self.check(set(value))
            self.freeze(value)

    def test_set_after_random_operations(self):
        generator = random.Random(21)
        for _ in range(150):
            value = set()
            for _ in range(generator.randrange(200)):
                member = generator.choice([generator.randrange(60), f"m{generator.randrange(60)}", (generator.randrange(9),)])
                value.add(member) if generator.random() < 0.6 else value.discard(member)
            self.check(value)

    def test_set_with_colliding_hashes(self):
        self.check({i * (2**61 - 1) for i in range(100)})

    def test_nan_members_stay_distinct_and_are_found_by_identity(self):
        frozen = self.pool.freeze({float("nan") for _ in range(50)} | {(float("nan"),) for _ in range(50)})
        self.assertEqual(len(frozen), 100)
        self.assertTrue(all(member in frozen for member in frozen))

    def test_sets_of_frozensets(self):
        self.check({frozenset(), frozenset({1}), frozenset({frozenset({2}), 3})})

    def test_frozenset_as_key(self):
        frozen = self.freeze({frozenset({1, 2}): "a", frozenset(): "b"})
        self.assertEqual((frozen[frozenset({2, 1})], frozen[frozenset()]), ("a", "b"))
