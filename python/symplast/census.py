"""symplast.leaks(): which live objects exist, and what keeps them alive."""

import collections

from symplast import _symplast

# Certain leaks come first, then objects held from outside the pools, then objects held by those.
_ORDER = {"nothing": 0, "handle": 1, "elsewhere": 2, "object": 3}


class Leak(collections.namedtuple("Leak", "type pool size references handles held_by created")):
    """A live object that leaks() found.

    type        "Dict", "List" and so on; for a class of live objects, its module and qualified name
    pool        the Pool in which the object lies
    size        bytes of the object itself, without the objects that it refers to
    references  the number of references: one for each handle, and one for each place in another live object
    handles     the numbers of the interpreters that have a handle
    held_by     "nothing": only cycles hold the object, and it stays until it is deleted by hand or its pool is deleted;
                "handle": an interpreter has a handle;
                "object": another live object that is held refers to it;
                "elsewhere": something else refers to it, such as data on their way between interpreters
    created     "file:line in function" with SYMPLAST_DEBUG=track, else None
    """

    __slots__ = ()

    def __str__(self):
        if self.held_by == "handle":
            held = "held by a handle in interpreter " + ", ".join(map(str, self.handles))
        else:
            held = {"nothing": "held by nothing but circles", "object": "held by another object"}.get(
                self.held_by, "held elsewhere")
        created = "" if self.created is None else f", created at {self.created}"
        return f"{self.type} in pool {self.pool.name!r}, {self.size} bytes, {self.references} references, {held}{created}"


def leaks(pool=None):
    """Return a list of Leak: one for each live object of *pool*, or of all pools if *pool* is None.

    Objects that only cycles keep alive come first. Objects deleted by hand and frozen objects are not listed. The list is exact
    if no interpreter changes live objects meanwhile. DeletedError if *pool* was deleted. Thread-safe.

        for leak in symplast.leaks():
            if leak.held_by == "nothing":
                print(leak)
    """
    found = [Leak(*one) for one in _symplast._leaks(pool)]
    # The tuple of handles may be empty: another thread may have dropped the handle meanwhile.
    found.sort(key=lambda leak: (_ORDER[leak.held_by], -leak.size, leak.type))
    return found
