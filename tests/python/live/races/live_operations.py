"""Random operations on live objects and their models, and recording them. Workers import this module, so it imports little."""

import copy
import operator
import os
import random
import time
from collections import namedtuple

import symplast

# run(o, *arguments) works on a live object and on its model; arguments(dice) makes random ones.
Kind = namedtuple("Kind", "run arguments")

# How keys and values are stored: in a word, or as counted blobs.
FLAVOURS = ("words", "text", "large")

_HOT = 6


class Dice:
    """Random arguments: a few keys and values that are met again and again, and the others of an object of this size."""

    def __init__(self, seed, flavour, size):
        self._random = random.Random(seed)
        self._flavour = flavour
        self._size = max(size, _HOT)
        self.choices = self._random.choices
        self.randrange = self._random.randrange

    def index(self):
        return self._random.randrange(_HOT if self._random.random() < 0.8 else self._size)

    def key(self):
        return key(self._flavour, self.index())

    def number(self):
        return self._random.randrange(4)

    def value(self):
        return value(self._flavour, self.number())

    def name(self):
        return f"a{self.index()}"


def key(flavour, n):
    """The n-th key."""
    return f"key {n:04}" if flavour == "text" else n + 2**60 if flavour == "large" else n


def value(flavour, n):
    """The n-th value."""
    return f"value {n}" if flavour == "text" else n + 2**61 if flavour == "large" else n


def contents(kind, flavour, size):
    """What an object of that size is made of."""
    if kind in ("Dict", "SortedDict"):
        return {key(flavour, i): value(flavour, i % 4) for i in range(size)}
    if kind == "Set":
        return [key(flavour, i) for i in range(size)]
    return [value(flavour, i % 4) for i in range(size)]


def _none(dice):
    return ()


def _key(dice):
    return (dice.key(),)


def _key_value(dice):
    return dice.key(), dice.value()


def _index(dice):
    return (dice.index(),)


def _place(dice):
    return (dice.randrange(-3, 3),)


def _index_value(dice):
    return dice.index(), dice.value()


def _value(dice):
    return (dice.value(),)


def _text(o):
    """What is in the parentheses of repr(), which of a deleted object still answers, otherwise."""
    text = repr(o)
    if text.startswith("<"):
        raise symplast.DeletedError
    return text[text.index("(") + 1 : -1] if symplast.is_shared(o) else text


def _copied(o):
    return list((copy.copy(o) if symplast.is_shared(o) else o).items())


def _name(dice):
    return (dice.name(),)


def _number(dice):
    return (dice.number(),)


def _delete(o):
    symplast.delete(o) if symplast.is_shared(o) else o.delete()


def _add(o, name, n):
    return symplast.add(o, name, n) if symplast.is_shared(o) else o.add(name, n)


def _compare_exchange(o, name, expected, new):
    return symplast.compare_exchange(o, name, expected, new) if symplast.is_shared(o) else o.compare_exchange(name, expected, new)


def _attributes(o):
    return list(symplast.thaw(o).items()) if symplast.is_shared(o) else list(o.content())


_OF_ONE_KEY = {
    "get": Kind(lambda d, k: d.get(k, "none"), _key),
    "item": Kind(operator.getitem, _key),
    "in": Kind(operator.contains, _key),
    "set": Kind(operator.setitem, _key_value),
    "del": Kind(operator.delitem, _key),
    "pop": Kind(lambda d, k: d.pop(k), _key),
    "pop or": Kind(lambda d, k: d.pop(k, "none"), _key),
    "setdefault": Kind(lambda d, k, v: d.setdefault(k, v), _key_value),
    "add": Kind(lambda d, k, n: d.add(k, n), lambda dice: (dice.key(), dice.number())),
    "compare_exchange": Kind(lambda d, k, old, new: d.compare_exchange(k, old, new),
                             lambda dice: (dice.key(), dice.value(), dice.value())),
}

_OF_A_MAP = {
    **_OF_ONE_KEY,
    "len": Kind(len, _none),
    "keys": Kind(list, _none),
    "items": Kind(lambda d: list(d.items()), _none),
    "values": Kind(lambda d: list(d.values()), _none),
    "copy": Kind(lambda d: list(d.copy().items()), _none),
    "copied": Kind(_copied, _none),
    "thaw": Kind(lambda d: list(symplast.thaw(d).items()) if symplast.is_shared(d) else list(d.items()), _none),
    "repr": Kind(_text, _none),
    "equal": Kind(lambda d, other: d == dict(other),
                  lambda dice: (tuple((dice.key(), dice.value()) for _ in range(dice.randrange(3))),)),
    "reversed": Kind(lambda d: list(reversed(d.keys())), _none),
    "popitem": Kind(lambda d: d.popitem(), _none),
    "clear": Kind(lambda d: d.clear(), _none),
}

