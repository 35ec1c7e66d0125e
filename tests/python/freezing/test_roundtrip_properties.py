"""
What must hold for any graph, tried on random ones. SYMPLAST_TEST_SEED and SYMPLAST_TEST_CASES try others and more.
"""

import copy
import os
import sys
import types
import unittest

import random_graphs
import symplast
from fixtures import new_pool
from graphs import FROZEN_DICT, FROZEN_TYPE, assert_frozen, assert_same, canonical, parts, walk
from random_graphs import Opaque, OwnFrozenSet, OwnList, OwnSet, OwnTuple

SEED = int(os.environ.get("SYMPLAST_TEST_SEED", "1"))
CASES = int(os.environ.get("SYMPLAST_TEST_CASES", "400"))

# What a thawed graph is compared with has the types that thawing gives, which are not always those that were frozen.
THAWED_TYPE = {types.MappingProxyType: dict, OwnList: list, OwnTuple: tuple, OwnSet: set, OwnFrozenSet: frozenset}


class TestRandomGraphs(unittest.TestCase):
    def check(self, kinds, property):
        for case, nodes in random_graphs.programs(SEED, CASES, kinds):
            try:
                property(random_graphs.build(nodes))
            except Exception as error:
                smallest = random_graphs.shrink(nodes, lambda candidate: self.fails(candidate, property, type(error)))
                self.fail(f"SYMPLAST_TEST_SEED={SEED} case {case}: {error!r}\n{random_graphs.source(smallest)}")

    def fails(self, nodes, property, expected):
        try:
            value = random_graphs.build(nodes)
        except Exception:
            # The reduction made a program of which Python itself makes nothing, like a list as a key.
            return False
        try:
            property(value)
        except expected:
            return True
        except Exception:
            return False
        return False

    def freeze(self, value, default=None):
        frozen = self.pool.freeze(value, default=default)
        assert_frozen(self, frozen, self.pool)
        return frozen

    def setUp(self):
        self.pool = new_pool(self, "random")
        FROZEN_TYPE.update({OwnList: tuple, OwnTuple: tuple, OwnSet: frozenset, OwnFrozenSet: frozenset})
        self.addCleanup(lambda: [FROZEN_TYPE.pop(kind) for kind in (OwnList, OwnTuple, OwnSet, OwnFrozenSet)])

    def test_frozen_is_the_original_part_by_part(self):
        self.check(random_graphs.PLAIN, lambda value: assert_same(self, value, self.freeze(value)))

    def test_thawed_is_the_original_part_by_part(self):
        self.check(random_graphs.PLAIN, lambda value: assert_isomorphic(self, value, symplast.thaw(self.freeze(value))))

    def test_thawed_with_the_types_that_thawing_gives(self):
        self.check(random_graphs.PLAIN + random_graphs.SUBCLASSES,
                   lambda value: assert_isomorphic(self, value, symplast.thaw(self.freeze(value))))

    def test_a_copy_in_another_pool_is_the_same_graph(self):
        def property(value):
            with symplast.Pool("other") as other:
                again = other.freeze((self.pool.freeze(value),))
                assert_frozen(self, again, other)
                assert_isomorphic(self, value, symplast.thaw(again)[0])

        self.check(random_graphs.PLAIN, property)

    def test_hashes_are_those_that_python_computes(self):
        def property(value):
            for part in list(walk(self.freeze(value))):
                if type(part) in (tuple, frozenset, slice, FROZEN_DICT):
                    if leads_to_cycle(part):
                        # Before 3.14 tuples cache no hash, and that of a cycle never ends.
                        self.assertTrue(sys.version_info < (3, 14) or hash_of(part) is not None)
                        continue
                    self.assertEqual(hash_of(part), hash_of(local_copy(part)))
                elif type(part) in (str, bytes, int, float, complex, range):
                    self.assertEqual(hash(part), hash(local_copy(part)) if part == part else hash(part))

        self.check(random_graphs.PLAIN + random_graphs.SUBCLASSES, property)

    def test_default_that_is_not_needed_changes_nothing(self):
        self.check(random_graphs.PLAIN, lambda value: assert_same(self, value, self.freeze(value, default=lambda o: 1 / 0)))

    def test_default_stands_for_its_part(self):
        def property(value):
            try:
                frozen = self.freeze(value, default=lambda o: o.part)
            except symplast.NotShareableError as error:
                # Keys can become the same, or be what cannot be hashed.
                self.assertRegex(str(error), "equal once frozen|not hashable|contains itself|itself, which cannot|in a row")
            else:
                self.assertFalse(any(isinstance(part, Opaque) for part in parts(frozen)))
                symplast.thaw(frozen)

        self.check(random_graphs.PLAIN + random_graphs.SUBCLASSES + ["Opaque"] * 4, property)

    def test_failing_programs_are_made_small(self):
        # The tool itself: something that fails whenever a bytearray is in the graph.
        nodes = next(
            nodes
            for _, nodes in random_graphs.programs(SEED, 1000, random_graphs.PLAIN)
            if len(nodes) > 20 and any(isinstance(node.value, bytearray) for node in nodes)
        )
        smallest = random_graphs.shrink(nodes, lambda candidate: any(isinstance(node.value, bytearray) for node in candidate))
        self.assertEqual(len(smallest), 1)
        self.assertRegex(random_graphs.source(smallest), r"^n0 = bytearray\(")


