"""Keys of any class: what equals a key of a Dict, Set or SortedDict finds it, as in a dict; nested ones; elements of a List."""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import sys
import unittest
import uuid

import symplast
from symplast import Dict, List, Set, SortedDict

import child
import live_blocks

Decimal = decimal.Decimal
Fraction = fractions.Fraction


class Like:
    """Equal to a value, with its hash, and nothing else of it."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value == other

    def __hash__(self):
        return hash(self.value)

    def __repr__(self):
        return f"Like({self.value!r})"


class Measure(Like):
    """The same with what numbers have."""

    def __float__(self):
        return float(self.value)

    def __int__(self):
        return int(self.value)


class Exact(Like):
    def __index__(self):
        return self.value


class Real(float):
    pass


class Compared(float):
    def __eq__(self, other):
        return float(self) == other

    def __hash__(self):
        return float.__hash__(self)


class Name(str):
    pass


class AnyCase(str):
    def __eq__(self, other):
        return str.lower(self) == other

    def __hash__(self):
        return hash(str.lower(self))


class Number(enum.IntEnum):
    ONE = 1


class Plain(enum.Enum):
    ONE = 1


class Sets(frozenset):
    def __iter__(self):
        raise AssertionError("called")


@dataclasses.dataclass(frozen=True)
class Record:
    number: int


Point = collections.namedtuple("Point", "x y")

NUMBERS = [
    0, 1, -1, -2, 3.0, 0.5, -0.75, 0.1, 1e300, -1e-300, 5e-324, 2**48, 2**52, -(2**55), 2**60, 2**61 - 1, 2**61, 2**64 + 1,
    -(2**70), float(2**80), 10**400, float("inf"), float("-inf"),
]
TEXTS = ["", "abc", "é", "日本語", "\ud800", "x" * 1000]
BYTES = [b"", b"abc", bytes(1000)]
TUPLES = [(1, 0.5), (2, 0.25), ((1,), 2), (3, -1e300, 2**70)]
OTHERS = [None, ..., 1.5 + 2j, ("abc", b"abc"), frozenset({1, "abc"}), (1, frozenset({2})), (None,)]

# What equals one of the above, or nothing.
PROBES = [
    *(Like(value) for value in NUMBERS + TEXTS + BYTES + TUPLES + OTHERS),
    *(Measure(value) for value in NUMBERS if value != 10**400),
    *(Exact(value) for value in NUMBERS if isinstance(value, int)),
    *(Decimal(value) for value in NUMBERS),
    *(Fraction(value) for value in NUMBERS if value not in (float("inf"), float("-inf"))),
    *(Real(value) for value in NUMBERS if isinstance(value, float)),
    *(Compared(value) for value in NUMBERS if isinstance(value, float)),
    *(complex(value) for value in NUMBERS if value != 10**400),
    *(Name(value) for value in TEXTS),
    *(AnyCase(value.upper()) for value in TEXTS),
    *(tuple(map(Like, value)) for value in TUPLES),
    Number.ONE, (Number.ONE, Real(0.5)), (Number.ONE, Compared(0.5)), (Decimal(1), Fraction(1, 2)), (True, 0.5 + 0j),
    Point(1, 0.5), Point(Number.ONE, Decimal("0.5")), ((1 + 0j,), Number.ONE + 1),
    (Name("abc"), memoryview(b"abc")), memoryview(b"abc"), Sets({1, "abc"}), frozenset({Decimal(1), "abc"}),
    Sets({Number.ONE, Name("abc")}), (1, Sets([Decimal(2)])), (Like(None),),
    # Nothing has these.
    Like(17), Like("other"), Like(b"other"), Like((9, 9)), Like(0.3), Like(1e-310), Like(frozenset()), Measure(0.3), Exact(5),
    Decimal("0.1"), Decimal("0.3"), Fraction(1, 3), Decimal("1e400") + 1,
    Decimal("1e999999"), Decimal("1e-400"), Decimal("nan"), Fraction(2**3000), 0.3 + 0j, 1 + 1j, Plain.ONE, Record(1),
    uuid.UUID(int=1), pathlib.Path("abc"), datetime.date(2024, 1, 1), object(),
    print, range(3), Record, list[int], (Decimal(1), Fraction(1, 3)), (Record(1), 0.5), (object(), 0.5), (Number.ONE, Like(0.3)),
    frozenset({Record(1)}), frozenset({object()}), AnyCase("abd"), Name("abd"),
]  # fmt: skip


class Case(live_blocks.NothingLeftMixin, unittest.TestCase):
    def assertSameFinds(self, ours, plain):
        for probe in PROBES:
            self.assertEqual(probe in ours, probe in plain, probe)
        self.assertNotIn(Like("-"), ours)


class Mappings(Case):
    def check(self, kind, keys):
        plain = {key: str(i) for i, key in enumerate(keys)}
        ours = kind(plain)
        self.assertSameFinds(ours, plain)
        self.assertSameFinds(ours.keys(), plain.keys())
        for probe in PROBES:
            self.assertEqual(ours.get(probe, "none"), plain.get(probe, "none"), probe)
            self.assertEqual(self.answer(lambda: ours[probe]), self.answer(lambda: plain[probe]), probe)
            self.assertEqual(ours.compare_exchange(probe, plain.get(probe, "none"), "new"), probe in plain, probe)
            if probe in plain:
                value = plain[probe]
                self.assertEqual(ours.setdefault(probe, 5), "new", probe)
                ours.compare_exchange(probe, "new", value)
                self.assertEqual((probe, value) in ours.items(), True, probe)
                key = next(key for key in plain if key == probe)
                self.assertEqual(ours.pop(probe), value, probe)
                self.assertEqual(len(ours), len(plain) - 1)
                ours[key] = value
                del ours[probe]
                self.assertNotIn(key, ours)
                ours[key] = value
            else:
                self.assertEqual(ours.pop(probe, "none"), "none", probe)
                with self.assertRaises(KeyError):
                    del ours[probe]
        self.assertTrue(ours == plain)

    @staticmethod
    def answer(get):
        try:
            return get()
        except KeyError as e:
            return id(e.args[0])

    def test_in_a_dict_whatever_equals_a_key_finds_it(self):
        self.check(Dict, NUMBERS + TEXTS + BYTES + TUPLES + OTHERS)

    def test_in_a_dict_of_one_kind_of_keys(self):
        for keys in (NUMBERS, TEXTS, BYTES, TUPLES, OTHERS, [1], ["abc"], [None], [2**70]):
            self.check(Dict, keys)

    def test_in_a_sorted_dict(self):
        # Python has no order for all of the tuples.
        for keys in (NUMBERS, TEXTS, BYTES, [key for key in TUPLES if key != ((1,), 2)]):
            self.check(SortedDict, keys)

    def test_in_a_dict_that_was_filled_at_once_or_copied(self):
        import copy

        plain = dict.fromkeys([*range(20), (1, 2), 2**70])
        for d in (Dict(plain), copy.copy(Dict(plain)), copy.deepcopy(Dict(plain)), List([plain])[0], Dict.fromkeys(plain),
                  Dict() | plain):
            self.assertIn(Like((1, 2)), d)
            self.assertIn(Like(2**70), d)
            self.assertIn(Like(7), d)

    def test_storing_such_keys_is_refused_by_name(self):
        for kind in (Dict, SortedDict):
            d = kind({1: "one"})
            for probe in (Decimal(1), Decimal(2), Like(1), Like("x"), (Decimal(1),), Number.ONE):
                for store in (lambda: d.__setitem__(probe, 1), lambda: d.add(probe, 1), lambda: d.update({probe: 1})):
                    with self.assertRaisesRegex(TypeError, "Decimal|Like|tuple|Number"):
                        store()
            self.assertEqual(d, {1: "one"})

    def test_ranges_of_a_sorted_dict_take_what_has_a_place_among_its_keys(self):
        d = SortedDict({1: "a", 2.5: "b", 4: "c"})
        self.assertEqual(d.floor(Decimal("2.5")), (2.5, "b"))
        self.assertEqual(d.higher(Fraction(5, 2)), (4, "c"))
        self.assertEqual(list(d.irange(Number.ONE, Compared(3.5))), [1, 2.5])
        for bound in (1 + 0j, 1j, Decimal("0.1"), Like("x"), None, object()):
            for search in (d.floor, d.ceiling, d.lower, d.higher, d.irange, lambda o: d.irange(None, o)):
                # None is no bound at all for irange().
                if bound is not None or search in (d.floor, d.ceiling, d.lower, d.higher):
                    with self.assertRaisesRegex(TypeError, "the keys of (a|this) SortedDict are numbers"):
                        search(bound)

    def test_the_hash_of_a_class_decides_first_as_in_a_dict(self):
        class Other(Like):
            def __hash__(self):
                return 12345

        for keys in (NUMBERS, TEXTS, TUPLES):
            d = Dict.fromkeys(keys)
            for key in keys:
                self.assertNotIn(Other(key), d)

    def test_what_comparing_raises_is_raised(self):
        class Bad(Like):
            def __eq__(self, other):
                raise ZeroDivisionError

            __hash__ = Like.__hash__

        for key in (1, 0.5, 2**70, "a", b"a", None, (1, 2)):
            d = Dict({key: 1})
            for operation in (lambda: Bad(key) in d, lambda: d.get(Bad(key)), lambda: d.pop(Bad(key), None),
                              lambda: Bad(key) in Set([key]), lambda: Set([key]).discard(Bad(key))):
                self.assertRaises(ZeroDivisionError, operation)

    def test_comparing_may_change_what_is_searched(self):
        for key in (1, "a", (1, 2)):
            for spoil in (Dict.clear, symplast.delete, lambda d: d.update(dict.fromkeys(range(100, 1100)))):
                d = Dict({key: 1})

                class Spoiler(Like):
                    def __eq__(self, other):
                        if not self.spoiled:
                            self.spoiled = True
                            spoil(d)
                        return self.value == other

                    __hash__ = Like.__hash__

                probe = Spoiler(key)
                probe.spoiled = False
                try:
                    self.assertIn(d.get(probe), (None, 1))
                except symplast.DeletedError:
                    self.assertIs(spoil, symplast.delete)

    def test_in_another_interpreter(self):
        with symplast.InterpreterPoolExecutor(1) as executor:
            d = Dict({1: "one", 0.5: "half", "abc": "text", (1, 2): "pair"})
            found = executor.submit(_found, d).result()
        self.assertEqual(found, ["one", "half", "pair", "text"])


def _found(d):
    from decimal import Decimal
    from fractions import Fraction

    class Text(str):
        def __eq__(self, other):
            return str(self) == other

        def __hash__(self):
            return hash(str(self))

    return [d[Decimal(1)], d[Fraction(1, 2)], d[Decimal(1), Fraction(2)], d[Text("abc")]]


class InSets(Case):
    def test_whatever_equals_a_member_is_one(self):
        members = NUMBERS + TEXTS + BYTES + TUPLES + OTHERS
        plain = set(members)
        s = Set(members)
        self.assertSameFinds(s, plain)
        for probe in PROBES:
            if probe in plain:
                member = next(member for member in members if member == probe)
                s.remove(probe)
                self.assertNotIn(member, s)
                s.add(member)
                s.discard(probe)
                self.assertEqual(len(s), len(plain) - 1)
                s.add(member)
                s -= {probe}
                self.assertNotIn(member, s)
                s.add(member)
            else:
                s.discard(probe)
                with self.assertRaises(KeyError):
                    s.remove(probe)
        self.assertTrue(s == plain)

    def test_operators_with_plain_sets_of_such_members(self):
        others = {Decimal(1), Fraction(1, 2), Like("a"), Like(5)}
        s, plain = Set([1, 0.5, "a", "b"]), {1, 0.5, "a", "b"}
        self.assertEqual(s & others, plain & others)
        self.assertEqual(s - others, plain - others)
        self.assertEqual(s.isdisjoint(others), False)
        self.assertEqual(s.issuperset([Decimal(1), Like("a")]), True)
        self.assertTrue(s == {Decimal(1), Fraction(1, 2), Like("a"), Like("b")})
        s &= others
        self.assertEqual(set(s), {1, 0.5, "a"})
        s ^= {Like("a")}
        self.assertEqual(set(s), {1, 0.5})
        s -= others
        self.assertEqual(set(s), set())

    def test_a_set_is_looked_up_by_its_members_whatever_their_class(self):
        s = Set([frozenset({1, "a"})])
        self.assertIn({Decimal(1), Name("a")}, s)
        self.assertIn({Like(1), "a"}, s)


class InLists(Case):
    def test_elements_are_found_by_all_methods_alike(self):
        elements = NUMBERS + TEXTS + BYTES + TUPLES + OTHERS
        plain = list(elements)
        ours = List(elements)
        for probe in PROBES + elements:
            count = plain.count(probe)
            self.assertEqual(ours.count(probe), count, probe)
            self.assertEqual(probe in ours, count > 0, probe)
            if count:
                at = plain.index(probe)
                self.assertEqual(ours.index(probe), at)
                ours.remove(probe)
                self.assertEqual(len(ours), len(plain) - 1)
                ours.insert(at, plain[at])
            else:
                self.assertRaises(ValueError, ours.index, probe)
                self.assertRaises(ValueError, ours.remove, probe)
        self.assertEqual(list(ours), plain)


DEEP = """
    import sys
    from symplast import Dict, List, Set, SortedDict, AtomicRef, freeze, thaw

    def nested(make):
        inner = make(())
        for _ in range(200_000):
            inner = make((inner,))
        return inner

    class Sub(tuple):
        pass

    deep = nested(tuple)
    refused = 0

    def refuses(operation):
        global refused
        try:
            operation()
        except RecursionError as e:
            assert "nested" in str(e), e
            refused += 1
        else:
            raise AssertionError("not refused")

    def one(o):
        yield o

    class Mapping:
        def keys(self):
            return [deep]

        def __getitem__(self, key):
            return 1
