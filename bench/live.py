"""Live objects against their plain counterparts, in one interpreter."""

import threading
from collections.abc import Callable, Iterable
from functools import partial

import symplast

import data
from harness import Bar, Run, benchmark, cpu_seconds
from reading import by_get, by_key, contains, equal, iterate, iterate_items, search, twin

GET_ITEM, SET_ITEM = Bar(2.0), Bar(1.5)
GET_ATTRIBUTE, SET_ATTRIBUTE = Bar(3.0), Bar(2.5)


def compare(run: Run, name: str, work: Callable, ours: tuple, theirs: tuple, *, bar: Bar | None = None, rival: str = "dict",
            theirs_do: Callable | None = None) -> None:
    """Calls two copies of a function, one with the live object and one with the plain one."""
    shared, plain = twin(work), twin(theirs_do or work)
    our_samples, their_samples = run.turns(
        name, lambda: cpu_seconds(shared, *ours), lambda: cpu_seconds(plain, *theirs), seconds=1.5, least=9, most=200)
    run.row(name, our_samples, rival, their_samples, bar=bar)


@benchmark("Dict: one key")
def one_key(run: Run) -> None:
    words = data.strings(1_000)
    keys = [equal(word) for word in words] * 50
    numbers = list(range(1_000)) * 50
    plain = {word: i for i, word in enumerate(words)}
    shared = symplast.Dict(plain)
    counted, counted_shared = {i: i for i in range(1_000)}, symplast.Dict((i, i) for i in range(1_000))
    compare(run, "d[str]", by_key, (shared, keys), (plain, keys), bar=GET_ITEM)
    compare(run, "d[int]", by_key, (counted_shared, numbers), (counted, numbers), bar=GET_ITEM)
    compare(run, "d[str] of 8 keys", by_key, (symplast.Dict(list(plain.items())[:8]), keys[:8] * 5_000),
            (dict(list(plain.items())[:8]), keys[:8] * 5_000), bar=GET_ITEM)
    tuples, pairs = {(i, word): i for i, word in enumerate(words)}, [(i, equal(word)) for i, word in enumerate(words)] * 20
    compare(run, "d[int, str]", by_key, (symplast.Dict(tuples), pairs), (tuples, pairs))
    compare(run, "key in d", contains, (shared, keys), (plain, keys), bar=GET_ITEM)
    compare(run, "d.get(key)", by_get, (shared, keys), (plain, keys), bar=GET_ITEM)
    compare(run, "d[str] = int", set_number, (shared, keys), (plain, keys), bar=SET_ITEM)
    compare(run, "d[int] = int", set_number, (counted_shared, numbers), (counted, numbers), bar=SET_ITEM)
    compare(run, "d[str] = str", set_text, (shared, keys), (plain, keys), bar=SET_ITEM)
    compare(run, "d[str] where that is a str", by_key, (symplast.Dict({word: word for word in words}), keys),
            ({word: word for word in words}, keys))
    compare(run, "d[str] where that is a float", by_key, (symplast.Dict.fromkeys(words, 1.5), keys),
            (dict.fromkeys(words, 1.5), keys))
    compare(run, "d.add(key, 1)", add_to_key, (symplast.Dict.fromkeys(words, 0), keys), (dict.fromkeys(words, 0), keys),
            rival="d[key] += 1 of a dict", theirs_do=increase_key)
    compare(run, "set and delete a key", set_and_delete, (symplast.Dict(), keys), ({}, keys))
    compare(run, "len(d)", lengths, (shared,), (plain,))


@benchmark("Dict: the whole")
def the_whole(run: Run) -> None:
    words = data.strings(1_000)
    plain = {word: i for i, word in enumerate(words)}
    shared = symplast.Dict(plain)
    few = dict(list(plain.items())[:4])
    compare(run, "for key in d, 1,000 keys", iterate, (shared,), (plain,))
    compare(run, "for key, value in d.items()", iterate_items, (shared,), (plain,))
    compare(run, "Dict()", create, (symplast.Dict,), (dict,))
    compare(run, "Dict of 4 items", create_from, (symplast.Dict, few), (dict, few))
    compare(run, "Dict of 1,000 items", create_large, (symplast.Dict, plain), (dict, plain))
    child, child_shared = {"child": {}}, symplast.Dict(child={})
    keep = child_shared["child"]
    compare(run, "d['child'], whose handle exists", fetch_key, (child_shared,), (child,), bar=GET_ITEM)
    del keep
    compare(run, "d['child'], a new handle", fetch_key, (child_shared,), (child,))


class Point(symplast.Object):
    """A class with declared fields, whose values are checked."""

    x: int = 0
    child: symplast.Object | None = None

    def method(self):
        return 1


class PlainPoint:
    """The plain counterpart, in one interpreter."""

    def __init__(self, x=0, child=None):
        self.x = x
        self.child = child

    def method(self):
        return 1


class Loose(symplast.Object):
    """A class without declared fields, which takes any attribute."""


class PlainLoose:
    """The plain counterpart, in one interpreter."""