def leads_to_cycle(o):
    """Whether a part of o, or of its parts, contains itself."""
    finished, path = set(), set()
    todo = [(o, False)]
    while todo:
        part, leaving = todo.pop()
        if leaving:
            path.discard(id(part))
            finished.add(id(part))
        elif id(part) in path:
            return True
        elif id(part) not in finished:
            path.add(id(part))
            todo.append((part, True))
            todo += [(below, False) for below in parts(part)]
    return False


def hash_of(o):
    try:
        return hash(o)
    except TypeError:
        return "unhashable"


def local_copy(o):
    """An equal object of this interpreter, with the same parts, that has never been hashed."""
    if type(o) is slice:
        return slice(o.start, o.stop, o.step)
    if type(o) is str:
        return "".join(list(o))
    if type(o) is bytes:
        return bytes(list(o))
    if type(o) is FROZEN_DICT:
        return FROZEN_DICT(dict(o))
    return type(o)(list(o)) if type(o) in (tuple, frozenset) else copy.copy(o)


def assert_isomorphic(test, original, thawed):
    """Part by part: types as thawing gives them, values, order, and the same places sharing one object in both."""
    there, back = {}, {}
    todo = [(original, thawed)]
    while todo:
        a, b = todo.pop()
        kind = THAWED_TYPE.get(type(a), type(a))
        if kind.__name__ in ("OrderedDict", "defaultdict"):
            kind = dict
        test.assertIs(type(b), kind)
        if kind in (list, dict, set, bytearray, tuple, FROZEN_DICT) and len(a):
            if type(a) is not types.MappingProxyType:
                test.assertIs(there.setdefault(id(a), b), b, f"{a!r:.100} was copied twice")
                test.assertTrue(back.setdefault(id(b), a) is a or type(a) is tuple)
            if (id(a), id(b)) in there:
                continue
            there[id(a), id(b)] = True
        if kind in (list, tuple):
            test.assertEqual(len(a), len(b))
            todo += zip(a, b)
        elif kind in (dict, FROZEN_DICT):
            test.assertEqual(len(a), len(b))
            todo += [pair for ours, theirs in zip(a.items(), b.items()) for pair in zip(ours, theirs)]
        elif kind is slice:
            todo += [(a.start, b.start), (a.stop, b.stop), (a.step, b.step)]
        elif kind in (set, frozenset):
            test.assertEqual(sorted(map(plain_canonical, a)), sorted(map(plain_canonical, b)))
        else:
            test.assertEqual(canonical(a), canonical(b))


def plain_canonical(member):
    """canonical() of a member, whose subclasses do not survive."""
    if isinstance(member, tuple):
        return "(" + ",".join(map(plain_canonical, member)) + ")"
    if isinstance(member, frozenset):
        return "{" + ",".join(sorted(map(plain_canonical, member))) + "}"
    if isinstance(member, slice):
        return "slice" + plain_canonical((member.start, member.stop, member.step))
    return canonical(copy.copy(member))
