"""What is stored into live objects as what it is underneath, or as what its pool's default makes of it."""

import array
import collections
import datetime
import decimal
import enum
import gc
import os
import pathlib
import time
import typing
import unittest
import weakref

import symplast
from fixtures import new_pool
from symplast import AtomicRef, Dict, List, Set, SortedDict


class OwnList(list):
    def __iter__(self):
        raise AssertionError

    __len__ = __getitem__ = __iter__


class OwnSet(set):
    def __iter__(self):
        raise AssertionError

    __len__ = __iter__


class OwnTuple(tuple):
    def __iter__(self):
        raise AssertionError

    __len__ = __getitem__ = __iter__


class OwnDict(dict):
    pass


class OwnFrozenSet(frozenset):
    pass


Pair = collections.namedtuple("Pair", "a b")


class Typed(typing.NamedTuple):
    a: int


class Colour(enum.Enum):
    RED = "red"


class Thing:
    def __init__(self, **attributes):
        vars(self).update(attributes)


class Holder(symplast.Object):
    pass


def places():
    """Ways to store a value: (name, what is stored)."""

    def item(value):
        d = Dict()
        d["k"] = value
        return d["k"]

    def made(value):
        return Dict({"k": value})["k"]

    def sorted_item(value):
        d = SortedDict()
        d["k"] = value
        return d["k"]

    def filled(value):
        return SortedDict({str(i): value for i in range(20)})["7"]

    def element(value):
        return List([value])[0]

    def appended(value):
        l = List()
        l.append(value)
        return l[-1]

    def attribute(value):
        o = Holder()
        o.x = value
        return o.x

    def reference(value):
        return AtomicRef(value).value

    def nested(value):
        return List([{"a": [value]}])[0]["a"][0]

    return [item, made, sorted_item, filled, element, appended, attribute, reference, nested]


class Bases(unittest.TestCase):
    def check(self, value, kind, expected):
        for place in places():
            with self.subTest(place=place.__name__, value=type(value).__name__):
                stored = place(value)
                self.assertIs(type(stored), kind)
                self.assertEqual(stored, expected)

    def test_dicts_of_the_library_are_stored_as_dicts(self):
        groups = collections.defaultdict(list, a=[1])
        groups["b"].append(2)
        self.check(groups, Dict, {"a": [1], "b": [2]})
        self.check(collections.Counter("mississippi"), Dict, {"m": 1, "i": 4, "s": 4, "p": 2})
        self.check(collections.defaultdict(None), Dict, {})

    def test_ordered_dicts_keep_their_order(self):
        value = collections.OrderedDict((key, key * 2) for key in "abcdef")
        value.move_to_end("b")
        value.move_to_end("f", last=False)
        del value["c"]
        value["c"] = "again"
        self.check(value, Dict, dict(value))
        for place in places():
            self.assertEqual(list(place(value)), ["f", "a", "d", "e", "b", "c"])
        self.assertEqual(list(Dict(value)), list(value))

    def test_lists_sets_and_tuples_with_methods_of_their_own_too(self):
        self.check(OwnList([1, [2]]), List, [1, [2]])
        self.check(OwnList(), List, [])
        self.check(OwnSet({5, "a"}), Set, {5, "a"})
        self.check(OwnTuple((1, "a")), tuple, (1, "a"))
        self.check(OwnTuple((1, [OwnTuple(), {2}])), tuple, (1, ((), frozenset({2}))))
        self.check(OwnTuple(), tuple, ())
        self.check(OwnFrozenSet({1}), frozenset, frozenset({1}))
        self.check(time.gmtime(0), tuple, tuple(time.gmtime(0)))
        self.check(os.terminal_size((80, 24)), tuple, (80, 24))

    def test_sharing_and_cycles_are_kept(self):
        shared = OwnList([1])
        ordered = collections.OrderedDict(a=shared, b=shared)
        ordered["self"] = ordered
        stored = List([ordered])[0]
        self.assertIs(stored["a"], stored["b"])
        self.assertIs(stored["self"], stored)
        symplast.delete(stored)

    def test_classes_with_a_meaning_of_their_own_are_refused(self):
        for value in (OwnDict(a=1), Pair(1, 2), Typed(1), collections.deque(), collections.ChainMap({}), Colour.RED,
                      decimal.Decimal(1), pathlib.PurePath("x"),
                      type("Sub", (str,), {})("x"), type("Sub", (int,), {})(1), type("Sub", (collections.OrderedDict,), {})(),
                      bytearray(b"x")):
            for place in places():
                with self.subTest(place=place.__name__, value=value), self.assertRaisesRegex(
                        symplast.NotShareableError, "cannot be shared"):
                    place(value)

    def test_what_freezing_takes_is_taken(self):
        for value in (collections.OrderedDict(a=1), collections.Counter("ab"), collections.defaultdict(int), OwnList([1]),
                      OwnSet([1]), OwnTuple((1,)), OwnFrozenSet([1]), OwnDict(), Pair(1, 2),
                      time.gmtime(0)):
            def takes(store):
                try:
                    store(value)
                except symplast.NotShareableError:
                    return False
                return True

            self.assertEqual(takes(symplast.freeze), takes(lambda v: List([v])), value)


