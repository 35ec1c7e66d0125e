"""
Live objects among what Python has: pickle, copy, freeze and thaw around them, sys.getsizeof, dir, help, the abstract base
classes, match.
"""

import collections.abc
import copy
import gc
import io
import json
import pickle
import pydoc
import sys
import threading
import unittest

import symplast
from symplast import AtomicInt, AtomicRef, Dict, List, Set, SortedDict

import child
import live_blocks
import live_classes
from fixtures import new_pool
from live_classes import Open, Point

MAKERS = {
    Dict: lambda: Dict(a=1, b=[2]),
    SortedDict: lambda: SortedDict(a=1, b=[2]),
    List: lambda: List([1, [2]]),
    Set: lambda: Set([1, "b"]),
    AtomicInt: lambda: AtomicInt(7),
    AtomicRef: lambda: AtomicRef(["x"]),
    Point: lambda: Point(1, 2),
    Open: lambda: Open(a=1, b=[2]),
}


def each(test):
    for cls, make in MAKERS.items():
        with test.subTest(cls.__name__):
            yield cls, make


class PickleTests(unittest.TestCase):
    def test_in_the_process_it_is_the_object_itself(self):
        for _, make in each(self):
            o = make()
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                self.assertIs(pickle.loads(pickle.dumps(o, protocol)), o)
                self.assertIs(pickle._loads(pickle._dumps(o, protocol)), o)

    def test_inside_plain_objects_too(self):
        for _, make in each(self):
            o = make()
            again = pickle.loads(pickle.dumps({"a": [o, (o, 1)], "b": "text"}))
            self.assertTrue(again["a"][0] is o and again["a"][1][0] is o and again["b"] == "text")

    def test_can_be_loaded_as_often_as_one_likes(self):
        o = Dict(a=1)
        data = pickle.dumps(o)
        self.assertEqual(data, pickle.dumps(o))
        self.assertTrue(all(pickle.loads(data) is o for _ in range(5)))

    def test_does_not_keep_the_object_alive(self):
        for cls, make in each(self):
            o = make()
            data = pickle.dumps(o)
            del o
            with self.assertRaisesRegex(
                    symplast.DeletedError,
                    f"the {cls.__name__} that was pickled no longer exists: a pickle of a live object does not keep it alive"):
                pickle.loads(data)

    def test_that_is_never_loaded_costs_nothing(self):
        pool = new_pool(self)
        with pool.allocating():
            o = Dict()
        before = pool.stats()
        kept = [pickle.dumps(o) for _ in range(100)]
        self.assertEqual((pool.stats().live_blocks, pool.stats().handles), (before.live_blocks, before.handles))
        del o, kept
        self.assertEqual(live_blocks.in_pool(pool), 0)

    def test_is_not_mistaken_for_what_lies_in_its_place(self):
        pool = new_pool(self)
        with pool.allocating():
            stale = []
            for i in range(200):
                stale.append(pickle.dumps(List([i])))
            live = [List([i]) for i in range(200)]
            for o in live:
                pickle.dumps(o)
        for data in stale:
            with self.assertRaises(symplast.DeletedError):
                pickle.loads(data)
        self.assertEqual([o[0] for o in live], list(range(200)))

    def test_of_a_deleted_object_or_pool_is_an_error(self):
        for _, make in each(self):
            o = make()
            data = pickle.dumps(o)
            symplast.delete(o)
            for use in (lambda: pickle.loads(data), lambda: pickle.dumps(o)):
                self.assertRaises(symplast.DeletedError, use)
            pool = symplast.Pool("gone")
            with pool.allocating():
                o = make()
            data = pickle.dumps(o)
            pool.delete()
            with self.assertRaisesRegex(symplast.DeletedError, "pool 'gone' was deleted|the pool of this object was deleted"):
                pickle.loads(data)
            self.assertRaises(symplast.DeletedError, pickle.dumps, o)

    def test_in_another_process_it_says_so(self):
        kept = [make() for make in MAKERS.values()]
        for o in kept:
            name = type(o).__name__
            text = child.run(f"""
                import pickle, symplast
                try:
                    pickle.loads({pickle.dumps(o)!r})
                except symplast.SymplastError as error:
                    print(error)
                """)
            self.assertEqual(
                text.strip(),
                f"a {name} is pickled by reference: it can be unpickled only in the process that pickled it, while that runs")

    def test_in_another_interpreter_it_is_the_same_object(self):
        with symplast.InterpreterPoolExecutor(1) as executor:
            for _, make in each(self):
                o = make()
                data = pickle.dumps(o)
                self.assertIs(executor.submit(pickle.loads, data).result(), o)

    def test_damaged_ones_are_refused(self):
        load = symplast._symplast._live_by_ticket
        o = Dict()
        _, (process, name, pool, place, ticket) = o.__reduce__()
        self.assertIs(load(process, name, pool, place, ticket), o)
        wrong = {0, *((place + away) % (1 << 64) for away in (8, 16, 1 << 20, 1 << 21, 1 << 38, 1 << 40, (1 << 64) - 16))}
        for elsewhere in wrong - {place}:
            with self.assertRaises((symplast.DeletedError, ValueError)):
                load(process, name, pool, elsewhere, ticket)
        for arguments in ((process, name, pool, place, 0), (process, name, pool, place, ticket + 1),
                          (process, name, pool, place, 1 << 63), (process, name, 1 << 62, place, ticket),
                          (process, name, pool, place), (1, name, pool, place, ticket), (process, 1, pool, place, ticket),
                          (process, name, "", place, ticket),
                          (process, name, -1, place, ticket), (process, name, pool, 1 << 80, ticket), (), (None,) * 5):
            with self.assertRaises((symplast.SymplastError, ValueError, TypeError, OverflowError)):
                load(*arguments)

    def test_while_others_make_and_drop_objects(self):
        def churn():
            while not stop.is_set():
                for each in [List([i]) for i in range(100)]:
                    pickle.loads(pickle.dumps(each))

        stop = threading.Event()
        o = List()
        data = pickle.dumps(o)
        with symplast.InterpreterPoolExecutor(2) as executor:
            others = [executor.submit(live_classes.pickle_and_drop, o) for _ in range(2)]
            thread = threading.Thread(target=churn)
            thread.start()
            for _ in range(300):
                self.assertIs(pickle.loads(data), o)
            stop.set()
            thread.join()
            self.assertTrue(all(other.result() for other in others))

    def test_a_class_may_have_a_way_of_its_own(self):
        point = live_classes.ByValue(3, 4)
        again = pickle.loads(pickle.dumps(point))
        self.assertTrue(again is not point and (again.x, again.y) == (3, 4))


