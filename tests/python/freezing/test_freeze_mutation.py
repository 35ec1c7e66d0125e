"""Code that runs in the middle of a freeze and changes what is being frozen: detected under default=, and never a crash."""

import collections
import gc
import unittest

import symplast
from fixtures import new_pool
from graphs import assert_frozen


class Thing:
    pass


class OwnList(list):
    pass


class OwnSet(set):
    pass


def _set(table, items):
    for key, value in items.items():
        table[key] = value


def _replace_last(table):
    table.popitem()
    table["new"] = 1


def _refill(container):
    """Empties a container and fills it with as much of something else: it often gets the same memory again."""
    size = len(container)
    container.clear()
    for i in range(size):
        _set(container, {f"other {i}": i}) if isinstance(container, dict) else container.add(f"other {i}")


LIST_CHANGES = {
    "append": lambda o: o.append(1),
    "clear": lambda o: o.clear(),
    "pop": lambda o: o.pop(),
    "pop first": lambda o: o.pop(0),
    "replace": lambda o: o.__setitem__(0, "new"),
    "replace last": lambda o: o.__setitem__(-1, "new"),
    "swap": lambda o: o.reverse(),
    "grow much": lambda o: o.extend(range(10_000)),
}
DICT_CHANGES = {
    "add": lambda o: _set(o, {"new": 1}),
    "delete first": lambda o: o.pop(next(iter(o))),
    "delete last": lambda o: o.popitem(),
    "clear": lambda o: o.clear(),
    "new value": lambda o: _set(o, {next(iter(o)): "new"}),
    "new value of the last": lambda o: _set(o, {next(reversed(o)): "new"}),
    "replace last": _replace_last,
    "move first to the end": lambda o: _set(o, {next(iter(o)): o.pop(next(iter(o)))}),
    "delete and add": lambda o: [o.pop(next(iter(o))), _set(o, {"new": 1})] and None,
    "refill": _refill,
    "grow much": lambda o: _set(o, dict.fromkeys(range(1000))),
    "other kind of key": lambda o: _set(o, {5.5: 1}),
}
SET_CHANGES = {
    "add": lambda o: o.add("new"),
    "discard": lambda o: o.discard("text 1"),
    "pop": lambda o: o.pop(),
    "clear": lambda o: o.clear(),
    "exchange": lambda o: o.discard("text 1") or o.add("new"),
    "refill": _refill,
    "grow much": lambda o: o.update(range(1000)),
}
ARRAY_CHANGES = {
    "append": lambda o: o.append(1),
    "clear": lambda o: o.clear(),
    "replace": lambda o: o.__setitem__(0, 255),
    "resize": lambda o: o.extend(bytes(10_000)),
}


