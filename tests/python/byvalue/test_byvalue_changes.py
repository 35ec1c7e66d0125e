"""A definition is sent again as it is for as long as nothing in it has changed, and never when something has."""

import collections
import enum
import gc
import random
import unittest

import child
import symplast
from replicas import Worker, program
from symplast import _symplast, byvalue, transport


class Color(enum.Enum):
    RED = 1


class Point:
    def __init__(self, x):
        self.x = x


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
}


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

    def test_records_are_of_no_other_use(self):
        record = _symplast._contents([1], ())
        self.assertTrue(_symplast._holds_contents(record, record) is False)
        for wrong in (None, 5, [], object()):
            with self.assertRaises(ValueError):
                _symplast._holds_contents(wrong, [])
        for wrong in ((), ([],), ([], []), ([], None), ([], (), ())):
            with self.assertRaises(TypeError):
                _symplast._contents(*wrong)
        self.assertIsNone(_symplast._contents(object(), ()))
        self.assertIsNone(_symplast._contents([object()], (int,)))


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
