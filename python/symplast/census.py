"""symplast.leaks(): what is still alive, and why."""

import collections

from symplast import _symplast

# What was lost for certain comes first, then what is held from outside, then what hangs on that.
_ORDER = {"nothing": 0, "handle": 1, "elsewhere": 2, "object": 3}


class Leak(collections.namedtuple("Leak", "type pool size references handles held_by created")):
    """A live object that leaks() found.

    type        "Dict", "List" and so on, of a class of live objects module and qualified name
    pool        the Pool it lies in
    size        bytes of the object itself, without what it refers to
    references  how many there are: one a handle, one a place in another live object
    handles     the numbers of the interpreters that have a handle
    held_by     "nothing": only circles hold it, it stays until it is deleted by hand or its pool is;
                "handle": an interpreter has a handle; "object": another live object that is held refers to it;
                "elsewhere": something else does, as data on their way between interpreters
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
    """List the live objects that exist, in all pools or in one; those that nothing but circles keep alive come first.

    What was deleted by hand does not count, nor what is frozen. Exact if nobody changes live objects meanwhile.
    """
    found = [Leak(*one) for one in _symplast._leaks(pool)]
    # A handle that another thread drops meanwhile leaves the tuple empty.
    found.sort(key=lambda leak: (_ORDER[leak.held_by], -leak.size, leak.type))
    return found
