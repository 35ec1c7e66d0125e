"""A definition is sent again as it is for as long as nothing in it has changed, and never when something has."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import gc
import pathlib
import pickle
import random
import re
import typing
import unittest
import uuid

import child
import symplast
from replicas import Worker, program
from symplast import _symplast, byvalue, transport
from symplast.byvalue import parts


class Color(enum.Enum):
    RED = 1


class Point:
    def __init__(self, x):
        self.x = x


class Slots:
    __slots__ = ("x", "_Slots__hidden", "unset")

    def __init__(self, x):
        self.x = x


class Mixed(Slots):
    def __init__(self, x):
        super().__init__(x)
        self.y = [x]


class Words(dict):
    pass


class Stack(list):
    __slots__ = ("top",)


class Pair(typing.NamedTuple):
    left: object
    right: object


class Named(Pair):
    pass


@dataclasses.dataclass
class Record:
    name: str
    parts: list


@dataclasses.dataclass(slots=True)
class Slim:
    name: str
    parts: list


class Guarded(Point):
    def __getstate__(self):
        return {"x": self.x}


class Lively(Point):
    def __getattr__(self, name):
        raise AttributeError(name)


class Ending(Point):
    def __del__(self):
        pass


class Upside(dict):
    def items(self):
        return reversed(super().items())


class Offset(datetime.tzinfo):
    def __init__(self):
        self.minutes = 1


def with_attribute(obj, **attributes):
    vars(obj).update(attributes)
    return obj


def five_levels(innermost):
    return {"1": [Record("2", [({"3": Slots(Mixed(innermost))},)])]}


def fifth(value):
    return value["1"][0].parts[0][0]["3"].x.x


def nested(depth):
    value = [1.5]
    for _ in range(depth):
        value = {"inner": (value, "text"), 7: [value]}
    return value


def innermost(value):
    while isinstance(value, dict):
        value = value[7][0]
    return value


def cyclic():
    value = [1, {}]
    value[1]["self"] = value
    return value


def swap(value):
    value[0], value[1] = value[1], value[0]


def move_to_end(value):
    value["a"] = value.pop("a")


CHANGES = {
    "an item of a list": (lambda: [10_000, 20_000], lambda v: v.__setitem__(0, 10_001)),
    "the order of a list": (lambda: ["x", "y"], swap),
    "the length of a list": (lambda: [1] * 100, lambda v: v.append(1)),
    "a list that is emptied": (lambda: [1], lambda v: v.clear()),
    "a value of a dict": (lambda: {"a": 1.5}, lambda v: v.__setitem__("a", 2.5)),
    "a key of a dict": (lambda: {"a": 1, "b": 2}, lambda v: v.__setitem__("c", v.pop("b"))),
    "the order of a dict": (lambda: {"a": 1, "b": 2}, move_to_end),
    "a member of a set": (lambda: {1, 2}, lambda v: (v.discard(1), v.add(3))),
    "a set with one more": (lambda: set(range(100)), lambda v: v.add("x")),
    "a list in a tuple": (lambda: (1, ([],)), lambda v: v[1][0].append(None)),
    "a list deep inside": (lambda: nested(50), lambda v: innermost(v).append(2.5)),
    "a list in a circle": (cyclic, lambda v: v[1].__setitem__("k", b"bytes")),
    "a bytearray": (lambda: [bytearray(b"abc")], lambda v: v[0].__setitem__(0, 120)),
    "an attribute of an object": (lambda: [Point(1)], lambda v: setattr(v[0], "x", 2)),
    "a list in an object": (lambda: {"p": Point([])}, lambda v: v["p"].x.append(1)),
    "a defaultdict": (lambda: [collections.defaultdict(list)], lambda v: v[0]["k"].append(1)),
    "an enum member": (lambda: [Color.RED, 1], lambda v: v.pop()),
    "a dict beside a function": (lambda: {"f": nested, "n": [0]}, lambda v: v["n"].append(1)),
    "the type of an equal number": (lambda: [1], lambda v: v.__setitem__(0, True)),
    "a list below five levels": (lambda: five_levels([1]), lambda v: fifth(v).append(2)),
    "an object below five levels": (lambda: five_levels(Point(1)), lambda v: setattr(fifth(v), "x", 2)),
    "an array below five levels": (lambda: five_levels(array.array("i", [1])), lambda v: fifth(v).__setitem__(0, 2)),
    "a slot": (lambda: [Slots(1)], lambda v: setattr(v[0], "x", 2)),
    "a slot that was not set": (lambda: [Slots(1)], lambda v: setattr(v[0], "unset", 2)),
    "a slot that is unset": (lambda: [Slots(1)], lambda v: delattr(v[0], "x")),
    "a private slot": (lambda: [Slots(1)], lambda v: setattr(v[0], "_Slots__hidden", 2)),
    "an inherited slot": (lambda: [Mixed(1)], lambda v: setattr(v[0], "x", 2)),
    "an attribute beside slots": (lambda: [Mixed(1)], lambda v: v[0].y.append(2)),
    "a new attribute": (lambda: [Mixed(1)], lambda v: setattr(v[0], "z", 2)),
    "an attribute that is deleted": (lambda: [Point(1)], lambda v: delattr(v[0], "x")),
    "the attributes as a whole": (lambda: [Point(1)], lambda v: setattr(v[0], "__dict__", {"x": 2})),
    "the class of an object": (lambda: [Point(1)], lambda v: setattr(v[0], "__class__", Other)),
    "a field of a dataclass": (lambda: [Record("a", [])], lambda v: v[0].parts.append(1)),
    "a slot of a dataclass": (lambda: [Slim("a", [])], lambda v: setattr(v[0], "name", "b")),
    "a list in a named tuple": (lambda: [Pair(1, [])], lambda v: v[0].right.append(1)),
    "an attribute of a named tuple": (lambda: [Named(1, 2)], lambda v: setattr(v[0], "more", 1)),
    "an item of a dict of one's own": (lambda: [Words(a=1)], lambda v: v[0].update(a=2)),
    "an attribute of such a dict": (lambda: [Words(a=1)], lambda v: setattr(v[0], "x", 1)),
    "what moves from such a dict into its attributes":
        (lambda: [with_attribute(Words({"a": 1, "x": 5}), y=2)], lambda v: setattr(v[0], "x", v[0].pop("x"))),
    "what moves from a list into its slot": (lambda: Stack([1, "top"]), lambda v: setattr(v, "top", v.pop())),
    "the factory of a defaultdict": (lambda: collections.defaultdict(list), lambda v: setattr(v, "default_factory", set)),
    "a Counter": (lambda: [collections.Counter("ab")], lambda v: v[0].update("a")),
    "a deque": (lambda: [collections.deque("ab")], lambda v: v[0].append("a")),
    "the order of an OrderedDict": (lambda: collections.OrderedDict(a=1, b=2), lambda v: v.move_to_end("a")),
    "an array": (lambda: [array.array("d", [1, 2])], lambda v: v[0].__setitem__(1, 3)),
    "the length of an array": (lambda: array.array("d", [1, 2]), lambda v: v.append(1)),
    "a large bytearray": (lambda: bytearray(100_000), lambda v: v.__setitem__(99_999, 1)),
    "a list in a partial": (lambda: functools.partial(len, [1]), lambda v: v.args[0].append(1)),
    "a keyword of a partial": (lambda: functools.partial(len, x=1), lambda v: v.keywords.update(x=2)),
    "a list whose method is there": (lambda: {"add": [1].append}, lambda v: v["add"](2)),
    "an object whose method is there": (lambda: [Point(1).__init__], lambda v: v[0](2)),
    "the state of a time zone":
        (lambda: [datetime.datetime(2020, 1, 1, tzinfo=Offset())], lambda v: setattr(v[0].tzinfo, "minutes", 2)),
    "an object with a __getstate__": (lambda: [Guarded(1)], lambda v: setattr(v[0], "x", 2)),
    "an object with a __getattr__": (lambda: [Lively(1)], lambda v: setattr(v[0], "x", 2)),
    "a dict that tells its items otherwise": (lambda: [Upside(a=1)], lambda v: v[0].update(a=2)),
}

# Values that are compared without pickling, and those that cannot be.
COMPARED = {
    "objects": lambda: [Point(1), Slots(1), Mixed(1), Record("a", []), Slim("a", [])],
    "containers": lambda: [{1}, frozenset([1]), (1, [2]), Words(a=1), Stack([1]), Pair(1, 2), Named(1, 2)],
    "collections": lambda: [collections.defaultdict(list, a=[1]), collections.Counter("a")],
    "buffers": lambda: [bytearray(b"a"), array.array("i", [1])],
    "times": lambda: [datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), datetime.date(2020, 1, 1),
                      datetime.timedelta(1), datetime.time(1)],
    "values": lambda: [decimal.Decimal(1), uuid.UUID(int=1), pathlib.PurePath("a"), re.compile("a"), Color.RED, 1j, range(3)],
    "functions": lambda: [len, nested, [1].append, Point(1).__init__, functools.partial(len, [1]), Point, Color],
    "what is shared": lambda: [symplast.freeze([1, [2]]), symplast.List([1]), symplast.AtomicInt()],
    "cycles": cyclic,
}  # fmt: skip
PICKLED = {
    "a state of its own": lambda: Guarded(1),
    "code for missing attributes": lambda: Lively(1),
    "items of its own": lambda: Upside(a=1),
    "an end that is awaited": lambda: Ending(1),
    "an order that only C knows": lambda: collections.OrderedDict(a=1),
    "state that only C knows": lambda: collections.deque([1]),
    "fields of C under a Python class": lambda: type("Error", (ValueError,), {})(1),
}


class Other(Point):
    pass


class Changes(unittest.TestCase):
    def setUp(self):
        self.main = program(self, "value = None\ndef read(): return value")
        self.sender = byvalue.Sender()

    def version(self):
        return self.sender.reduce(self.main.read)[1][1]

    def test_are_seen_wherever_they_are(self):
        for name, (make, change) in CHANGES.items():
            with self.subTest(name):
                self.main.value = make()
                before = self.version()
                self.assertEqual([self.version() for _ in range(3)], [before] * 3)
                change(self.main.value)
                after = self.version()
                self.assertNotEqual(after, before)
                self.assertEqual([self.version() for _ in range(3)], [after] * 3)

    def test_that_change_nothing_are_none(self):
        self.main.value = value = [1.5, {"k": "text"}]
        before = self.version()
        value[0] = float("1.5")
        value[1] = {"k": "".join(["te", "xt"])}
        self.assertEqual([self.version() for _ in range(3)], [before] * 3)
        value[1]["k"] = "other"
        self.assertNotEqual(self.version(), before)

    def test_by_what_takes_the_place_of_what_is_gone(self):
        # At the same address, most likely.
        self.main.value = value = [[] for _ in range(50)]
        before = self.version()
        for i in range(len(value)):
            value[i] = None
            value[i] = [i]
        self.assertNotEqual(self.version(), before)
        before = self.version()
        value[:] = [[i + 1000] for i in range(len(value))]
        gc.collect()
        self.assertNotEqual(self.version(), before)

    def test_made_at_random(self):
        dice = random.Random(5)
        plain = lambda: dice.choice([0, 1.5, "a", b"b", None, 10**20, (1, [2]), [], {}, {3}])
        self.main.value = value = {i: [plain() for _ in range(3)] for i in range(20)}
        for _ in range(200):
            before, shown = self.version(), repr(value)
            inner = value[dice.choice(list(value))]
            what = dice.randrange(4)
            if what == 0:
                inner.append(plain())
            elif what == 1 and inner:
                inner.pop(dice.randrange(len(inner)))
            elif what == 2:
                value[len(value) + dice.randrange(5)] = [plain()]
            self.assertEqual(self.version() != before, repr(value) != shown)

    def test_of_what_is_frozen_are_not_looked_for(self):
        with symplast.Pool("gone") as pool:
            self.main.value = [pool.freeze(["x"] * 100)]
            before = self.version()
            self.assertEqual(self.version(), before)
        with self.assertRaises(symplast.DeletedError):
            self.version()

    def test_reach_the_worker(self):
        worker = Worker(self)
        self.main.value = value = {"deep": ([1, 2], {3})}
        self.assertEqual(worker(self.main.read), value)
        value["deep"][0].append("more")
        self.assertEqual(worker(self.main.read), value)
        value["deep"][1].add(4)
        self.assertEqual(worker(self.main.read), value)

    def test_below_are_seen_if_a_default_holds_them(self):
        main = program(self, "def read(x=[1], *, y={'k': [1]}): return x, y")
        worker = Worker(self)
        self.assertEqual(worker(main.read), ([1], {"k": [1]}))
        main.read.__defaults__[0].append(2)
        main.read.__kwdefaults__["y"]["k"].append(3)
        self.assertEqual(worker(main.read), ([1, 2], {"k": [1, 3]}))

    def test_are_mostly_found_without_pickling(self):
        for name, make in COMPARED.items():
            with self.subTest(name):
                value, shared = make(), []
                record = parts.contents_of(value, shared)
                self.assertIsNotNone(record)
                self.assertTrue(_symplast._holds_contents(record, value))
                self.assertEqual(len(shared), 3 if name == "what is shared" else 0)
        for name, make in PICKLED.items():
            with self.subTest(name):
                self.assertIsNone(parts.contents_of([make()], []))

    def test_of_objects_are_those_of_their_pickles(self):
        # Whatever changes at random: a record holds exactly if the pickle is the same.
        dice = random.Random(7)
        makers = [Point, Slots, Mixed, lambda x: Record("r", [x]), lambda x: Slim("s", [x]), lambda x: [x],
                  lambda x: {"k": x}, lambda x: Words(k=x), lambda x: (x, [x]), lambda x: Pair(x, [x])]
        for _ in range(300):
            leaves = [[0], bytearray(b"a"), array.array("i", [0])]
            value = dice.choice(leaves)
            for _ in range(dice.randrange(6)):
                value = dice.choice(makers)(value)
            record, before = parts.contents_of(value, []), pickle.dumps(value)
            if dice.random() < 0.5:
                dice.choice(leaves)[0] = 1
            self.assertEqual(_symplast._holds_contents(record, value), pickle.dumps(value) == before)

    def test_records_are_of_no_other_use(self):
        record = _symplast._contents([1], {list: (2,)}, [])
        self.assertTrue(_symplast._holds_contents(record, record) is False)
        for wrong in (None, 5, [], object()):
            with self.assertRaises(ValueError):
                _symplast._holds_contents(wrong, [])
        for wrong in ((), ([],), ([], []), ([], {}), ([], (), []), ([], {}, None), ([], {}, [], [])):
            with self.assertRaises(TypeError):
                _symplast._contents(*wrong)
        self.assertEqual(_symplast._contents([object(), 1j], {list: (2,)}, []), [object, complex])
        for refused in (False, (), (0, None), (0, Point.__init__), 5, [1]):
            self.assertIsNone(_symplast._contents(object(), {object: refused}, []))


class Large(unittest.TestCase):
    """Definitions that lie in the process once, however many messages name them."""

    def test_messages_do_not_hold_them(self):
        main = program(self, "value = {i: str(i) for i in range(50_000)}\ndef read(i): return value[i]")
        sender = byvalue.Sender()
        sizes = [len(transport.send((main.read, (i,), {}), sender)[0]) for i in range(3)]
        self.assertLess(max(sizes), 2000)

    def test_reach_every_worker_as_they_were(self):
        self.assertEqual(child.run("""
            import gc, symplast
            big, arrived = {i: str(i) for i in range(20_000)}, symplast.AtomicInt()
            def look(number):
                arrived.add(1)
                while arrived.value < number: pass
                return len(big), big[7]
            class Thing(symplast.Object):
                def look(self): return big[7]
            with symplast.InterpreterPoolExecutor(3) as executor:
                print(executor.submit(look, 1).result())
                arrived.value = 0
                print({future.result() for future in [executor.submit(look, 3) for _ in range(3)]})
                arrived.value = 0
                waiting = [executor.submit(look, 4) for _ in range(3)] + [executor.submit(look, 0) for _ in range(50)]
                big[7] = "changed"
                later = executor.submit(look, 0)
                gc.collect()
                arrived.add(1)
                print({future.result() for future in waiting}, later.result())
                thing = Thing()
                print(executor.submit(lambda o: o.look(), thing).result(), thing.look())
        """), "(20000, '7')\n{(20000, '7')}\n{(20000, '7')} (20000, 'changed')\nchanged changed\n")

    def test_tickets_of_others_are_refused(self):
        for wrong in (0, 1, -1, 2**62):
            with self.assertRaises(ValueError):
                _symplast._deposited_data(wrong)
        with self.assertRaisesRegex(TypeError, "no parcel is open"):
            _symplast._deposit_data(b"data")
