"""The parts of Queue and SimpleQueue that need Python: their exceptions, and elements that only pickle can carry."""

from queue import Empty, Full

try:
    from queue import ShutDown
except ImportError:  # Older than 3.13.

    class ShutDown(Exception):
        """Raised by put() and get() of a queue that was shut down."""

        __module__ = "symplast"


__all__ = ["Empty", "Full", "ShutDown"]

_sender = None


def pack(obj):
    """Return obj pickled for any interpreter of this process, and the parcel that holds its live objects, or None."""
    from symplast import transport

    return transport.send(obj, _sender or _make_sender())


def load(data):
    """Return the object that pack() of another interpreter has pickled."""
    from symplast import transport

    return transport.loads(data)


# The events of a queue, as Symplast.Objects.QueueSide numbers them.
_ITEMS, _ROOM, _FINISHED = range(3)


async def aget(q):
    """Queue.aget()."""

    def attempt():
        try:
            # In a list, so that None is an element, too.
            return [q.get_nowait()]
        except Empty:
            return None

    return (await aio().wait_for(attempt, q, _ITEMS))[0]


async def aput(q, item):
    """Queue.aput()."""

    def attempt():
        try:
            q.put_nowait(item)
            return True
        except Full:
            return None

    await aio().wait_for(attempt, q, _ROOM)


async def ajoin(q):
    """Queue.ajoin()."""
    await aio().wait_for(lambda: None if q.unfinished_tasks else True, q, _FINISHED)


async def anext(q):
    """Queue.__anext__()."""
    try:
        return await aget(q)
    except ShutDown:
        raise StopAsyncIteration from None


def aio():
    """The module, which is imported late because it imports asyncio."""
    from symplast import aio as module

    return module


def _make_sender():
    global _sender
    from symplast import byvalue

    _sender = byvalue.Sender()
    return _sender