OPERATIONS = {
    "Dict": {**_OF_A_MAP, "popitem first": Kind(lambda d: d.popitem(last=False), _none)},
    "SortedDict": {
        **_OF_A_MAP,
        "first": Kind(lambda d: d.first(), _none),
        "last": Kind(lambda d: d.last(), _none),
        "peekitem": Kind(lambda d, i: d.peekitem(i), _place),
        "pop_first": Kind(lambda d: d.pop_first(), _none),
        "pop_last": Kind(lambda d: d.pop_last(), _none),
        "popitem index": Kind(lambda d, i: d.popitem(i), _place),
        "floor": Kind(lambda d, k: d.floor(k), _key),
        "lower": Kind(lambda d, k: d.lower(k), _key),
        "ceiling": Kind(lambda d, k: d.ceiling(k), _key),
        "higher": Kind(lambda d, k: d.higher(k), _key),
        "irange": Kind(lambda d, low, high: list(d.irange(low, high)), lambda dice: (dice.key(), dice.key())),
    },
    "List": {
        "append": Kind(lambda s, x: s.append(x), _value),
        "extend": Kind(lambda s, x: s.extend([x, x, x]), _value),
        "insert": Kind(lambda s, i, x: s.insert(i, x), _index_value),
        "pop": Kind(lambda s: s.pop(), _none),
        "pop first": Kind(lambda s: s.pop(0), _none),
        "pop index": Kind(lambda s, i: s.pop(i), _index),
        "remove": Kind(lambda s, x: s.remove(x), _value),
        "item": Kind(operator.getitem, _place),
        "set": Kind(operator.setitem, _index_value),
        "del": Kind(operator.delitem, _index),
        "len": Kind(len, _none),
        "list": Kind(list, _none),
        "copy": Kind(lambda s: s.copy(), _none),
        "copied": Kind(lambda s: list(copy.copy(s)), _none),
        "repr": Kind(_text, _none),
        "equal": Kind(lambda s, other: s == list(other), lambda dice: (tuple(dice.value() for _ in range(dice.randrange(3))),)),
        "less": Kind(lambda s, other: s < list(other), lambda dice: (tuple(dice.value() for _ in range(dice.randrange(3))),)),
        "times": Kind(lambda s: s * 2, _none),
        "reversed": Kind(lambda s: list(reversed(s)), _none),
        "slice": Kind(lambda s, i, j: s[i:j], lambda dice: (dice.index(), dice.randrange(20))),
        "stride": Kind(lambda s: s[::-2], _none),
        "set slice": Kind(lambda s, i, x, n: operator.setitem(s, slice(i, i + 2), [x] * n),
                          lambda dice: (*_index_value(dice), dice.randrange(4))),
        "del slice": Kind(lambda s, i: operator.delitem(s, slice(i, i + 2)), _index),
        "in": Kind(operator.contains, _value),
        "count": Kind(lambda s, x: s.count(x), _value),
        "index": Kind(lambda s, x: s.index(x), _value),
        "reverse": Kind(lambda s: s.reverse(), _none),
        "sort": Kind(lambda s: s.sort(), _none),
        "clear": Kind(lambda s: s.clear(), _none),
        "add": Kind(lambda s, i, n: s.add(i, n), lambda dice: (dice.index(), dice.number())),
        "compare_exchange": Kind(lambda s, i, old, new: s.compare_exchange(i, old, new),
                                 lambda dice: (*_index_value(dice), dice.value())),
    },
    "Set": {
        "add": Kind(lambda s, x: s.add(x), _key),
        "discard": Kind(lambda s, x: s.discard(x), _key),
        "remove": Kind(lambda s, x: s.remove(x), _key),
        "pop": Kind(lambda s: s.pop(), _none),
        "clear": Kind(lambda s: s.clear(), _none),
        "in": Kind(operator.contains, _key),
        "len": Kind(len, _none),
        "list": Kind(list, _none),
        "copy": Kind(lambda s: s.copy(), _none),
        "copied": Kind(lambda s: list(copy.copy(s) if symplast.is_shared(s) else s), _none),
        "repr": Kind(_text, _none),
        "or": Kind(lambda s, x: s | {x}, _key),
        "and": Kind(lambda s, x: s & {x}, _key),
        "issuperset": Kind(lambda s, x, y: s.issuperset((x, y)), lambda dice: (dice.key(), dice.key())),
        "equal": Kind(lambda s, x: s == {x}, _key),
    },
    "Object": {
        "get": Kind(getattr, _name),
        "set": Kind(setattr, lambda dice: (dice.name(), dice.value())),
        "del": Kind(delattr, _name),
        "has": Kind(hasattr, _name),
        "add": Kind(_add, lambda dice: (dice.name(), dice.number())),
        "compare_exchange": Kind(_compare_exchange, lambda dice: (dice.name(), dice.value(), dice.value())),
        "attributes": Kind(_attributes, _none),
    },
    "AtomicInt": {
        "get": Kind(lambda a: a.value, _none),
        "set": Kind(lambda a, n: setattr(a, "value", n), _number),
        "add": Kind(lambda a, n: a.add(n), _number),
        "exchange": Kind(lambda a, n: a.exchange(n), _number),
        "compare_exchange": Kind(lambda a, old, new: a.compare_exchange(old, new), lambda dice: (dice.number(), dice.number())),
    },
    "AtomicRef": {
        "get": Kind(lambda a: a.value, _none),
        "set": Kind(lambda a, x: setattr(a, "value", x), _value),
        "exchange": Kind(lambda a, x: a.exchange(x), _value),
        "compare_exchange": Kind(lambda a, old, new: a.compare_exchange(old, new), lambda dice: (dice.value(), dice.value())),
    },
    "Queue": {
        "put": Kind(lambda q, x: q.put_nowait(x), _value),
        "put soon": Kind(lambda q, x: q.put(x, timeout=0.0001), _value),
        "get": Kind(lambda q: q.get_nowait(), _none),
        "get soon": Kind(lambda q: q.get(timeout=0.0001), _none),
        "qsize": Kind(lambda q: q.qsize(), _none),
        "empty": Kind(lambda q: q.empty(), _none),
        "full": Kind(lambda q: q.full(), _none),
        "task_done": Kind(lambda q: q.task_done(), _none),
        "unfinished": Kind(lambda q: q.unfinished_tasks, _none),
        "is_shutdown": Kind(lambda q: q.is_shutdown, _none),
        "shutdown": Kind(lambda q: q.shutdown(), _none),
        "shutdown now": Kind(lambda q: q.shutdown(immediate=True), _none),
    },
}