@benchmark("Object")
def objects(run: Run) -> None:
    versus = partial(compare, run, rival="an object")
    ours, theirs = Point(7), PlainPoint(7)
    versus("o.x", get_attribute, (ours,), (theirs,), bar=GET_ATTRIBUTE)
    versus("o.x = int", set_attribute, (ours,), (theirs,), bar=SET_ATTRIBUTE)
    versus("o.method()", call_method, (ours,), (theirs,))
    versus("symplast.add(o, 'x', 1)", add_to_attribute, (ours,), (theirs,), rival="o.x += 1", theirs_do=increase_attribute)
    loose, plain_loose = Loose(), PlainLoose()
    loose.x = plain_loose.x = 7
    versus("o.x, not declared", get_attribute, (loose,), (plain_loose,), bar=GET_ATTRIBUTE)
    versus("o.x = int, not declared", set_attribute, (loose,), (plain_loose,), bar=SET_ATTRIBUTE)
    versus("Class(7)", create_point, (Point,), (PlainPoint,))
    parent, plain_parent = Point(0, Point()), PlainPoint(0, PlainPoint())
    keep = parent.child
    versus("o.child, whose handle exists", get_child, (parent,), (plain_parent,), bar=GET_ATTRIBUTE)
    del keep
    versus("o.child, a new handle", get_child, (parent,), (plain_parent,))


@benchmark("List")
def lists(run: Run) -> None:
    versus = partial(compare, run, rival="list")
    numbers = [i * 3 for i in range(1_000)]
    shared = symplast.List(numbers)
    places = list(range(1_000)) * 50
    versus("l[i]", by_key, (shared, places), (numbers, places))
    versus("l[i] = int", set_number, (symplast.List(numbers), places), (numbers[:], places))
    versus("l.append(int), 1,000 times", append_often, (symplast.List,), (list,))
    versus("append and pop", append_and_pop, (symplast.List(numbers),), (numbers[:],))
    versus("for x in l, 1,000 elements", iterate, (shared,), (numbers,))
    versus("x in l", search, (shared,), (numbers,))
    versus("l[100:200]", slices, (shared,), (numbers,))
    versus("l.sort() of 1,000", sort_lists, (symplast.List, numbers[::-1]), (list, numbers[::-1]))
    versus("List()", create, (symplast.List,), (list,))
    versus("List of 1,000 elements", create_large, (symplast.List, numbers), (list, numbers))


@benchmark("Set")
def sets(run: Run) -> None:
    versus = partial(compare, run, rival="set")
    words = data.strings(1_000)
    members = [equal(word) for word in words] * 50
    others = [word + "?" for word in words] * 50
    shared, plain = symplast.Set(words), set(words)
    versus("x in s", contains, (shared, members), (plain, members))
    versus("x not in s", contains, (shared, others), (plain, others))
    versus("s.add and s.discard", add_and_discard, (symplast.Set(words), others), (set(words), others))
    versus("for x in s, 1,000 members", iterate, (shared,), (plain,))
    versus("Set of 1,000 members", create_large, (symplast.Set, words), (set, words))


@benchmark("atomics")
def atomics(run: Run) -> None:
    counter, plain = symplast.AtomicInt(), PlainPoint(0)
    versus = partial(compare, run, rival="o.x of an object")
    versus("AtomicInt.add(1)", add_to_counter, (counter,), (plain,), rival="o.x += 1", theirs_do=increase_attribute)
    versus("AtomicInt.add(1)", add_to_counter, (counter,), (plain, threading.Lock()), rival="o.x += 1 under a Lock",
           theirs_do=increase_under_lock)
    versus("AtomicInt.value", get_value, (counter,), (plain,), theirs_do=get_attribute)
    versus("AtomicRef.value of an int", get_value, (symplast.AtomicRef(7),), (plain,), theirs_do=get_attribute)
    versus("AtomicRef.value = int", set_value, (symplast.AtomicRef(7),), (plain,), theirs_do=set_attribute)


TIMES = range(50_000)


def set_number(container, keys: Iterable):
    for key in keys:
        container[key] = 7


def set_text(d, keys):
    for key in keys:
        d[key] = "a short text"


def add_to_key(d, keys):
    for key in keys:
        d.add(key, 1)


def increase_key(d, keys):
    for key in keys:
        d[key] += 1


def set_and_delete(d, keys):
    for key in keys:
        d[key] = 7
        del d[key]


def lengths(d):
    for _ in TIMES:
        len(d)


def create(kind):
    for _ in range(10_000):
        kind()


def create_from(kind, items):
    for _ in range(5_000):
        kind(items)


def create_large(kind, items):
    for _ in range(20):
        kind(items)


def fetch_key(d):
    for _ in TIMES:
        d["child"]


def get_attribute(o):
    for _ in TIMES:
        o.x


def set_attribute(o):
    for _ in TIMES:
        o.x = 7


def call_method(o):
    for _ in TIMES:
        o.method()


def add_to_attribute(o):
    for _ in TIMES:
        symplast.add(o, "x", 1)


def increase_attribute(o):
    for _ in TIMES:
        o.x += 1


def increase_under_lock(o, lock):
    for _ in TIMES:
        with lock:
            o.x += 1


def create_point(kind):
    for _ in range(10_000):
        kind(7)


def get_child(o):
    for _ in TIMES:
        o.child


def append_often(kind):
    for _ in range(20):
        elements = kind()
        for i in range(1_000):
            elements.append(i)


def append_and_pop(elements):
    for i in TIMES:
        elements.append(i)
        elements.pop()


def slices(elements):
    for _ in range(2_000):
        elements[100:200]


def sort_lists(kind, elements):
    for _ in range(20):
        kind(elements).sort()


def add_and_discard(members, others):
    for other in others:
        members.add(other)
        members.discard(other)


def add_to_counter(counter):
    for _ in TIMES:
        counter.add(1)


def get_value(cell):
    for _ in TIMES:
        cell.value


def set_value(cell):
    for _ in TIMES:
        cell.value = 7