def victims(trigger, size):
    """Containers with a trigger at every place, the first and last included, and how to change them."""
    for place in sorted({0, 1, size // 2, size - 1}):
        items = [f"text {i}" for i in range(size - 1)]
        items.insert(place, trigger)
        for kind in (list, OwnList):
            yield place, kind(items), LIST_CHANGES
        pairs = [(f"key {i}", item) for i, item in enumerate(items)]
        for kind in (dict, collections.OrderedDict, collections.Counter, lambda p: collections.defaultdict(list, p)):
            yield place, kind(pairs), DICT_CHANGES
        yield place, {i: item for i, item in enumerate(items)}, DICT_CHANGES
        yield place, {item: i for i, item in enumerate(items)}, DICT_CHANGES
    for kind in (set, OwnSet):
        yield 0, kind([f"text {i}" for i in range(size - 1)] + [trigger]), SET_CHANGES


class TestDefaultThatMutates(unittest.TestCase):
    def setUp(self):
        self.pool = new_pool(self, "mutation")

    def assert_detected(self, value, change, answer="answer"):
        before = self.pool.stats()
        with self.assertRaisesRegex(RuntimeError, "changed while it was being frozen"):
            self.pool.freeze(value, default=lambda o: change() or answer)
        self.assertEqual(self.pool.stats(), before)

    def assert_detected_or_harmless(self, value, change):
        """
        A change may go unnoticed if it only concerns what had not been read yet: then what comes out is what is there at the end.
        """
        before = self.pool.stats()
        try:
            frozen = self.pool.freeze(value, default=lambda o: change() or "answer")
        except RuntimeError as error:
            self.assertIn("changed while it was being frozen", str(error))
            self.assertEqual(self.pool.stats(), before)
        else:
            now = self.pool.freeze(value, default=lambda o: "answer")
            self.assertEqual(frozen, now)
            if isinstance(value, dict):
                self.assertEqual(list(frozen.items()), list(now.items()))

    def test_container_of_the_object_itself(self):
        for size in (2, 5, 40):
            for number, (place, victim, changes) in enumerate(victims(Thing(), size)):
                for name in changes:
                    _, fresh, _ = list(victims(Thing(), size))[number]
                    with self.subTest(f"{name} in {type(victim).__name__} of {size} at {place}"):
                        self.assert_detected_or_harmless(fresh, lambda: changes[name](fresh) and None)

    def test_container_that_was_finished_before(self):
        for _, victim, changes in victims("text", 5):
            for name in changes:
                fresh = victim.copy()
                with self.subTest(f"{name} in {type(victim).__name__}"):
                    self.assert_detected([fresh, Thing()], lambda: changes[name](fresh) and None)

    def test_container_further_out(self):
        for _, victim, changes in victims("text", 5):
            if isinstance(victim, set):
                continue
            for name in changes:
                fresh = victim.copy()
                fresh[2 if isinstance(fresh, list) else list(fresh)[2]] = [(Thing(),)]
                with self.subTest(f"{name} in {type(victim).__name__}"):
                    self.assert_detected_or_harmless(fresh, lambda: changes[name](fresh) and None)

    def test_bytearray(self):
        for name, change in ARRAY_CHANGES.items():
            array = bytearray(b"array")
            with self.subTest(name):
                self.assert_detected([array, Thing()], lambda: change(array))

    def test_instance_dictionary(self):
        thing, other = Thing(), Thing()
        thing.a, thing.b, thing.c = 1, other, [2]
        for change in (lambda: setattr(thing, "a", 5), lambda: setattr(thing, "new", 5), lambda: delattr(thing, "c")):
            with self.assertRaisesRegex(RuntimeError, "changed while it was being frozen"):
                self.pool.freeze(vars(thing), default=lambda o: change() or 7)
            vars(thing).clear()
            thing.a, thing.b, thing.c = 1, other, [2]

    def test_answer_that_is_used_again_with_other_contents(self):
        for buffer, change in (([], lambda o: o.append(len(o))), ({}, lambda o: o.update({len(o): 1})),
                               (set(), lambda o: o.add(len(o)))):
            self.assert_detected([Thing(), Thing()], lambda: change(buffer), buffer)

    def test_change_that_was_undone_is_none(self):
        value = [1, Thing(), {"k": 2}]

        def default(o):
            value.append(3)
            value.pop()
            value[2]["k"] = 5
            value[2]["k"] = 2
            return "answer"

        self.assertEqual(self.pool.freeze(value, default=default), (1, "answer", {"k": 2}))

    def test_change_of_what_is_met_later_is_none(self):
        later = [1]
        frozen = self.pool.freeze([Thing(), later], default=lambda o: later.append(2) or "answer")
        self.assertEqual(frozen, ("answer", (1, 2)))

    def test_default_that_drops_the_object_it_is_asked_about(self):
        for container in ([Thing(), 1], {"k": Thing(), "l": 1}, [[Thing()]]):
            with self.assertRaisesRegex(RuntimeError, "changed"):
                self.pool.freeze(container, default=lambda o: container.clear() or gc.collect() and None)

    def test_default_that_replaces_the_object_it_is_asked_about(self):
        value = [Thing(), 1]
        with self.assertRaisesRegex(RuntimeError, "changed"):
            self.pool.freeze(value, default=lambda o: value.__setitem__(0, "new") or [gc.collect()])


class Meddler(type):
    """Class of tuple classes that run code when they are asked whether they are named tuples."""

    action = None

    def __getattr__(cls, name):
        if name == "_fields" and Meddler.action is not None:
            action, Meddler.action = Meddler.action, None
            action()
        raise AttributeError(name)


class MeddlingTuple(tuple, metaclass=Meddler):
    def __hash__(self):
        return 7


class TestOtherCodeThatMutates(unittest.TestCase):
    """Without default= nothing is compared at the end: a change may go unnoticed, but what comes out is whole."""

    def setUp(self):
        self.pool = new_pool(self, "mutation")
        self.addCleanup(setattr, Meddler, "action", None)

    def check(self, value, action):
        before = self.pool.stats()
        Meddler.action = action
        try:
            frozen = self.pool.freeze(value)
        except RuntimeError as error:
            self.assertIn("changed while it was being frozen", str(error))
            self.assertEqual(self.pool.stats(), before)
        else:
            assert_frozen(self, frozen, self.pool)
            if isinstance(value, dict):
                self.assertEqual([frozen[key] for key in frozen], list(frozen.values()))
                self.assertEqual(len(set(frozen)), len(frozen))
                copy = dict(frozen)
                copy.update((f"more {i}", i) for i in range(50))
                self.assertFalse(any(f"missing {i}" in copy for i in range(100)))
            elif isinstance(value, set):
                self.assertTrue(all(member in frozen for member in frozen))
                self.assertFalse(any(f"missing {i}" in frozen for i in range(100)))
        self.assertIsNone(Meddler.action)

    def test_container_of_the_object_itself(self):
        for size in (2, 5, 6, 40):
            for number, (place, victim, changes) in enumerate(victims(MeddlingTuple("t"), size)):
                for name in changes:
                    _, fresh, _ = list(victims(MeddlingTuple("t"), size))[number]
                    with self.subTest(f"{name} in {type(victim).__name__} of {size} at {place}"):
                        self.check(fresh, lambda: changes[name](fresh) and None)

    def test_everything_dropped_in_the_middle(self):
        for make in (lambda t: [t, 1], lambda t: {"k": t, "l": 1}, lambda t: {t: 1}, lambda t: {t}, lambda t: [[[t], 1], 1],
                     lambda t: [{"k": {t}}]):
            value = make(MeddlingTuple(["part", ("of", "it", 10**20)]))
            self.check(value, lambda: value.clear() or gc.collect() and None)

    def test_ordered_dict_whose_keys_run_code(self):
        class Key(tuple):
            def __hash__(self):
                if Key.action is not None:
                    action, Key.action = Key.action, None
                    action()
                return 5

            action = None

        for change in (lambda: value.clear(), lambda: value.append(1), lambda: value[1].clear(), lambda: value[1].popitem()):
            value = ["text", collections.OrderedDict([("a", 1), (Key((1,)), 2), ("b", 3)]), "end"]
            Key.action = change
            try:
                frozen = self.pool.freeze(value)
            except RuntimeError as error:
                self.assertRegex(str(error), "changed while it was being frozen|mutated during iteration")
            except KeyError:
                continue
            else:
                assert_frozen(self, frozen, self.pool)
