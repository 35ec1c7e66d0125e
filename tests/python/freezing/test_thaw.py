"""thaw(freeze(x)) == x: plain, mutable, local objects again, with their types, sharing and cycles."""

import builtins
import gc
import itertools
import signal
import types
import unittest
import weakref

import symplast
from fixtures import new_pool
from graphs import FROZEN_DICT
from symplast import thaw

VALUES = [
    None, True, 5, 10**40, -(2**62), 1.5, 2j, "text of ours", "naïve €𝄞", "\ud800", b"bytes of ours", bytearray(),
    bytearray(b"x"), bytearray(b"array"),
    [], [[]], (), ((),), ([],), {}, {"k": {}}, set(), {1, (2,)}, frozenset(), frozenset({frozenset({1})}), range(7), range(2**70),
    slice(1, [2], {3}),
    {"a": [1, (2, {"b": {3}})], 5: bytearray(b"z"), (1, "t"): frozenset({b"q"}), None: ...},
    [[], (), set(), frozenset(), {}, b"", bytearray(), ""],
]


class Thawing(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "thaw")

    def roundtrip(self, value):
        return thaw(self.pool.freeze(value))


class TestValues(Thawing):
    def test_thawed_equals_what_was_frozen_with_types(self):
        for value in VALUES:
            with self.subTest(value=value):
                self.assert_equal_with_types(value, self.roundtrip(value))

    def assert_equal_with_types(self, a, b):
        self.assertIs(type(a), type(b))
        self.assertEqual(a, b)
        if type(a) in (list, tuple):
            for x, y in zip(a, b):
                self.assert_equal_with_types(x, y)
        elif type(a) is dict:
            for (k, x), (l, y) in zip(a.items(), b.items()):
                self.assert_equal_with_types(k, l)
                self.assert_equal_with_types(x, y)

    def test_nothing_thawed_lies_in_a_pool(self):
        todo = [self.roundtrip(VALUES)]
        while todo:
            o = todo.pop()
            self.assertIsNone(symplast.pool_of(o))
            todo += gc.get_referents(o) if not isinstance(o, type) else []

    def test_thawed_is_mutable_and_leaves_the_frozen_alone(self):
        frozen = self.pool.freeze({"list": [1], "dict": {"k": 2}, "set": {3}, "bytes": bytearray(b"4")})
        thawed = thaw(frozen)
        thawed["list"].append(1), thawed["dict"].update(x=2), thawed["set"].add(3), thawed["bytes"].extend(b"4"), thawed.clear()
        self.assertEqual(frozen, {"list": (1,), "dict": {"k": 2}, "set": {3}, "bytes": b"4"})

    def test_what_is_not_frozen_is_returned_as_it_is(self):
        for value in ([1], {"k": 1}, object(), "text", 10**30, None, ()):
            self.assertIs(thaw(value), value)

    def test_frozen_part_thaws_by_itself(self):
        frozen = self.pool.freeze({"a": [{"b": {1}}]})
        self.assertEqual([thaw(frozen["a"]), thaw(frozen["a"][0]), thaw(frozen["a"][0]["b"])], [[{"b": {1}}], {"b": {1}}, {1}])

    def test_thawed_can_be_frozen_again(self):
        self.assertEqual(self.roundtrip(self.roundtrip(VALUES)), VALUES)

    def test_a_copy_in_another_pool_remembers_what_was_mutable(self):
        other = new_pool(self, "other")
        again = thaw(other.freeze((self.pool.freeze(VALUES),)))
        self.assertEqual(again, (VALUES,))

    @unittest.skipIf(FROZEN_DICT is types.MappingProxyType, "frozendict came with 3.15")
    def test_frozendict_thaws_to_frozendict(self):
        for value in (FROZEN_DICT(), FROZEN_DICT(a=[1]), {"k": FROZEN_DICT({1: {2}})}):
            thawed = self.roundtrip(value)
            self.assertEqual((type(thawed), thawed), (type(value), value))
        self.assertEqual(hash(self.roundtrip(FROZEN_DICT(a=1))), hash(FROZEN_DICT(a=1)))

    def test_what_default_made_of_keys_stays_hashable(self):
        class Key:
            pass

        frozen = self.pool.freeze({Key(): 1, (Key(), 2): 3}, default=lambda o: [b"list", bytearray(b"array"), [{4}]])
        parts = (b"list", b"array", (frozenset({4}),))
        self.assertEqual(thaw(frozen), {parts: 1, (parts, 2): 3})
        self.assertEqual(thaw(self.pool.freeze({Key()}, default=lambda o: {5})), {frozenset({5})})