"""


class Deep(unittest.TestCase):
    """Each in a child: CPython 3.12 and 3.13 end a process that hashes such a tuple."""

    def test_keys_of_mappings(self):
        child.run(
            DEEP
            + """
    for kind in Dict, SortedDict:
        for d in kind(), kind({(1,): 1}):
            for key in deep, nested(Sub), (1, deep), freeze(deep), slice(deep, 1), list[deep]:
                if key.__class__ is slice and sys.version_info < (3, 12):
                    continue
                for operation in (
                    lambda: key in d, lambda: d.get(key), lambda: d[key], lambda: d.__setitem__(key, 1), lambda: d.pop(key, 1),
                    lambda: d.setdefault(key, 1), lambda: d.__delitem__(key), lambda: d.add(key, 1),
                    lambda: d.compare_exchange(key, 1, 2), lambda: key in d.keys(), lambda: (key, 1) in d.items(),
                ):
                    refuses(operation)
            for operation in (
                lambda: kind.fromkeys([deep]), lambda: kind([(deep, 1)]), lambda: kind(one((deep, 1))), lambda: kind([[deep, 1]]),
                lambda: d.update([(deep, 1)]), lambda: d.update(one([deep, 1])), lambda: kind(Mapping()),
                lambda: d.update(Mapping()),
                lambda: d.__setitem__((2,), deep), lambda: d.keys() & [deep],
            ):
                refuses(operation)
            assert deep not in d.values()
    for search in "floor", "ceiling", "lower", "higher", "irange":
        refuses(lambda: getattr(d, search)(deep))
    assert refused > 100
    """
        )

    def test_members_of_sets(self):
        child.run(
            DEEP
            + """
    s = Set([1, (2,)])
    for name in "add", "discard", "remove", "__contains__":
        refuses(lambda: getattr(s, name)(deep))
    for name in ("update intersection_update difference_update symmetric_difference_update union intersection difference "
                 "symmetric_difference isdisjoint issubset issuperset".split()):
        refuses(lambda: getattr(s, name)([deep]))
        refuses(lambda: getattr(s, name)(one(deep)))
    refuses(lambda: Set([deep]))
    refuses(lambda: Set(one(deep)))
    inner = frozenset({1})
    for _ in range(3000):
        inner = frozenset({inner})
    refuses(lambda: inner in s)
    refuses(lambda: s.add(inner))
    """
        )

    def test_elements_and_values(self):
        child.run(
            DEEP
            + """
    l = List([1, (2,), "x"])
    for store in lambda: l.append(deep), lambda: l.extend([deep]), lambda: l.__setitem__(0, deep), lambda: l.insert(
            0, deep), lambda: List([deep]), lambda: AtomicRef(deep), lambda: Dict(a=[{"b": deep}]):
        refuses(store)
    assert deep not in l and l.count(deep) == 0
    for search in l.index, l.remove:
        try:
            search(deep)
        except ValueError:
            pass
    frozen = freeze([deep, {1: deep}])
    assert type(thaw(frozen)) is list
    l.append(frozen)
    """
        )
