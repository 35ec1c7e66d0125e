"""An event that can be used by code that interrupts other uses of the event, such as signal handlers and finalizers."""

import _thread


class Event:
    """A one-time event with the interface of threading.Event, without clear().

    It has no lock of its own, so a signal handler or a finalizer can set it, or wait for it, at any time. Thread-safe.
    """

    def __init__(self):
        self._happened = False
        self._sleepers = []

    def is_set(self):
        """Whether the event has happened."""
        return self._happened

    def set(self):
        """Make the event happen. If an exception of a signal handler interrupts the call, call it again."""
        self._happened = True
        # A sleeper enters the list before it reads _happened, so a sleeper that has not seen the event is found here. Waking a
        # sleeper twice does no harm.
        for sleeper in tuple(self._sleepers):
            if sleeper.locked():
                _wake(sleeper)

    def wait(self, timeout=None):
        """Sleep until the event has happened, for *timeout* seconds at most. Returns whether it has happened."""
        if self._happened:
            return True
        sleeper = _thread.allocate_lock()
        sleeper.acquire()
        try:
            self._sleepers.append(sleeper)
            if not self._happened and (timeout is None or timeout > 0):
                sleeper.acquire(timeout=-1 if timeout is None else min(timeout, _thread.TIMEOUT_MAX))
            return self._happened
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)


def _wake(sleeper):
    try:
        sleeper.release()
    except RuntimeError:
        # Another thread has released the lock meanwhile.
        return
