"""Sharing, cycles and depth: what is one object stays one object, however it is reached and however deep it lies."""

import itertools
import sys
import types
import unittest

import symplast
from fixtures import new_pool
from graphs import FROZEN_DICT, assert_frozen, assert_same, walk

# Recursion in C would overflow the stack: 8 MB have room for some 30 bytes a level.
DEPTH = 250_000


class Identity(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "identity")

    def freeze(self, value):
        frozen = self.pool.freeze(value)
        assert_frozen(self, frozen, self.pool)
        assert_same(self, value, frozen)
        return frozen


class TestSharing(Identity):
    SHARED = [[1], (1, [2]), {"k": 1}, {1, 2}, frozenset({3, 4}), "some text", "naïve €", 10**30, 1.5, 2j, b"bytes"]
    SHARED += [bytearray(b"array"), range(9), slice(1, 2)]

    def test_shared_parts_stay_shared(self):
        frozen = self.freeze([self.SHARED, [*self.SHARED], {i: part for i, part in enumerate(self.SHARED)}])
        for i in range(len(self.SHARED)):
            self.assertIs(frozen[0][i], frozen[1][i])
            self.assertIs(frozen[0][i], frozen[2][i])

    def test_keys_and_values_share(self):
        key, member = ("a", 10**20), "shared text"
        frozen = self.pool.freeze({key: key, member: [key, member], "set": {key, member}})
        (first, *_), values = frozen.keys(), list(frozen.values())
        self.assertIs(first, values[0])
        self.assertIs(values[1][0], first)
        self.assertTrue(all(any(part is other for other in values[2]) for part in values[1]))

    def test_distinct_mutable_objects_stay_distinct(self):
        frozen = self.pool.freeze([[], [], {}, {}, set(), set(), bytearray(), bytearray()])
        self.assertEqual(len({id(part) for part in frozen}), 8)

    def test_parts_with_a_single_reference_are_copied_once_too(self):
        frozen = self.pool.freeze([[[]] for _ in range(100)])
        self.assertEqual(self.pool.stats().objects, 201)
        self.assertEqual(len({id(part[0]) for part in frozen}), 100)

    def test_sharing_holds_under_default(self):
        class Thing:
            pass

        thing, inner = Thing(), [1]
        frozen = self.pool.freeze([thing, inner, thing, {"t": thing}], default=lambda o: {"inner": inner})
        self.assertIs(frozen[0], frozen[2])
        self.assertIs(frozen[0], frozen[3]["t"])
        self.assertIs(frozen[0]["inner"], frozen[1])

    def test_default_is_called_once_an_object(self):
        calls = []
        things = [object(), object()]
        self.pool.freeze([things, things, *things], default=lambda o: calls.append(o) or len(calls))
        self.assertEqual(calls, things)


class TestCycles(Identity):
    def test_list_that_holds_itself(self):
        value = [1]
        value.append(value)
        frozen = self.pool.freeze(value)
        self.assertIs(frozen[1], frozen)

    def test_dict_that_holds_itself(self):
        value = {"k": 1}
        value["self"] = value
        frozen = self.pool.freeze(value)
        self.assertIs(frozen["self"], frozen)

    def test_cycles_through_everything(self):
        root = []
        table = {"root": root}
        chain = (table, slice(root, (root, table)), [root])
        root += [chain, table, {"chain": chain}, types.MappingProxyType({"m": root})]
        table["chain"] = chain
        frozen = self.freeze(root)
        self.assertIs(frozen[0][0]["root"], frozen)
        self.assertIs(frozen[0][1].start, frozen)
        self.assertIs(frozen[2]["chain"], frozen[0])
        self.assertIs(frozen[3]["m"], frozen)
        self.assertLess(len(list(walk(frozen))), 25)

    def test_two_cycles_that_meet(self):
        a, b, c = [], [], []
        a.append(b), b.extend([a, c]), c.extend([b, c])
        frozen = self.freeze(a)
        self.assertIs(frozen[0][0], frozen)
        self.assertIs(frozen[0][1][0], frozen[0])
        self.assertIs(frozen[0][1][1], frozen[0][1])

    @unittest.skipIf(sys.version_info < (3, 14), "tuples cache their hash from 3.14 on; before, that of a cycle never ends")
    def test_cycles_have_hashes(self):
        ring, through_slice = [], []
        ring.append([ring])
        cut = slice(through_slice, slice(through_slice, None), 1)
        through_slice += [[cut, cut], (cut,), [slice(cut, 2)]]
        for value in (ring, [ring], through_slice, (cut, [cut]), cut, [(cut,), through_slice]):
            frozen = self.freeze(value)
            for part in walk(frozen):
                self.assertIsInstance(hash(part), int)
                self.assertEqual(hash(part), hash(part))

    def test_what_hangs_off_a_cycle_keeps_its_own_hash(self):
        value = [(1, "plain"), []]
        value[1].append(value)
        frozen = self.pool.freeze([value, (1, "other")])
        self.assertEqual((hash(frozen[0][0]), hash(frozen[1])), (hash((1, "plain")), hash((1, "other"))))


