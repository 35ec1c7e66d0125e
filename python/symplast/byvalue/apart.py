"""Large values of globals and closure variables, which are sent apart from the definitions that use them.

A value is pickled once, and all definitions name the pickle as long as the value is as it was: that of a second function, that of
a lambda which is a new one for each task, and the new one of a function of which another global has changed. A value that shares
objects with another one in its definition is not sent apart, because the two must share them in the receiver as well.
"""

import io

from symplast import _symplast, transport

# From this size of its pickle a value is sent apart.
LARGE = 1 << 16


class Apart:
    """A value that is sent apart.

    digest    the digest of its pickle
    watched   what finds out whether it has changed
    needed    the by-value objects that the pickle refers to
    shared    the shared objects in it
    size      the size of the pickle
    ticket    the number of the pickle in the parcel
    parcel    the parcel, which also holds the live objects in the value
    """

    __slots__ = ("digest", "needed", "parcel", "shared", "size", "ticket", "watched")

    def __init__(self, value):
        self.digest = value.digest
        self.watched = value.watched
        self.needed = value.needed
        self.shared = value.shared
        self.size = len(value.data)
        self.ticket = _symplast._deposit_data(value.data)
        self.parcel = None

    def is_of(self, value):
        """Return whether a value is the one that was pickled, and has not changed since."""
        return _symplast._holds_contents(self.watched.contents, value)


class Value:
    """A value of a definition that is being written, with its pickle and what Apart has of it."""

    __slots__ = ("data", "digest", "holder", "needed", "place", "rank", "shared", "value", "watched")

    def __init__(self, value, data, digest, watched):
        self.value = value
        self.data = data
        self.digest = digest
        self.watched = watched

    @property
    def contents(self):
        """The record of what the value holds, or None."""
        return self.watched and self.watched.contents

    def objects(self, sender):
        """Return the ids of the objects in the value that may change, and of others; None if that would take too long."""
        if self.contents is not None:
            return _symplast._containers_of(self.contents)
        if len(self.data) >= LARGE:
            return None
        pickler = transport.Pickler(io.BytesIO(), sender)
        pickler.dump(self.value)
        return pickler.memo.copy().keys()


def split(values, sender):
    """Return the values that can be sent apart, and the others."""
    large = [each for each in values if len(each.data) >= LARGE and each.contents is not None]
    if not large or len(values) == 1:
        return large, [] if large else values
    objects = [each.objects(sender) for each in values]
    if None in objects:
        return [], values
    apart, others = [], []
    for value, ids in zip(values, objects):
        is_alone = value in large and all(ids.isdisjoint(other) for other in objects if other is not ids)
        (apart if is_alone else others).append(value)
    return apart, others
