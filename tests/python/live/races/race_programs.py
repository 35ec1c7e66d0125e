"""
The programs of CPython's test.test_free_threading for live objects: one function for each test, with what its threads did in
interpreters. Workers import this module, so it imports little. A function that returns something found a fault.
"""

import bisect
import copy
import os
import time

import symplast

ITERATIONS = 200


def started(arrived, count):
    """A barrier: returns when all have come; arrived is an AtomicInt that counts on."""
    mine = arrived.add(1)
    everyone = -(-mine // count) * count
    while arrived.value < everyone:
        os.sched_yield()


def race(arrived, count, function, *arguments):
    """Runs a function when all have come."""
    started(arrived, count)
    return function(*arguments)


class C(symplast.Object):
    """What the lists hold."""

    v: int


class Fields(symplast.Object):
    """Declared attributes."""

    a00: str = ""
    a01: str = ""
    a02: str = ""
    a03: str = ""


class Open(symplast.Object):
    """Any attributes, and a method."""

    def getvalue(self):
        return 1


class Slots(symplast.Object):
    """One declared attribute."""

    x: int = 0


# test_dict


def write_names(objects, name, current, processed):
    """racing_creation: sets one attribute of each object, all writers on the same one at a time."""
    last = -1
    while True:
        now = current.value
        if now == len(objects):
            return
        if now == last:
            os.sched_yield()
            continue
        setattr(objects[now], name, name)
        last = now
        processed.append(name)


def get_and_set_attributes(o):
    names = ["x"] if isinstance(o, Slots) else [f"attr_{i}" for i in range(10)]
    for name in names * 10:
        getattr(o, name, None)
        setattr(o, name, 99)


def get_and_set(d):
    for _ in range(ITERATIONS):
        d[10] = 0
        d.get(10, None)
        d[10]


def clear_and_update(d, items):
    for _ in range(ITERATIONS):
        d.clear()
        d.update(items)


def look_up(d, items):
    for _ in range(ITERATIONS):
        for key, value in items.items():
            if d.get(key, value) != value:
                return key


def set_and_clear_attributes(o):
    for _ in range(ITERATIONS):
        o.x = 1
        o.y = 2
        o.z = 3
        for name in "xyz":
            delattr(o, name)


def read_attribute(o):
    for _ in range(ITERATIONS):
        if getattr(o, "x", 1) != 1:
            return o.x


def delete_and_set_attributes(o, names):
    for _ in range(ITERATIONS // 6):
        for i, name in enumerate(names):
            delattr(o, name)
            setattr(o, name, [i])


def delete_and_set_items(d, names):
    for _ in range(ITERATIONS // 6):
        for i, name in enumerate(names):
            del d[name]
            d[name] = [i]


def pop_and_set_items(d, names):
    for _ in range(ITERATIONS // 6):
        for i, name in enumerate(names):
            d.pop(name, None)
            d[name] = [i]


def clear_and_set_items(d, names):
    for _ in range(ITERATIONS // 6):
        d.clear()
        for i, name in enumerate(names):
            d[name] = [i]


def iterate(d, view, names):
    """Sees only what was there at some time, each once; unlike a dict, it never fails."""
    for _ in range(ITERATIONS // 2):
        seen = list(getattr(d, view)())
        keys = {"keys": lambda: seen, "items": lambda: [key for key, _ in seen],
                "values": lambda: [names[value[0]] for value in seen]}[view]()
        if len(set(keys)) != len(keys) or not set(keys) <= set(names):
            return seen
        if view == "items" and any(names[value[0]] != key for key, value in seen):
            return seen


def iterate_attributes(o, names):
    for _ in range(ITERATIONS // 2):
        for name, value in symplast.thaw(o).items():
            if value != [names.index(name)]:
                return name, value


def update_attribute(o):
    for _ in range(ITERATIONS * 10):
        o.x = 1
        del o.x


def call_method(o):
    for _ in range(ITERATIONS * 10):
        if o.getvalue() != 1:
            return "another method"


def new_objects(box):
    for i in range(ITERATIONS):
        o = Open()
        box.value = o
        setattr(o, str(i), 1)


def get_states(box):
    for _ in range(ITERATIONS):
        copied = symplast.thaw(copy.copy(box.value))
        if any(value != 1 for value in copied.values()) or len(copied) > 1:
            return copied


def empty_the_pair(pair, done):
    for i in range(ITERATIONS * 3):
        pair.clear()
        pair.extend((f"key {i}", f"value {i}"))
    done.value = 1


def update_from_the_pair(pair, done):
    while not done.value:
        for make in (dict, symplast.Dict):
            try:
                ((key, value),) = make([pair]).items()
            except ValueError:
                continue
            if key[4:] != value[6:]:
                return key, value


# test_list


def append_all(items, count, extend):
    for i in range(count):
        if extend:
            items.extend([C(i + count)])
        else:
            items.append(C(i + count))


def read_all(items, count):
    while True:
        length, i = len(items), -1
        for i, x in enumerate(items):
            if x.v != i + count:
                return i, x.v
        if i + 1 < length:
            return i, length
        if length == count:
            return


def copy_back_and_forth(items):
    for _ in range(ITERATIONS):
        items[0] = items[1]
        items[1] = items[0]


def reverse(items):
    for _ in range(ITERATIONS):
        items.reverse()


def read_reversed(items):
    for _ in range(ITERATIONS):
        for i in range(10):
            if not 0 <= items[i] < 10:
                return items[i]
        if list(items) not in ([*range(10)], [*range(9, -1, -1)]):
            return "torn"


def assign_slice(items, key, values):
    for _ in range(ITERATIONS):
        items[key] = values


def read_slice(items, key, values):
    before = [*range(10)][key]
    for _ in range(ITERATIONS):
        for i, old, new in zip(range(10)[key], before, values):
            if items[i] not in (old, new):
                return i, items[i]
        if items[key] not in (before, values):
            return "torn"


def append_and_pop(items):
    for _ in range(ITERATIONS):
        items.append(1)
        items.pop()


def size(items):
    for _ in range(ITERATIONS):
        items.__sizeof__()


# test_set


def clear(s):
    s.clear()


def represent(s):
    return repr(s)


def contains(s, size, done):
    while not done.value:
        for i in range(size):
            if (i >> 1) not in s and size + (i >> 1) in s:
                return "what was never added"


def mutate_set(s, size, done):
    for _ in range(ITERATIONS // 3):
        s.clear()
        for j in range(size):
            s.add(j)
        for j in range(size):
            s.discard(j)
        s.__iand__(set(range(10, 20)))
    done.value = 1


# test_races


def truth(box):
    for _ in range(ITERATIONS):
        bool(box.value)


def change_truth(box, full, empty):
    for _ in range(ITERATIONS):
        for each in (full, empty):
            box.value = each
            time.sleep(0)


def set_field(c):
    for _ in range(ITERATIONS):
        for i in range(10):
            c.x = i
        if not 0 <= c.x < 10:
            return c.x


def change_class(c):
    """Changes the class, which is this interpreter's own, while others set the field."""
    field = type(c).__dict__.get("x")
    for _ in range(ITERATIONS):
        type(c).x = property(lambda self: "mine", lambda self, x: None)
        c.x = 77
        if c.x != "mine":
            return c.x
        if field is None:
            del type(c).x
        else:
            type(c).x = field
        if not 0 <= c.x < 10:
            return c.x


# test_iteration


def count_items(shared):
    return sum(1 for _ in shared)


def mutate_list(items, length, done):
    original = items[:]
    replacement = (original * 3)[length // 2:]
    while not done.value:
        items.extend(replacement)
        items[:0] = original
        items.__imul__(2)
        items.extend(items)
        items[:] = original


def mutate_map(d, length, done):
    while not done.value:
        for i in range(length // 10):
            d.pop(i, None)
        for i in range(length // 10):
            d[i] = i
        d.update(dict.fromkeys(range(length), 0))


def mutate_members(s, length, done):
    while not done.value:
        for i in range(length // 10):
            s.discard(i)
        for i in range(length // 10):
            s.add(i)
        s |= set(range(length))


def iterate_while_mutated(shared, length, done):
    try:
        for _ in range(20):
            seen = list(shared)
            if not set(seen) <= set(range(length)) or not isinstance(shared, symplast.List) and len(set(seen)) != len(seen):
                return "what was not there"
            # The last ones nobody touches.
            if isinstance(shared, (symplast.Dict, symplast.SortedDict, symplast.Set)) and not set(
                    range(length // 10, length)) <= set(seen):
                return "missed what was there throughout"
    finally:
        done.add(1)


# test_bisect


def insert_sorted(items, right, seed, times):
    for i in range(times):
        x = (seed * 7919 + i * 104729) % (2 * times) - times
        (bisect.insort_right if right else bisect.insort_left)(items, x)


def add_and_exchange(o, times, ended):
    """Adds 1 to an attribute so many times; the exchange finds nothing to do."""
    try:
        for _ in range(times):
            symplast.add(o, "n", 1)
            symplast.compare_exchange(o, "n", -1, 0)
    finally:
        ended.value = 1


def reshape(o, ended):
    """Gives an object another attribute, and takes it away again, until the others have ended."""
    while not ended.value:
        o.other = 1
        del o.other