class Defaults(unittest.TestCase):
    def pool(self, default, **options):
        pool = symplast.Pool("default", default=default, **options)
        self.addCleanup(lambda: pool.deleted or pool.delete())
        return pool

    def test_answers_for_all_that_is_stored(self):
        with self.pool(str).allocating():
            for place in places():
                with self.subTest(place=place.__name__):
                    self.assertEqual(place(decimal.Decimal("1.50")), "1.50")
                    self.assertEqual(place(pathlib.PurePosixPath("/a/b")), "/a/b")

    def test_answers_for_what_is_frozen_unless_another_one_is_given(self):
        pool = self.pool(str)
        self.assertEqual(pool.freeze([decimal.Decimal(1)]), ("1",))
        self.assertEqual(pool.freeze([decimal.Decimal(1)], default=None), ("1",))
        self.assertEqual(pool.freeze([decimal.Decimal(1)], default=lambda o: "other"), ("other",))
        with pool.allocating():
            self.assertEqual(symplast.freeze({"a": decimal.Decimal(2)}), {"a": "2"})
        with self.assertRaises(symplast.NotShareableError):
            symplast.freeze(decimal.Decimal(1))

    def test_may_answer_with_anything_that_can_be_stored(self):
        answers = {"dict": {"a": [1, {2}]}, "list": [1], "none": None, "number": 5, "big": 10**30, "text": "äöü", "empty": "",
                   "tuple": (1, [2]), "frozen": symplast.freeze([1]), "live": List([3]),
                   "array": array.array("d", [1.5]), "range": range(3), "again": Thing(name="list")}
        with self.pool(lambda o: answers[o.name]).allocating():
            l = List([Thing(name=name) for name in answers])
            self.assertEqual(symplast.thaw(l), [{"a": [1, {2}]}, [1], None, 5, 10**30, "äöü", "", (1, [2]), [1], [3],
                                                array.array("d", [1.5]), range(3), [1]])
            self.assertIs(l[list(answers).index("live")], answers["live"])

    def test_is_asked_inside_of_what_is_frozen_for_a_live_object(self):
        zone = datetime.timezone(datetime.timedelta(hours=1))
        for answer in ("text", "", "x", 5, None, 10**20, (1, 2), [1]):
            with self.pool(lambda o: answer).allocating():
                l = List([(1, [Thing()]), datetime.datetime(2020, 1, 1, tzinfo=zone)])
                frozen = (1,) if answer == [1] else answer
                # The types of datetime are each interpreter's own on 3.12: nothing of them is frozen.
                self.assertEqual((l[0], symplast.freeze(l[1])), ((1, (frozen,)), frozen))

    def test_gives_one_object_wherever_the_original_is_met(self):
        calls = []

        def default(o):
            calls.append(o)
            return vars(o)

        one = Thing(a=1)
        one.me = one
        with self.pool(default).allocating():
            l = List([[one, {"again": one}]])[0]
            self.assertIs(l[0], l[1]["again"])
            self.assertIs(l[0]["me"], l[0])
            self.assertEqual(len(calls), 1)
            symplast.delete(l[0])

    def test_that_fails_leaves_the_structure_as_it_was(self):
        def default(o):
            raise LookupError("no idea")

        with self.pool(default).allocating():
            d = Dict(a=1)
            with self.assertRaisesRegex(LookupError, "no idea") as caught:
                d["k"] = [{"x": Thing()}]
            self.assertEqual(caught.exception.__notes__, ["while storing d['k'][0]['x']"])
            self.assertEqual(d, {"a": 1})
        for answer, message in ((lambda o: o, r"d\['k'\]: Thing was returned by default\(\) itself"),
                                (lambda o: Thing(), r"d\['k'\]: Thing came after 100 answers")):
            with self.pool(answer).allocating():
                d = Dict()
                with self.assertRaisesRegex(symplast.NotShareableError, message):
                    d["k"] = Thing()
                self.assertEqual(len(d), 0)

    def test_that_nests_for_ever_ends(self):
        for answer in (lambda o: [Thing()], lambda o: {"a": Thing()}, lambda o: {"a": [[Thing()]]}):
            pool = self.pool(answer)
            with pool.allocating():
                d = Dict()
                with self.assertRaisesRegex(RecursionError, r"d\['k'\].*default\(\)"):
                    d["k"] = Thing()
                self.assertEqual((len(d), pool.stats().live), (0, {"Dict": 1}))

    def test_may_nest_deep_and_wide(self):
        def default(o):
            return [Thing(n=o.n - 1)] if o.n else "end"

        with self.pool(default).allocating():
            l = List([Thing(n=900) for _ in range(3)] + [Thing(n=0)] * 3000)
            for _ in range(900):
                l = l[0]
            self.assertEqual(l[0], "end")

    def test_is_an_attribute_of_each_interpreter_s_pool(self):
        pool = self.pool(None)
        self.assertIsNone(pool.default)
        with pool.allocating():
            d = Dict()
        pool.default = str
        self.assertIs(pool.default, str)
        d["a"] = decimal.Decimal(1)
        pool.default = None
        with self.assertRaises(symplast.NotShareableError):
            d["a"] = decimal.Decimal(2)
        pool.default = repr
        del pool.default
        self.assertIsNone(pool.default)
        for wrong in (1, "str"):
            with self.assertRaisesRegex(TypeError, "default must be callable or None, not"):
                pool.default = wrong
            with self.assertRaisesRegex(TypeError, "default must be callable or None, not"):
                symplast.Pool(default=wrong)
        with self.assertRaisesRegex(TypeError, "multiple values for argument 'default'"):
            symplast.Pool("x", None, str, default=str)
        self.assertEqual(d, {"a": "1"})
        pool.delete()
        with self.assertRaises(symplast.DeletedError):
            pool.default = str
        pool.default = None

    def test_goes_with_the_pool(self):
        for end in (lambda pool: pool.delete(), lambda pool: pool.__exit__(None, None, None),
                    lambda pool: setattr(pool, "default", None)):
            def default(o):
                return str(o)

            pool = self.pool(default)
            gone = weakref.ref(default)
            del default
            self.assertIsNotNone(gone())
            end(pool)
            gc.collect()
            self.assertIsNone(gone())

    def test_of_another_interpreter_is_named_as_the_cure(self):
        def work(pool, d, own):
            from decimal import Decimal

            if own:
                pool.default = str
            messages = []
            for store in (lambda: d.__setitem__("w", Decimal(1)), lambda: pool.freeze([Decimal(1)])):
                try:
                    store()
                except symplast.NotShareableError as e:
                    messages.append(str(e))
            return messages, d.get("w")

        pool = self.pool(str)
        with pool.allocating():
            d = Dict()
        with symplast.InterpreterPoolExecutor(1) as executor:
            messages, stored = executor.submit(work, pool, d, False).result()
            self.assertEqual((len(messages), stored), (2, None))
            for message in messages:
                self.assertRegex(message, "Decimal cannot be (shared|frozen): the default of pool 'default' is another "
                                 "interpreter's, .* sets pool.default itself")
            self.assertEqual(executor.submit(work, pool, d, True).result(), ([], "1"))

    def test_may_do_anything_meanwhile(self):
        pool = self.pool(None)
        with pool.allocating():
            l = List([1, 2])

        def default(o):
            pool.default = None
            l.clear()
            gc.collect()
            return o.answer

        pool.default = default
        l.append(Thing(answer="x"))
        self.assertEqual(l, ["x"])

        def delete(o):
            pool.delete()
            return [o.answer]

        pool.default = delete
        with self.assertRaises(symplast.DeletedError):
            l.append([Thing(answer="x"), 2])

    def test_is_not_asked_about_keys(self):
        with self.pool(str).allocating():
            d = Dict()
            with self.assertRaisesRegex((symplast.NotShareableError, TypeError), "key"):
                d["k"] = {Thing(): 1}
