"""Waiting for live objects in coroutines of asyncio, without a thread for each.

Each event loop has one eventfd. Whoever wakes a waiter of the loop writes to it, in whatever interpreter, and the loop then looks
which of its waiters were woken.
"""

import asyncio
import os
import weakref

from symplast import _symplast

_bells = weakref.WeakKeyDictionary()


class _Bell:
    """The eventfd of an event loop, and the waiters whose tasks sleep."""

    def __init__(self, loop):
        self._waiters = {}
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        loop.add_reader(self.descriptor, self._ring)

    def __del__(self):
        if "descriptor" in self.__dict__:
            # A loop may be collected together with its coroutines. Nobody may write to a descriptor that has got another meaning.
            for waiter in list(self._waiters):
                _symplast._wait_end(waiter, True)
            os.close(self.descriptor)

    def _ring(self):
        try:
            os.eventfd_read(self.descriptor)
        except BlockingIOError:
            pass
        for waiter, future in list(self._waiters.items()):
            if _symplast._wait_is_over(waiter) and not future.done():
                future.set_result(None)

    async def sleep(self, waiter, loop):
        """Return True when the waiter was woken."""
        future = self._waiters[waiter] = loop.create_future()
        try:
            await future
        finally:
            del self._waiters[waiter]
        return True


def bell_of(loop):
    """The bell of an event loop."""
    bell = _bells.get(loop)
    if bell is None:
        bell = _bells[loop] = _Bell(loop)
    return bell


async def within(timeout, coroutine):
    """Return the result of a coroutine, or False after *timeout* seconds; None is for ever."""
    try:
        async with asyncio.timeout(timeout):
            return await coroutine
    except TimeoutError:
        return False


async def wait_for(attempt, obj, event):
    """Return the result of attempt() when that is not None.

    Between two attempts, wait until the event with this number happens to a live object. If the task is cancelled, the next
    waiter gets the wake that this one may have got.
    """
    loop = asyncio.get_running_loop()
    while (result := attempt()) is None:
        bell = bell_of(loop)
        waiter = _symplast._wait_begin(obj, event, bell.descriptor)
        passes_on = True
        try:
            # What happened before the waiter was there woke nobody.
            if (result := attempt()) is not None:
                break
            await bell.sleep(waiter, loop)
            passes_on = False
        finally:
            _symplast._wait_end(waiter, passes_on)
    return result