class CopyTests(unittest.TestCase):
    def test_a_copy_is_a_new_object_with_the_same_members(self):
        for cls, make in each(self):
            o = make()
            c = copy.copy(o)
            self.assertTrue(type(c) is cls and c is not o and symplast.pool_of(c) is symplast.pool_of(o))
            self.assertEqual(symplast.thaw(c), symplast.thaw(o))

    def test_a_deep_copy_has_copies_of_what_is_inside(self):
        for cls in (Dict, SortedDict, List, AtomicRef, Open):
            with self.subTest(cls.__name__):
                o = MAKERS[cls]()
                inner = lambda o: o["b"] if cls in (Dict, SortedDict) else o[
                    1] if cls is List else o.value if cls is AtomicRef else o.b
                c = copy.deepcopy(o)
                self.assertTrue(type(inner(c)) is List and inner(c) is not inner(o) and inner(c) == inner(o))
                self.assertIs(inner(copy.copy(o)), inner(o))


class FreezeTests(unittest.TestCase):
    def test_live_objects_in_plain_ones_are_frozen(self):
        o = Dict(a=[1, {2}], p=Point(3, 4), n=AtomicInt(5), r=AtomicRef([6]), s=SortedDict(k=(7,)))
        expected = {"a": [1, {2}], "p": {"x": 3, "y": 4}, "n": 5, "r": [6], "s": {"k": (7,)}}
        for plain, thawed in (([o], [expected]), ({"x": (o,)}, {"x": (expected,)}), (((((o,),),),), ((((expected,),),),)),
                              ([1, "t", {"k": [[o]]}], [1, "t", {"k": [[expected]]}])):
            frozen = symplast.freeze(plain)
            self.assertTrue(symplast.is_frozen(frozen))
            self.assertEqual(symplast.thaw(frozen), thawed)

    def test_sharing_and_circles_are_kept(self):
        inner = List([1])
        a = Dict(inner=inner)
        a["me"] = a
        frozen = symplast.freeze({"a": a, "inner": inner, "all": [a, inner]})
        self.assertTrue(frozen["a"]["me"] is frozen["a"] is frozen["all"][0])
        self.assertTrue(frozen["a"]["inner"] is frozen["inner"] is frozen["all"][1])
        del a["me"]

    def test_default_sees_only_what_is_not_live(self):
        seen = []
        frozen = symplast.freeze([Dict(a=1), 2 + 0j, object], default=lambda o: seen.append(o) or str(o))
        self.assertEqual((seen, frozen[0]["a"]), ([object], 1))

    def test_is_in_the_pool_that_was_asked_for(self):
        pool = new_pool(self)
        frozen = pool.freeze([List([1])])
        self.assertIs(symplast.pool_of(frozen), pool)
        self.assertEqual(symplast.thaw(frozen), [[1]])

    def test_errors_name_the_place(self):
        with self.assertRaisesRegex(symplast.NotShareableError, r"\['x'\]\[1\]"):
            symplast.freeze({"x": [List(), object()]})
        o = List()
        symplast.delete(o)
        with self.assertRaises(symplast.DeletedError):
            symplast.freeze({"x": [o]})
        r = AtomicRef()
        r.value = r
        with self.assertRaises(symplast.NotShareableError):
            symplast.freeze([r])
        r.value = None

    def test_a_class_that_is_not_known_here_is_an_error(self):
        with symplast.InterpreterPoolExecutor(1) as executor:
            o = executor.submit(live_classes.with_a_lost_object).result()
            for function in (symplast.freeze, symplast.thaw):
                with self.assertRaisesRegex(symplast.NotShareableError, "cannot be found in this interpreter"):
                    function([o])


