"""The identity of objects that are sent by value. By its token, an object that is sent again or sent back stays one object.

Each interpreter finds the records of such objects by id and by token. A record lives as long as its object, and does not keep the
object alive.
"""

import itertools
import os
import sys
import weakref

# Tokens and versions are numbers from _ids, in rising order. The bits from SENDER_SHIFT on are random and identify the
# interpreter, so numbers of different interpreters differ.
SENDER_SHIFT = 40
_ids = itertools.count(int.from_bytes(os.urandom(7)) << SENDER_SHIFT)

# The tables of records. They are changed without a lock, by single atomic operations on dicts: between any two of these, a signal
# handler or a finalizer may run and send objects itself.
_by_id = {}
_by_token = {}


def new_id():
    """Return a number that is new in all interpreters of the process."""
    return next(_ids)


class Recent(dict):
    """A cache of (size, value) by token, limited to NUMBER values and BYTES bytes. The oldest values are evicted first.

    Thread-safe.
    """

    NUMBER = 1024
    BYTES = 1 << 24

    def keep(self, token, value, size):
        """Cache a value, and replace an earlier value of the token."""
        self.pop(token, None)
        self[token] = size, value
        # The sum is computed anew each time, because other threads may change the cache. This is cheap compared to making a
        # value.
        total = sum([each for each, _ in tuple(self.values())])
        for oldest in tuple(self):
            if oldest == token or (len(self) <= self.NUMBER and total <= self.BYTES):
                break
            total -= self.pop(oldest, (0,))[0]


class Record(weakref.ref):
    """The record of an object that is sent by value: a weak reference, which leaves the tables when the object dies."""

    __slots__ = ("apart", "foreign", "key", "received", "sent", "shared", "token")
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __new__(cls, obj, token, foreign):
        return super().__new__(cls, obj, _forget)

    def __init__(self, obj, token, foreign):
        super().__init__(obj, _forget)
        self.key = id(obj)
        self.token = token
        self.foreign = foreign
        self.sent = {}
        self.apart = {}
        self.received = {}
        self.shared = ()

    def free(self):
        """Yield the cells and globals that no function has any more, now that the function of this record has died."""
        for shared in self.shared:
            shared.records.discard(self)
            if not shared.records:
                yield shared


class Strong:
    """The record of an object without weak references, such as the sentinel object(). It keeps the object alive for ever."""

    __slots__ = ("foreign", "obj", "token")

    def __init__(self, obj, token, foreign):
        self.obj = obj
        self.token = token
        self.foreign = foreign

    def __call__(self):
        return self.obj


class Shared:
    """The record of a cell, or of a dict of globals that belongs to no module. It lives as long as a function that uses it."""

    __slots__ = ("apart", "foreign", "key", "received", "records", "sent", "token")

    def __init__(self, key, token, foreign):
        self.key = key
        self.token = token
        self.foreign = foreign
        self.sent = {}
        self.apart = {}
        self.received = {}
        self.records = set()

    def __call__(self):
        for record in tuple(self.records):
            fn = record()
            if fn is not None:
                for thing in (*(fn.__closure__ or ()), fn.__globals__):
                    if id(thing) == self.key:
                        return thing
        return None


class _Main:
    """The record of the namespace of `__main__`. In a worker, definitions from the owner fill this namespace."""

    token = 0
    foreign = False

    def __init__(self):
        self.sent = {}
        self.apart = {}
        self.received = {}

    def __call__(self):
        return vars(sys.modules["__main__"])


MAIN = _by_token[0] = _Main()


def _forget(record, by_id=_by_id, by_token=_by_token):
    # Called wherever an object may die, so no lock may be taken. The tables are default arguments, because the module's globals
    # may have been cleared at the end of the interpreter.
    for each in (record, *record.free()):
        if by_id.get(each.key) is each:
            del by_id[each.key]
        if by_token.get(each.token) is each:
            del by_token[each.token]


def known(thing):
    """Return the record of an object, a cell or a dict of globals, or None."""
    record = _by_id.get(id(thing))
    return record if record is not None and record() is thing else None


def holder_of(token):
    """Return the record with this token, or None."""
    return _by_token.get(token)


def find(token):
    """Return the living object, cell or dict with this token, or None."""
    record = _by_token.get(token)
    return None if record is None else record()


def register(obj, token=None):
    """Return the record of an object; enter a new one if it has none.

    *token* is given for an object that was received. If another thread has meanwhile received an object with this token, the
    record of that object is returned.
    """
    record = known(obj) if token is None else _by_token.get(token)
    if record is None or record() is None:
        kind = Record if type(obj).__weakrefoffset__ else Strong
        record = _enter(kind(obj, token or new_id(), token is not None), id(obj), by_token=token is not None)
    return record


def share(record, things, tokens=itertools.repeat(None)):
    """Return records for the cells and globals of a function. They live as long as the function's own record."""
    shared = []
    for thing, token in zip(things, tokens):
        each = known(thing)
        if each is None:
            each = Shared(id(thing), token or new_id(), token is not None)
            each.records.add(record)
            each = _enter(each, each.key, by_token=False)
        each.records.add(record)
        shared.append(each)
        # Stored at each step: if the function dies or an exception interrupts the loop, record.shared has all records so far.
        record.shared = tuple(shared)
    return record.shared


def _enter(record, key, by_token):
    # The record enters last the table by which other threads look for the same object, so a record found there is in both tables.
    # A record of a dead object is replaced.
    table, place, other, other_place = (_by_token, record.token, _by_id, key) if by_token else (
        _by_id, key, _by_token, record.token)
    other[other_place] = record
    first = table.setdefault(place, record)
    if first is record:
        return record
    thing = first()
    if thing is None or not by_token and id(thing) != key:
        table[place] = record
        return record
    if other.get(other_place) is record:
        del other[other_place]
    return first


def is_main(module):
    """Return whether this is the name of the module that runs as the program; multiprocessing also calls it `__mp_main__`."""
    return module == "__main__" or module == "__mp_main__" and sys.modules.get(module) is sys.modules["__main__"]


def main_name(module):
    """Return the name of a module in the receiving interpreter."""
    return "__main__" if is_main(module) else module
