"""A definition, which is sent again for as long as nothing in it has changed.

Values that cannot change are compared by identity; of others the pickle is compared, each time. Large data should be frozen, not only
because a definition holds a copy of what is not.
"""

import functools
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
        self._functions = []
        self._sizes = []
        self._same = []
        self._equal = []
        self._shared = []
        self._versions = []
        self._checked = Definition._changes

    def is_fresh(self):
        """Whether nothing has changed since the definition was written. DeletedError if the pool of an object in it is deleted."""
        for obj in self._shared:
            _symplast._persistent_id(obj)
        for fn, code, defaults, kwdefaults in self._functions:
            if fn.__code__ is not code or fn.__defaults__ is not defaults or fn.__kwdefaults__ is not kwdefaults:
                return False
        for mapping, size in self._sizes:
            if len(mapping) != size:
                return False
        for read, value in self._same:
            if read() is not value:
                return False
        for read, digest in self._equal:
            if _pickle_of(read()) != digest:
                return False
        return self._checked == Definition._changes or self._is_latest()

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

    def watch_pickle(self, read, data):
        """… as read() returns an object with this pickle."""
        self._equal.append((read, _digest(data)))

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
                # After the change, so that another thread cannot note it before it can see it; a number that it has never been, in any order.
                Definition._changes = new_id()
        self._versions.append((holder.sent, slot, sent[1]))
        return sent[1]


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