class TestDepth(Identity):
    def deep(self, *layers):
        value = "innermost"
        for layer in itertools.islice(itertools.cycle(layers), DEPTH):
            value = layer(value)
        return value

    def check(self, *layers):
        value = self.deep(*layers)
        frozen = self.pool.freeze(value)
        for _ in range(DEPTH):
            if type(frozen) is slice:
                frozen = frozen.start
            else:
                (frozen,) = frozen.values() if type(frozen) is FROZEN_DICT else frozen
        self.assertEqual(frozen, "innermost")

    def test_deep_lists(self):
        self.check(lambda inner: [inner])

    def test_deep_dicts(self):
        self.check(lambda inner: {"k": inner})

    def test_deep_containers_of_several_kinds(self):
        self.check(lambda inner: [inner], lambda inner: (inner,), lambda inner: {"k": inner}, lambda inner: {1: inner},
                   lambda inner: slice(inner, None))

    def test_deep_slices(self):
        value = self.deep(lambda inner: slice(inner, 1))
        frozen = self.pool.freeze([value, value, (value,)])
        self.assertIs(frozen[0], frozen[2][0])
        self.assertIs(self.pool.freeze((frozen[0], 1))[0], frozen[0])
        # CPython's own deallocation of slices is recursive.
        while type(value) is slice:
            value = value.start

    def test_slices_that_share_their_parts_are_worked_through_once(self):
        value = "innermost"
        for _ in range(200):
            value = slice(value, value, (value,))
        frozen = self.pool.freeze([value, value])
        self.assertIs(frozen[0].start, frozen[1].stop)

    def test_long_chain_through_default(self):
        class Node:
            next = None

        first = last = Node()
        for _ in range(50_000):
            last.next = Node()
            last = last.next
        frozen = self.pool.freeze(first, default=lambda node: [node.next])
        length = 0
        while frozen is not None:
            frozen, length = frozen[0], length + 1
        self.assertEqual(length, 50_001)
        while first is not None:
            first = first.next


class TestFrozenInput(Identity):
    def setUp(self):
        super().setUp()
        self.other = new_pool(self, "other")

    VALUE = {"list": [1, [2.5]], "bytes": bytearray(b"x"), "set": {1}, "text": "text of ours",
             "empty": [[], bytearray(), set(), {}]}

    def test_frozen_object_freezes_to_itself_in_any_pool(self):
        frozen = self.pool.freeze(self.VALUE)
        for pool in (self.pool, self.other, symplast):
            self.assertIs(pool.freeze(frozen), frozen)
            self.assertIs(pool.freeze(frozen["list"]), frozen["list"])
        self.assertIs(symplast.pool_of(frozen), self.pool)

    def test_parts_in_the_same_pool_are_referred_to(self):
        frozen = self.pool.freeze(self.VALUE)
        before = self.pool.stats().objects
        again = self.pool.freeze([frozen, {"k": frozen["list"]}])
        self.assertIs(again[0], frozen)
        self.assertIs(again[1]["k"], frozen["list"])
        self.assertEqual(self.pool.stats().objects, before + 2)

    def test_parts_in_another_pool_are_copied(self):
        frozen = self.pool.freeze(self.VALUE)
        again = self.other.freeze([frozen, frozen["list"]])
        assert_frozen(self, again, self.other)
        assert_same(self, [frozen, frozen["list"]], again)
        self.pool.delete()
        self.assertEqual(symplast.thaw(again), [self.VALUE, self.VALUE["list"]])

    def test_parts_of_a_deleted_pool_are_refused(self):
        frozen = self.pool.freeze(self.VALUE)
        self.pool.delete()
        for value in (frozen, [frozen], {"k": [frozen["text"]]}):
            with self.assertRaises(symplast.DeletedError):
                self.other.freeze(value)
        self.assertEqual(self.other.stats().objects, 0)

    def test_frozen_keys_and_members(self):
        key = self.pool.freeze((1, "key of ours", frozenset({2})))
        for pool in (self.pool, self.other):
            frozen = pool.freeze({key: key, "set": {key}})
            self.assertEqual(frozen[1, "key of ours", frozenset({2})], key)
            self.assertIn(key, frozen["set"])

    def test_unhashable_frozen_part_makes_what_holds_it_unhashable(self):
        if FROZEN_DICT is not types.MappingProxyType:
            self.skipTest("whatever is frozen can be hashed on this version")
        part = self.pool.freeze([{"a": 1}])
        for frozen in (self.pool.freeze((part, 1)), self.pool.freeze([[part]]), self.pool.freeze(slice(part))):
            with self.assertRaises(TypeError):
                hash(frozen)