class ThawTests(unittest.TestCase):
    def test_live_objects_in_plain_ones_are_thawed(self):
        o = Dict(a=[1], p=Point(3, 4))
        expected = {"a": [1], "p": {"x": 3, "y": 4}}
        for plain, thawed in (([o], [expected]), ({"x": (o, 1)}, {"x": (expected, 1)}), (((o,),), ((expected,),)),
                              ([[], {"k": {"l": [o]}}], [[], {"k": {"l": [expected]}}])):
            self.assertEqual(symplast.thaw(plain), thawed)
            self.assertEqual(json.loads(json.dumps(symplast.thaw(plain))), json.loads(json.dumps(thawed)))

    def test_sharing_and_circles_are_kept(self):
        o = List([1])
        plain = {"o": o, "again": [o]}
        plain["me"] = plain
        thawed = symplast.thaw(plain)
        self.assertTrue(thawed["me"] is thawed and thawed["o"] is thawed["again"][0] and thawed is not plain)
        self.assertIs(plain["o"], o)

    def test_without_live_objects_the_same_object_is_returned(self):
        circle = []
        circle.append(circle)
        for plain in ([1, [2]], {"a": ()}, (1, ({},)), circle, "text", 5, object()):
            self.assertIs(symplast.thaw(plain), plain)

    def test_deep_nesting_is_no_crash(self):
        deep = [List([1])]
        for _ in range(100_000):
            deep = [deep]
        thawed = symplast.thaw(deep)
        frozen = symplast.freeze(deep)
        for _ in range(100_000):
            thawed, frozen = thawed[0], frozen[0]
        self.assertEqual((thawed, frozen), ([[1]], ((1,),)))
        deep = List()
        for _ in range(2_000):
            deep = (deep,)
        self.assertRaises(RecursionError, symplast.thaw, deep)


