"""Which objects travel by value, under which tokens: an object that comes again, or comes back, is the object that it was.

Every interpreter knows its own by their identity and all by their token. It does so for as long as they live, and does not make
them live.
"""

import itertools
import os
import sys
import weakref

# Tokens and versions are drawn here, in rising order, and never meet those of another interpreter of the process: the bits from
# here on are this one's.
SENDER_SHIFT = 40
_ids = itertools.count(int.from_bytes(os.urandom(7)) << SENDER_SHIFT)

# Changed by single operations on dicts, without a lock: a signal handler or a finalizer may run in between, and send something
# itself.
_by_id = {}
_by_token = {}


def new_id():
    """A number that nothing in any interpreter of the process has."""
    return next(_ids)


class Recent(dict):
    """What was made for tokens, as (size, value), kept to save making it again, up to a number and a size in bytes.

    The oldest goes first. Thread-safe.
    """

    NUMBER = 1024
    BYTES = 1 << 24

    def keep(self, token, value, size):
        """Keep a value, in place of the one that the token had."""
        self.pop(token, None)
        self[token] = size, value
        # Counted anew each time, as others may keep something meanwhile: making what is kept takes longer.
        total = sum([each for each, _ in tuple(self.values())])
        for oldest in tuple(self):
            if oldest == token or (len(self) <= self.NUMBER and total <= self.BYTES):
                break
            total -= self.pop(oldest, (0,))[0]


class Record(weakref.ref):
    """An object that travels by value, known for as long as it lives."""

    __slots__ = ("foreign", "key", "received", "sent", "shared", "token")
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
        self.received = {}
        self.shared = ()

    def free(self):
        """The cells and globals that no function has any more when this one is gone."""
        for shared in self.shared:
            shared.records.discard(self)
            if not shared.records:
                yield shared


class Strong:
    """The record of what cannot be referred to weakly: sentinels such as object(). They stay known for good."""

    __slots__ = ("foreign", "obj", "token")

    def __init__(self, obj, token, foreign):
        self.obj = obj
        self.token = token
        self.foreign = foreign

    def __call__(self):
        return self.obj


class Shared:
    """A cell, or a dict of globals that is no module's: known for as long as a function that has it lives."""

    __slots__ = ("foreign", "key", "received", "records", "sent", "token")

    def __init__(self, key, token, foreign):
        self.key = key
        self.token = token
        self.foreign = foreign
        self.sent = {}
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
    """The names of `__main__`: the program's own, or in a worker those that have come from its owner."""

    token = 0
    foreign = False

    def __init__(self):
        self.sent = {}
        self.received = {}

    def __call__(self):
        return vars(sys.modules["__main__"])


MAIN = _by_token[0] = _Main()


def _forget(record, by_id=_by_id, by_token=_by_token):
    # Called at any point where an object may die: takes no lock, and finds the tables when the module has been cleared, at the
    # end.
    for each in (record, *record.free()):
        if by_id.get(each.key) is each:
            del by_id[each.key]
        if by_token.get(each.token) is each:
            del by_token[each.token]


def known(thing):
    """The record of an object, a cell or a dict of globals; None if it has none."""
    record = _by_id.get(id(thing))
    return record if record is not None and record() is thing else None


def holder_of(token):
    """The record with this token, or None."""
    return _by_token.get(token)


def find(token):
    """The living thing with this token, or None."""
    record = _by_token.get(token)
    return None if record is None else record()


def register(obj, token=None):
    """The record of an object; a new one if it has none. With a token from elsewhere it may be that of a twin made meanwhile."""
    record = known(obj) if token is None else _by_token.get(token)
    if record is None or record() is None:
        kind = Record if type(obj).__weakrefoffset__ else Strong
        record = _enter(kind(obj, token or new_id(), token is not None), id(obj), by_token=token is not None)
    return record


def share(record, things, tokens=itertools.repeat(None)):
    """Give the cells and globals of a function their records, which live with the function's."""
    shared = []
    for thing, token in zip(things, tokens):
        each = known(thing)
        if each is None:
            each = Shared(id(thing), token or new_id(), token is not None)
            each.records.add(record)
            each = _enter(each, each.key, by_token=False)
        each.records.add(record)
        shared.append(each)
        # At each step, so that whatever comes in between finds in it all that is to end with the function.
        record.shared = tuple(shared)
    return record.shared


def _enter(record, key, by_token):
    # The table in which others may be about to enter the same comes last: what is found there is in both. What is dead is
    # replaced.
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
    """Whether it is the name of the module that runs as the program; multiprocessing has another one for it."""
    return module == "__main__" or module == "__mp_main__" and sys.modules.get(module) is sys.modules["__main__"]


def main_name(module):
    """The name under which the other interpreter has a module."""
    return "__main__" if is_main(module) else module