class TestSharing(Thawing):
    def test_shared_parts_stay_shared(self):
        shared = [[1], (1, [2]), {"k": 1}, {1, 2}, frozenset({3, 4}), "some text", 10**30, 1.5, b"bytes", bytearray(b"a")]
        shared += [range(9), slice([1])]
        thawed = self.roundtrip([shared, [*shared], dict(enumerate(shared))])
        for i in range(len(shared)):
            self.assertIs(thawed[0][i], thawed[1][i])
            self.assertIs(thawed[0][i], thawed[2][i])

    def test_parts_that_were_referred_to_once_and_then_again(self):
        # Each of them is made where nothing else refers to it, and is then part of a later graph twice.
        def parts():
            return [
                [1.5], (1.5, []), {"k": 1.5}, {1.5}, frozenset({1.5}), "".join(["te", "xt"]), int("9" * 30), float("2.5"),
                bytes([1, 2]), bytearray(b"a"),
                slice([1]), FROZEN_DICT({"k": [1.5]}),
            ]

        frozen = self.pool.freeze(parts())
        thawed = thaw(frozen)
        self.assertEqual(thawed, parts())
        thawed = thaw(self.pool.freeze([frozen, [*frozen], dict(enumerate(frozen))]))
        self.assertEqual(thawed[0], parts())
        for i in range(len(frozen)):
            self.assertIs(thawed[0][i], thawed[1][i])
            self.assertIs(thawed[0][i], thawed[2][i])

    def test_a_root_that_only_its_own_graph_refers_to(self):
        outer = []
        outer.append([outer])
        inner = self.pool.freeze(outer)[0]
        thawed = thaw(inner)
        self.assertIs(thawed[0][0], thawed)

    def test_a_part_that_is_taken_up_again_while_it_is_thawed(self):
        taken = []

        # Runs at the checks for signals, in the midst of the set.
        def take_up(number, frame):
            taken.append(self.pool.freeze([frozen[0]]))

        before = signal.signal(signal.SIGALRM, take_up)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        for _ in range(10):
            expected = [frozenset([float(i) for i in range(50_000)])]
            frozen = self.pool.freeze(expected)
            signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.001)
            thawed = thaw(frozen)
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.assertEqual(thawed, expected)
        self.assertTrue(taken)

    def test_distinct_parts_stay_distinct(self):
        thawed = self.roundtrip([[], [], {}, {}, set(), set(), bytearray(), bytearray()])
        self.assertEqual(len({id(part) for part in thawed}), 8)

    def test_cycles_through_lists_and_dicts(self):
        root = [{}]
        root[0]["root"] = root
        root.append((root, [root[0]]))
        thawed = self.roundtrip(root)
        self.assertIs(thawed[0]["root"], thawed)
        self.assertIs(thawed[1][0], thawed)
        self.assertIs(thawed[1][1][0], thawed[0])

    def test_cycles_thaw_from_every_object_on_them(self):
        root = []
        ring = (root, slice(root, None))
        root += [ring, {"ring": ring}]
        if hasattr(builtins, "frozendict"):
            root.append(FROZEN_DICT(root=root))
        for start in range(len(root)):
            thawed = thaw(self.pool.freeze(root)[start])
            if start == 0:
                self.assertIs(thawed[0][0], thawed)
                self.assertIs(thawed[1].start, thawed[0])
            elif start == 1:
                self.assertIs(thawed["ring"][0][1], thawed)
            else:
                self.assertIs(thawed["root"][start], thawed)
                self.assertEqual(len(thawed), 1)
        thawed = thaw(self.pool.freeze(root)[0][1])
        self.assertIs(thawed.start[0][1], thawed)

    def test_collector_finds_thawed_cycles(self):
        class Canary:
            pass

        value = ([],)
        value[0].append(value)
        frozen = self.pool.freeze(value)
        gc.collect()
        thawed = thaw(frozen)
        canary = Canary()
        thawed[0].append(canary)
        self.assertTrue(gc.is_tracked(thawed))
        reference = weakref.ref(canary)
        del thawed, canary
        gc.collect()
        self.assertIsNone(reference())


class TestDepth(Thawing):
    def test_many_levels(self):
        # As in test_freeze_identity: more than any stack has room for.
        depth = 250_000
        layers = [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"k": inner}, lambda inner: {1: inner}]
        layers += [lambda inner: slice(inner, None)]
        value = "innermost"
        for layer in itertools.islice(itertools.cycle(layers), depth):
            value = layer(value)
        thawed = self.roundtrip(value)
        while thawed != "innermost":
            self.assertIs(type(thawed), type(value))
            if type(value) is slice:
                thawed, value = thawed.start, value.start
            elif type(value) is dict:
                (thawed,), (value,) = thawed.values(), value.values()
            else:
                (thawed,), (value,) = thawed, value
            depth -= 1
        self.assertEqual(depth, 0)


class TestErrors(Thawing):
    def test_deleted_pool(self):
        frozen = self.pool.freeze([1, "text of ours"])
        part = frozen[1]
        self.pool.delete()
        for o in (frozen, part):
            with self.assertRaises(symplast.DeletedError):
                thaw(o)

    def test_wrong_arguments(self):
        for arguments in ((), (1, 2)):
            with self.assertRaises(TypeError):
                thaw(*arguments)
        with self.assertRaises(TypeError):
            thaw(obj=1)

    def test_signal_handler_that_raises_ends_it(self):
        class Stop(Exception):
            pass

        def stop(number, frame):
            raise Stop

        frozen = self.pool.freeze([[i] for i in range(200_000)])
        stats = self.pool.stats()
        before = signal.signal(signal.SIGALRM, stop)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        with self.assertRaises(Stop):
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            while True:
                thaw(frozen)
        self.assertEqual(len(thaw(frozen)), 200_000)
        self.assertEqual(self.pool.stats(), stats)