class KeyTests(live_blocks.NothingLeftMixin, unittest.TestCase):
    EQUAL = (
        (frozenset(), frozenset()),
        (frozenset({1, 2}), frozenset({2.0, True})),
        (frozenset({"a", b"b", None, ..., 1j, 10**30}), frozenset({10**30, None, 1j, b"b", ..., "a"})),
        (frozenset({-1, -2}), frozenset({-2, -1})),
        (frozenset({frozenset({1}), (2, 3)}), frozenset({(2, 3.0), frozenset({True})})),
        (frozenset(range(1000)), frozenset(map(float, range(1000)))),
    )

    def test_frozensets_are_equal_as_python_has_it(self):
        for mapping in (Dict, dict):
            for i, (one, other) in enumerate(self.EQUAL):
                live = mapping({one: i})
                self.assertEqual((live[other], other in live, live.get(other), len(live)), (i, True, i, 1))
                live[other] = "new"
                self.assertEqual(list(live.items()), [(one, "new")])
                self.assertEqual(live.pop(other), "new")

    def test_that_differ_are_different_keys(self):
        sets = [one for one, _ in self.EQUAL] + [frozenset({-1}), frozenset({-2}), frozenset({"1"}), frozenset({(1, 2)})]
        live = Dict((one, i) for i, one in enumerate(sets))
        self.assertEqual(live, {one: i for i, one in enumerate(sets)})
        for plain in ((), (1, 2), 0, "", None):
            self.assertNotIn(plain, live)

    def test_come_back_as_frozensets(self):
        live = Dict({frozenset({1, frozenset({"x"})}): 1})
        (key,) = live
        self.assertEqual((type(key), key), (frozenset, frozenset({1, frozenset({"x"})})))

    def test_in_tuples_and_in_sets(self):
        live = Dict({(1, frozenset({2})): 3})
        self.assertEqual(live[True, frozenset({2.0})], 3)
        members = Set([frozenset({1}), (frozenset(),)])
        self.assertTrue(frozenset({1}) in members and (frozenset(),) in members and frozenset({2}) not in members)
        members.discard(frozenset({1.0}))
        self.assertEqual(members, {(frozenset(),)})

    def test_frozen_ones_are_equal_to_plain_ones(self):
        pool = new_pool(self)
        frozen = pool.freeze(frozenset({1, "a", (2,)}))
        live = Dict({frozen: 1})
        self.assertEqual((live[frozenset({1, "a", (2,)})], live[frozen]), (1, 1))
        pool.delete()
        self.assertEqual(list(live), [frozenset({1, "a", (2,)})])

    def test_of_other_things_cannot_be_keys(self):
        for o in (object(), AtomicInt, range(3)):
            with self.assertRaisesRegex(TypeError, "frozenset cannot be"):
                Dict({frozenset({o}): 1})
            self.assertNotIn(frozenset({o}), Dict())
            self.assertIsNone(Dict().get((frozenset({(o,)}),)))

    def test_nested_deeply_are_an_error_and_no_crash(self):
        deep = frozenset()
        for _ in range(10_000):
            deep = frozenset({deep})
        live = Dict()
        for use in (lambda: live.get(deep), lambda: live.setdefault(deep, 1)):
            self.assertRaises(RecursionError, use)

    def test_cannot_be_sorted(self):
        with self.assertRaises(TypeError):
            SortedDict({frozenset(): 1})

    def test_as_values_are_frozen(self):
        live = Dict(a=frozenset({1, "x"}))
        self.assertEqual(live["a"], frozenset({1, "x"}))
        self.assertTrue(symplast.is_frozen(live["a"]) and live["a"] is live["a"])

    def test_without_memory_nothing_changes(self):
        live = Dict(a=1)
        key = frozenset(range(20))
        for n in range(1, 5):
            symplast._symplast._fail_at(n)
            try:
                live[key] = 1
            except MemoryError:
                self.assertEqual(list(live), ["a"])
            finally:
                symplast._symplast._fail_at(0)


