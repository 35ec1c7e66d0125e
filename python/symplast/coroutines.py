"""What the awaitable methods of locks, semaphores, events and conditions call. Imported with the first such call."""

import asyncio
import time

from symplast import AbandonedError, Condition, RLock, _symplast, aio

# The only event of each of these types.
_EVENT = 0


async def aacquire(lock, timeout=None):
    """lock.aacquire(), of whatever has acquire() and _acquire_waiting(), or of a condition."""
    lock = _acquired(lock)
    _check(timeout)
    if lock.acquire(False):
        return True
    return await aio.within(timeout, aio.wait_for(lambda: lock._acquire_waiting() or None, lock, _EVENT))


async def aenter(lock):
    """lock.__aenter__()"""
    return await aacquire(lock)


async def aexit(lock):
    """lock.__aexit__()"""
    lock.release()


async def await_event(event, timeout=None):
    """Event.await_()"""
    _check(timeout)
    before = event._sets()

    def attempt():
        # A flag that is set and cleared before the coroutine runs again was set.
        return event.is_set() or event._sets() != before or None

    return await aio.within(timeout, aio.wait_for(attempt, event, _EVENT))


async def await_notification(condition, timeout=None):
    """Condition.await_()"""
    lock = _acquired(condition)
    _check(timeout)
    if not lock.locked():
        raise RuntimeError("cannot wait on un-acquired lock")
    loop = asyncio.get_running_loop()
    bell = aio.bell_of(loop)
    # Before the lock is released: whoever notifies holds the lock, so it finds the waiter.
    waiter = _symplast._wait_begin(condition, _EVENT, bell.descriptor)
    try:
        lock.release()
    except BaseException:
        _symplast._wait_end(waiter, True)
        raise
    in_time = None
    try:
        in_time = await aio.within(timeout, bell.sleep(waiter, loop))
    finally:
        # A notification that a cancelled coroutine does not use is another one's.
        was_notified = _symplast._wait_end(waiter, in_time is None)
        await _retake(lock)
    return in_time or was_notified


async def await_for(condition, predicate, timeout=None):
    """Condition.await_for()"""
    _check(timeout)
    end = None if timeout is None else time.monotonic() + timeout
    left = timeout
    while not (result := predicate()):
        if end is not None and (left := end - time.monotonic()) <= 0:
            break
        await await_notification(condition, left)
    return result


async def _retake(lock):
    # As asyncio.Condition does: the code around the wait will release the lock, so it must be held, come what may.
    raised = None
    while True:
        try:
            await aacquire(lock)
            break
        except (asyncio.CancelledError, AbandonedError) as error:
            # A cancellation comes before the end of an owner.
            if not isinstance(raised, asyncio.CancelledError):
                raised = error
    if raised is not None:
        raise raised


def _acquired(lock):
    # What is acquired in place of a condition.
    if isinstance(lock, Condition):
        lock = lock._lock()
    if isinstance(lock, RLock):
        raise TypeError("an RLock belongs to a thread, and all coroutines of an event loop are one thread; use symplast.Lock, or "
                        "symplast.Condition(symplast.Lock())")
    return lock


def _check(timeout):
    if timeout is None:
        return
    if not isinstance(timeout, (int, float)):
        raise TypeError(f"the timeout must be a number of seconds or None, not {type(timeout).__name__}")
    if timeout != timeout:
        raise ValueError("the timeout is NaN (not a number)")
