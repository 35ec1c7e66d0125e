"""The parts of waiting for values of live objects that need Python: those for coroutines of asyncio."""

# The one event of an AtomicInt or AtomicRef.
_CHANGE = 0


async def cell(shared, old):
    """AtomicInt.await_() and AtomicRef.await_()."""
    return await _until(shared, _CHANGE, (old,))


async def key(shared, number, *arguments):
    """Dict.await_() and SortedDict.await_(), with the number of the key's event."""
    return await _until(shared, number, arguments)


async def _until(shared, event, arguments):
    from symplast import aio  # Late, because it imports asyncio.

    def attempt():
        try:
            # In a list, so that None is a value, too.
            return [shared.wait(*arguments, timeout=0)]
        except TimeoutError:
            return None

    return (await aio.wait_for(attempt, shared, event))[0]