# What concerns one key or attribute, the first argument: of these a history is linearizable if that of each key is.
OF_ONE_KEY = {"Dict": tuple(_OF_ONE_KEY), "SortedDict": tuple(_OF_ONE_KEY),
              "Object": tuple(name for name in OPERATIONS["Object"] if name != "attributes")}

for _kinds in OPERATIONS.values():
    _kinds["delete"] = Kind(_delete, _none)


def program(kind, names, dice, length):
    """Random operations of these names: pairs of a name and arguments.

    What ends or empties all is rare, or there would be nothing else to see.
    """
    weights = [{"delete": 0.03, "clear": 0.2, "shutdown": 0.03, "shutdown now": 0.02}.get(name, 1) for name in names]
    return [(name, OPERATIONS[kind][name].arguments(dice)) for name in dice.choices(names, weights, k=length)]


def outcome(function, *arguments):
    """The result of an operation, as a value that can be compared."""
    try:
        return "value", function(*arguments)
    except Exception as error:
        return "raised", type(error).__name__


def wait_for(arrived, workers):
    """Returns when as many have arrived; arrived is an AtomicInt that counts on, from one meeting to the next."""
    mine = arrived.add(1)
    everyone = -(-mine // workers) * workers
    while arrived.value < everyone:
        os.sched_yield()


def record(kind, names, objects, worker, seed, length, arrived, workers, ticks):
    """
    Performs a program on each of objects, triples (object, flavour, size), all workers at once. Returns lists of (invoked,
    responded, name, arguments, result). The clock is ticks, an AtomicInt, or if that is None the machine's, whose reading orders
    nothing.
    """
    clock = time.perf_counter_ns if ticks is None else lambda: ticks.add(1)
    histories = []
    for number, (o, flavour, size) in enumerate(objects):
        dice = Dice(f"{seed} {number} {worker}", flavour, size)
        steps = [(OPERATIONS[kind][name].run, name, arguments) for name, arguments in program(kind, names, dice, length)]
        history = []
        wait_for(arrived, workers)
        for run, name, arguments in steps:
            invoked = clock()
            result = outcome(run, o, *arguments)
            responded = clock()
            history.append((invoked, responded, name, arguments, result))
        histories.append(history)
    return histories


def add_in_two_steps(counter, arrived, ticks):
    """What is no operation: reads, waits until another one has read as well, and writes. Recorded as if it were one."""
    invoked = ticks.add(1)
    before = counter.value
    wait_for(arrived, 2)
    counter.value = before + 1
    return invoked, ticks.add(1), "add", (1,), ("value", before + 1)
