"""An event that may also be waited for by whatever interrupts a wait for it."""

import _thread


class Event:
    """As threading.Event, but without a lock of its own: a signal handler or a finalizer can wait for it, or set it, at any time.

    Happens once.
    """

    def __init__(self):
        self._happened = False
        self._sleepers = []

    def is_set(self):
        """Whether it has happened."""
        return self._happened

    def set(self):
        """Let it happen. To be called again if an exception of a signal handler comes in between."""
        self._happened = True
        # A sleeper enters the list before it looks, so that one that has not seen it is found here. To wake it twice does no
        # harm.
        for sleeper in tuple(self._sleepers):
            if sleeper.locked():
                _wake(sleeper)

    def wait(self, timeout=None):
        """Sleep until it has happened, for timeout seconds at most. Returns whether it has."""
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
        # Another thread was at it meanwhile.
        return
