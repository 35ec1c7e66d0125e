"""A definition, which is sent again for as long as nothing in it has changed.

Each use of a definition checks the values in it. Immutable values are compared by identity, values of plain objects by what
these hold, and all other values by their pickles. Large data should be frozen: a definition holds a copy of data that are not
frozen, and each check walks or pickles them.
"""

import functools
import weakref

from symplast import _symplast, signals, transport
from symplast.byvalue import crossings
from symplast.byvalue.arrival import ref
from symplast.byvalue.forms import BY_VALUE, part_form
from symplast.byvalue.identity import new_id, register
from symplast.byvalue.parts import contents_of


class References:
    """The reducer for the parts of definitions: refers to by-value objects by their tokens."""

    def reduce(self, obj):
        """Return the reduce value of an object, or NotImplemented for pickle's own."""
        found = part_form(obj)
        return (ref, (self.reach(obj),)) if found is BY_VALUE else found

    def reach(self, obj):
        """Return the token of an object that a part refers to."""
        return register(obj).token


class Definition:
    """The bytes from which another interpreter makes an object, and the conditions under which they are up to date.

    The watch methods add conditions.
    """

    # Changes whenever any definition gives a slot a new version.
    _changes = 0

    def __init__(self):
        self.version = new_id()
        self.data = None
        self.parcel = None
        self.ticket = None
        # The values that are sent apart for the first time, as (record of the holder, slot, Apart).
        self.apart = []
        self._functions = []
        self._sizes = []
        self._same = []
        self._equal = []
        self._shared = []
        self._versions = []
        self._checked = Definition._changes

    def is_fresh(self):
        """Return whether nothing has changed since the definition was written.

        DeletedError if the pool of an object in it was deleted.
        """
        if self._shared:
            check_shared(self._shared)
        for fn, code, defaults, kwdefaults in self._functions:
            if fn.__code__ is not code or fn.__defaults__ is not defaults or fn.__kwdefaults__ is not kwdefaults:
                return False
        for mapping, size in self._sizes:
            if len(mapping) != size:
                return False
        for read, value in self._same:
            if read() is not value:
                return False
        for watched in self._equal:
            if not watched.is_fresh():
                return False
        return self._checked == Definition._changes or self._is_latest()

    def _is_latest(self):
        # A value may have changed and changed back. Workers may have received the value in between with another definition.
        changes = Definition._changes
        for sent, slot, version in self._versions:
            if sent[slot][1] != version:
                return False
        self._checked = changes
        return True

    def watch_function(self, fn):
        """Require that the function keeps its code and its defaults."""
        self._functions.append((fn, fn.__code__, fn.__defaults__, fn.__kwdefaults__))

    def watch_size(self, mapping):
        """Require that the mapping keeps its number of items."""
        self._sizes.append((mapping, len(mapping)))

    def watch_identity(self, read, value):
        """Require that read() returns this very object."""
        self._same.append((read, value))

    def watch_unsendable(self, read, value):
        """Require that read() returns this very object, which could not be sent.

        The object is referred to weakly if it can be: it may be the executor that has the definition.
        """
        try:
            weak = weakref.ref(value)
        except TypeError:
            self._same.append((read, value))
        else:
            self._same.append((functools.partial(_is_still, weak, read), True))

    def watch(self, watched, size, key, where):
        """Require that a value is as it was. *size* is that of its pickle; *key* and *where* are for crossings.note_value()."""
        self._equal.append(watched if size < crossings.LARGE else _Large(watched, size, key, where))

    def watch_shared(self, objects):
        """Require that these shared objects are not deleted; is_fresh() raises DeletedError otherwise."""
        self._shared += objects

    def version_of(self, holder, slot, digest):
        """Return the version of a part whose pickle has this digest: the slot's last one if it is unchanged, else a new one."""
        sent = holder.sent.get(slot)
        if sent is None or sent[0] != digest:
            changed = sent is not None
            sent = holder.sent[slot] = digest, new_id()
            if changed:
                # Written after the slot's version: another thread that reads the new number in _is_latest() also sees the new
                # version. The number is new each time, so threads that write it in any order cannot restore an earlier one.
                Definition._changes = new_id()
        self._versions.append((holder.sent, slot, sent[1]))
        return sent[1]


class Watched:
    """A mutable value in definitions, as it was when the first of them was written.

    read      returns the value
    digest    the digest of its pickle
    contents  its contents_of() from before it was pickled
    """

    __slots__ = ("contents", "digest", "read")

    def __init__(self, read, digest, contents):
        self.read = read
        self.digest = digest
        self.contents = contents

    def is_fresh(self):
        """Return whether read() returns an object with these contents or this pickle."""
        value, contents = self.read(), self.contents
        if contents is not None:
            if _symplast._holds_contents(contents, value):
                return True
            # Recorded before the value is pickled, so the next check sees a change in between.
            contents = contents_of(value, [])
        if _pickle_of(value) != self.digest:
            return False
        self.contents = contents
        return True


class _Large:
    """A mutable value with a large pickle. Counts how often the value is checked."""

    __slots__ = ("_key", "_size", "_watched", "_where")

    def __init__(self, watched, size, key, where):
        self._watched = watched
        self._size = size
        self._key = key
        self._where = where

    def is_fresh(self):
        watched = self._watched
        contents = watched.contents
        if not watched.is_fresh():
            return False
        is_compared = contents is not None and watched.contents is contents
        if not is_compared or self._size >= crossings.LARGE_TO_COMPARE:
            crossings.note_value(self._key, watched.read(), self._where, self._size, "compared" if is_compared else "pickled")
        return True


def check_shared(objects):
    """Raise DeletedError if a pool of these shared objects was deleted."""
    # The ids are asked for in a parcel that is dropped: another one holds the live objects.
    _symplast._pack(_ids_of, objects, None)


def _ids_of(shared, _):
    for obj in shared:
        _symplast._persistent_id(obj)


def digest_of(data):
    """Return what stands for a pickle in comparisons."""
    return data if len(data) <= 64 else (len(data), hash(data))


def _pickle_of(value):
    try:
        return digest_of(transport.dumps(value, References()))
    except Exception as error:
        signals.let_through(error)
        return None


def _is_still(weak, read):
    return weak() is read()
