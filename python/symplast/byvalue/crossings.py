"""Warns of large plain data that cross again and again: arguments, and globals that are pickled for task after task.

On a usual machine, pickling and unpickling a megabyte of small objects takes 20 to 50 ms, and comparing 32 MB of them as long. A
task that does nothing takes 0.03 ms.
"""

import itertools
import os
import warnings
import weakref

from symplast import _symplast
from symplast.byvalue.forms import ATOMS
from symplast.byvalue.tasks import parts_of

# The size of the pickle from which data are large, if they are pickled each time, and if they are only compared.
LARGE = 1 << 20
LARGE_TO_COMPARE = 1 << 25

# At which crossing the warning is given.
_LIMIT = 4

# More entries than this are forgotten all at once.
_MOST = 1024


class LargeDataWarning(RuntimeWarning):
    """Plain data of a megabyte or more are pickled for each task, or 32 MB are compared for each, to find changes: freeze them.

    Given once for each argument of a function, and for each global and closure variable, when it crosses for the fourth time.
    """

    __module__ = "symplast"


# Messages of warnings that have not been given yet.
pending = []

# What has crossed: [the number of times, the look of the object] by key.
_seen = {}

# The arguments that were warned of.
_told = set()

_SMALL = ATOMS - {str, bytes}


def note_value(key, value, where, size, how="pickled"):
    """Note that the value of a global or a closure variable was pickled or compared.

    *key* identifies the variable for as long as the program runs. If it is None, the value tells whether it is another one.
    """
    if _has_come_often(*((key, None) if key is not None else ((where, id(value)), value))):
        pending.append(_message(where, size, how))


def note_task(fn, args, kwargs, pickle):
    """Note the parts of a task whose pickle is large. pickle(value) returns the pickle of a value."""
    for where, value in parts_of(fn, args, kwargs):
        if type(value) in _SMALL or _symplast.is_shared(value) or where in _told:
            continue
        if not _has_come_often((where, id(value)), value):
            continue
        # The object has been pickled often before, so another time does no harm.
        size = len(pickle(value))
        if size >= LARGE:
            _told.add(where)
            pending.append(_message(where, size, "pickled"))


def warn():
    """Give the warnings that are pending, at the line that called this package."""
    while pending:
        warnings.warn(pending.pop(0), LargeDataWarning, skip_file_prefixes=(_PACKAGE,))


_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep


def _message(where, size, how):
    return (f"{where} ({size / 1e6:,.1f} MB) is {how} for each task; symplast.freeze() it once, then it crosses by pointer, or "
            "keep it in a live symplast.Dict or List if it changes")


def _has_come_often(key, value):
    # True only once for each key.
    if len(_seen) > _MOST:
        _seen.clear()
    entry = _seen.setdefault(key, [0, None])
    if value is not None and not _is_still(entry[1], value):
        entry[:] = 0, _look_of(value)
    entry[0] += 1
    return entry[0] == _LIMIT


def _is_still(look, value):
    # Whether the object at an address is the one that had this look, and not a later one.
    if isinstance(look, weakref.ref):
        return look() is value
    return look == _look_of(value)


def _look_of(value):
    # Built-in containers have no weak references. Different ones that follow each other at one address hardly have the same
    # number of items and begin with the same ones.
    try:
        return weakref.ref(value)
    except TypeError:
        pass
    if isinstance(value, (str, bytes, bytearray)):
        return len(value), value[:64], value[-64:]
    if isinstance(value, dict):
        return len(value), *[_glimpse(each) for pair in tuple(itertools.islice(value.items(), 4)) for each in pair]
    if isinstance(value, (list, tuple)):
        return len(value), *map(_glimpse, value[:8])
    return type(value)


def _glimpse(value):
    return value if type(value) in (int, float) else hash(value) if type(value) in (str, bytes) else id(value)
