"""A definition, which is sent again for as long as nothing in it has changed.

Values that cannot change are compared by identity; plain containers of such values by what they hold; of others the pickle is
compared, each time. Large data should be frozen, not only because a definition holds a copy of what is not.
"""

import functools
import types
import weakref

from symplast import _symplast, signals, transport
from symplast.byvalue.arrival import ref
from symplast.byvalue.forms import BY_VALUE, part_form
from symplast.byvalue.identity import new_id, register


class References:
    """The reducer for the parts of definitions: what goes by value is only referred to."""

    def reduce(self, obj):
        found = part_form(obj)
        return (ref, (self.reach(obj),)) if found is BY_VALUE else found

    def reach(self, obj):
        """The token of an object that is referred to."""
        return register(obj).token


class Definition:
    """What makes an object elsewhere, as bytes, and all that must be as it was for them to be sent again."""

    # Another number whenever a slot is given another version, by any definition.
    _changes = 0

    def __init__(self):
        self.version = new_id()
        self.data = None
        self.parcel = None
        self.ticket = None
        self._functions = []
        self._sizes = []
        self._same = []
        self._equal = []
        self._shared = []
        self._versions = []
        self._checked = Definition._changes

    def is_fresh(self):
        """Whether nothing has changed since the definition was written.

        DeletedError if the pool of an object in it is deleted.
        """
        if self._shared:
            self._check_shared()
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

    def _check_shared(self):
        # The definition's own parcel holds those that are live, not that of the ids that are asked for here.
        _symplast._pack(_ids_of, self._shared, None)

    def _is_latest(self):
        # A value that is as it was may have been another in between, which workers have got with another definition.
        changes = Definition._changes
        for sent, slot, version in self._versions:
            if sent[slot][1] != version:
                return False
        self._checked = changes
        return True

    def watch_function(self, fn):
        """The definition is good as long as the function has the code and the defaults that it has now."""
        self._functions.append((fn, fn.__code__, fn.__defaults__, fn.__kwdefaults__))

    def watch_size(self, mapping):
        """… as the mapping has as many items."""
        self._sizes.append((mapping, len(mapping)))

    def watch_identity(self, read, value):
        """… as read() returns this very object."""
        self._same.append((read, value))

    def watch_unsendable(self, read, value):
        """… as read() returns this very object. It is not kept alive: it may be the executor that has the definition."""
        try:
            weak = weakref.ref(value)
        except TypeError:
            self._same.append((read, value))
        else:
            self._same.append((functools.partial(_is_still, weak, read), True))

    def watch_pickle(self, read, data, contents):
        """
        … as read() returns an object with this pickle, or with the contents that were recorded before it was pickled, if they
        could be.
        """
        self._equal.append(_Watched(read, _digest(data), contents))

    def watch_shared(self, objects):
        """Ask for these shared objects, which may be deleted, before the definition is sent again."""
        self._shared += objects

    def version_of(self, holder, slot, data):
        """The version of a part with this pickle: the one it had when it was last sent, if it is the same."""
        digest = _digest(data)
        sent = holder.sent.get(slot)
        if sent is None or sent[0] != digest:
            changed = sent is not None
            sent = holder.sent[slot] = digest, new_id()
            if changed:
                # After the change, so that another thread cannot note it before it can see it; a number that it has never been,
                # in any order.
                Definition._changes = new_id()
        self._versions.append((holder.sent, slot, sent[1]))
        return sent[1]


class _Watched:
    """A value that may change."""

    __slots__ = ("_contents", "_digest", "_read")

    def __init__(self, read, digest, contents):
        self._read = read
        self._digest = digest
        self._contents = contents

    def is_fresh(self):
        value, contents = self._read(), self._contents
        if contents is not None:
            if _symplast._holds_contents(contents, value):
                return True
            # Recorded before it is pickled: what changes in between is seen the next time.
            contents = contents_of(value)
        if _pickle_of(value) != self._digest:
            return False
        self._contents = contents
        return True


def contents_of(value):
    """
    A record of what plain containers hold, which is compared in no time; None if there is something in them that only its pickle
    tells about.
    """
    return _symplast._contents(value, _LEAVES)


# Of these types the objects cannot change, or have a definition of their own.
_LEAVES = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, type(...), type(NotImplemented))


def _ids_of(shared, _):
    for obj in shared:
        _symplast._persistent_id(obj)


def _digest(data):
    return data if len(data) <= 64 else (len(data), hash(data))


def _pickle_of(value):
    try:
        return _digest(transport.dumps(value, References()))
    except Exception as error:
        signals.let_through(error)
        return None


def _is_still(weak, read):
    return weak() is read()