class LookingTests(unittest.TestCase):
    def test_sizes_are_those_of_the_blocks_in_the_pool(self):
        pool = new_pool(self)
        with pool.allocating():
            # Without texts, or classes that have shapes, all blocks are an object's own.
            for make in (Dict, lambda: Dict.fromkeys(range(10)), lambda: Dict.fromkeys(range(10_000)), SortedDict,
                         lambda: SortedDict.fromkeys(range(10_000)), List,
                         lambda: List(range(10_000)), Set, lambda: Set(range(1000)), AtomicInt, AtomicRef):
                gc.collect()
                before = pool.stats().live_bytes
                o = make()
                self.assertEqual(sys.getsizeof(o), pool.stats().live_bytes - before)
                del o

    def test_sizes_grow_with_what_is_in(self):
        o = Dict()
        sizes = []
        for n in (10, 100, 1000):
            o.update(dict.fromkeys(range(n)))
            sizes.append(sys.getsizeof(o))
        self.assertTrue(sizes[0] < sizes[1] < sizes[2])
        self.assertGreater(sys.getsizeof(Open(**{f"a{i}": i for i in range(100)})), sys.getsizeof(Open(a=1)))

    def test_what_was_deleted_has_no_size(self):
        for _, make in each(self):
            o = make()
            symplast.delete(o)
            self.assertRaises(symplast.DeletedError, sys.getsizeof, o)

    def test_dir_lists_methods_and_attributes(self):
        for cls, make in each(self):
            o = make()
            self.assertLessEqual(set(dir(cls)) - {"__abstractmethods__"}, set(dir(o)) | {"mro", "__name__"} | set(dir(type(cls))))
            self.assertEqual(dir(o), sorted(dir(o)))
        self.assertLessEqual({"x", "y", "norm"}, set(dir(Point(1, 2))))
        self.assertLessEqual({"a", "b", "kind"}, set(dir(MAKERS[Open]())))

    def test_help_describes_types_and_methods(self):
        for cls, make in each(self):
            text = pydoc.render_doc(cls, renderer=pydoc.plaintext)
            self.assertIn(cls.__name__, text)
            self.assertTrue(cls.__doc__)
            pydoc.Helper(output=io.StringIO())(make())
            for name, member in vars(cls).items():
                if not name.startswith("_") and callable(member) and cls.__module__.startswith("symplast"):
                    self.assertTrue(member.__doc__, f"{cls.__name__}.{name}")

    def test_abstract_base_classes_know_them(self):
        abc = collections.abc
        expected = {
            Dict: (abc.MutableMapping, abc.Mapping, abc.Reversible, abc.Collection),
            SortedDict: (abc.MutableMapping, abc.Mapping, abc.Reversible, abc.Collection),
            List: (abc.MutableSequence, abc.Sequence, abc.Reversible, abc.Collection),
            Set: (abc.MutableSet, abc.Set, abc.Collection),
        }
        for cls, make in each(self):
            o = make()
            for base in (abc.MutableMapping, abc.MutableSequence, abc.MutableSet):
                self.assertEqual(isinstance(o, base), base in expected.get(cls, ()))
                self.assertEqual(issubclass(cls, base), base in expected.get(cls, ()))
            for base in expected.get(cls, ()):
                self.assertIsInstance(o, base)

    def test_patterns_match_them(self):
        def kind(o):
            match o:
                case {"a": 1, **rest}:
                    return "mapping", sorted(rest)
                case [1, [2]]:
                    return "sequence"
                case Point(x=1, y=y):
                    return "point", y
                case Open(a=1):
                    return "open"
                case AtomicInt(value=7):
                    return "integer"
                case AtomicRef(value=["x"]):
                    return "reference"
                case Set():
                    return "set"
                case _:
                    return None

        expected = {Dict: ("mapping", ["b"]), SortedDict: ("mapping", ["b"]), List: "sequence", Set: "set", AtomicInt: "integer",
                    AtomicRef: "reference", Point: ("point", 2), Open: "open"}
        for cls, make in each(self):
            self.assertEqual(kind(make()), expected[cls])
