"""Looking at frozen graphs from outside: what they are made of, and whether they are what was frozen."""

import builtins
import datetime
import gc
import sys
import types
from collections import OrderedDict, defaultdict

import symplast

FROZEN_DICT = getattr(builtins, "frozendict", types.MappingProxyType)

LEAVES = {
    type(None), bool, int, float, complex, str, bytes, range, type(...), type(NotImplemented),
    datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone,
}
CONTAINERS = {tuple, frozenset, slice, FROZEN_DICT}

# What each original type is once it is frozen; others stay what they are.
FROZEN_TYPE = {
    list: tuple,
    dict: FROZEN_DICT,
    OrderedDict: FROZEN_DICT,
    defaultdict: FROZEN_DICT,
    types.MappingProxyType: FROZEN_DICT,
    set: frozenset,
    bytearray: bytes,
}


def parts(o):
    """The objects that a frozen object refers to."""
    kind = type(o)
    if kind in (tuple, frozenset):
        return list(o)
    if kind is FROZEN_DICT:
        behind = [] if sys.version_info >= (3, 15) else gc.get_referents(o)
        return [*behind, *o.keys(), *o.values()]
    if kind is slice or kind is range:
        return [o.start, o.stop, o.step]
    if kind in (datetime.datetime, datetime.time):
        return [o.tzinfo]
    return []


def walk(root):
    """Every object of a frozen graph, once each. Iterative: graphs may be deep."""
    seen = {id(root)}
    todo = [root]
    while todo:
        o = todo.pop()
        yield o
        for part in parts(o):
            if id(part) not in seen:
                seen.add(id(part))
                todo.append(part)


def assert_frozen(test, root, pool):
    """
    Every object of the graph has an allowed type, is no business of the collector, and lies in the pool or in the process's
    static objects.
    """
    allowed = LEAVES | CONTAINERS if sys.version_info >= (3, 15) else LEAVES | CONTAINERS | {dict}
    for o in walk(root):
        owner = symplast.pool_of(o)
        at_home = owner is pool or owner is None and (symplast.is_shared(o) or o is datetime.timezone.utc)
        if not at_home or type(o) not in allowed or gc.is_tracked(o):
            test.fail(f"{type(o).__name__} {o!r:.100} lies in {owner}; tracked: {gc.is_tracked(o)}")


def assert_same(test, original, frozen):
    """
    The frozen graph is the original's, part by part: type, value, order, and which places share one object. An original that is
    met again must have become the same object again.
    """
    copies = {}
    todo = [(original, frozen)]
    while todo:
        a, b = todo.pop()
        if id(a) not in copies:
            copies[id(a)] = b
            todo.extend(_pairs(test, a, b))
        elif copies[id(a)] is not b:
            test.fail(f"{a!r:.100} was copied twice")


def _pairs(test, a, b):
    kind = type(a)
    expected = FROZEN_TYPE.get(kind, kind)
    if type(b) is not expected:
        test.fail(f"{kind.__name__} {a!r:.100} became {type(b).__name__} {b!r:.100}")
    if expected in CONTAINERS and expected is not slice and len(a) != len(b):
        test.fail(f"{a!r:.100} became {b!r:.100}")
    if expected is tuple:
        return list(zip(a, b))
    if expected is FROZEN_DICT:
        pairs = []
        for (key, value), (frozen_key, frozen_value) in zip(a.items(), b.items()):
            if b[frozen_key] is not frozen_value or "nan" not in canonical(key) and b.get(key) is not frozen_value:
                test.fail(f"key {key!r:.100} is not found")
            pairs += [(key, frozen_key), (value, frozen_value)]
        return pairs
    if expected is frozenset:
        if not all(member in b for member in b):
            test.fail(f"a member of {b!r:.100} is not found")
        ours, theirs = _by_text(a), _by_text(b)
        if ours.keys() != theirs.keys():
            test.fail(f"{a!r:.100} became {b!r:.100}")
        return [(ours[text], theirs[text]) for text in ours if ours[text] is not None]
    if expected in (slice, range):
        return [(a.start, b.start), (a.stop, b.stop), (a.step, b.step)]
    if canonical(a) != canonical(b):
        test.fail(f"{a!r:.100} became {b!r:.100}")
    return []


def _by_text(members):
    """The members of a set by their canonical text; None where several share one, which only NaN makes possible."""
    result = {}
    for member in members:
        text = canonical(member)
        result[text] = None if text in result else member
    return result


def canonical(o):
    """A text that is the same for equal immutable values of one type, NaN and the order of sets included."""
    if type(o) is tuple:
        return "(" + ",".join(map(canonical, o)) + ")"
    if type(o) is frozenset:
        return "{" + ",".join(sorted(map(canonical, o))) + "}"
    if type(o) is slice:
        return "slice" + canonical((o.start, o.stop, o.step))
    if isinstance(o, (bytes, bytearray)):
        return "b" + o.hex()
    if type(o) is int:
        return hex(o)
    return f"{type(o).__name__} {o!r}"
