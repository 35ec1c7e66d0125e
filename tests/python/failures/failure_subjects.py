"""What can fail, for the failure matrix: objects at which threads wait, and what workers do with them. Imported in workers."""

import contextlib
import queue
import threading
import time

import symplast
from symplast import _symplast

SECONDS = 60


class Subject:
    """
    A kind of object. make() returns one at which wait() waits; wake() ends the wait of one thread, and again() tells whether the
    object works then. attempt() tells what becomes of a wait with a timeout.
    """

    def __init__(self, kind, wait, wake, again, attempt, make=None):
        self.name, self.make = kind.__name__, make or kind
        self.wait, self.wake, self.again, self.attempt = wait, wake, again, attempt

    def usable(self, shared):
        """Fails unless the object, at which nobody waits, works."""
        if _is_broken(shared):
            shared.reset()
        self.wake(shared)
        assert self.again(shared), f"{shared!r} gave nothing"


def _is_broken(shared):
    return isinstance(shared, symplast.Barrier) and shared.broken


# Functions that wait: the first argument is the object, the second one a timeout.


def get(shared, timeout=None):
    return shared.get(timeout=timeout)


def acquire(shared, timeout=-1):
    return shared.acquire(timeout=timeout)


def acquire_semaphore(shared, timeout=None):
    return shared.acquire(timeout=timeout)


def wait_for_notice(shared, timeout=None):
    with shared:
        return shared.wait(timeout)


def wait(shared, timeout=None):
    return shared.wait(timeout)


# Functions that end the wait of one thread.


def put(shared):
    shared.put("woken")


def release(shared):
    shared.release()


def notify(shared):
    with shared:
        shared.notify()


def set_it(shared):
    shared.set()


def arrive(shared):
    """Arrives as the second one; nobody needs to wait yet."""
    threading.Thread(target=_arrive, args=(shared,), daemon=True).start()


def _arrive(shared):
    with contextlib.suppress(symplast.SymplastError, symplast.BrokenBarrierError):
        shared.wait(SECONDS)


# Functions that tell that the object works when it has been woken.


def _get_again(shared):
    return shared.get(timeout=SECONDS) == "woken"


def _acquire_again(shared):
    if not shared.acquire(timeout=SECONDS):
        return False
    shared.release()
    return True


def _lock_again(shared):
    with shared:
        return not shared.wait(0.001)


def _wait_again(shared):
    return shared.wait(SECONDS) is not False


# What becomes of a wait with a timeout.


def _attempt_get(shared):
    try:
        shared.get(timeout=0.01)
    except queue.Empty:
        return "`queue.Empty`"


def _returned(wait):
    return lambda shared: f"`{wait(shared, 0.01)}`"


def _attempt_barrier(shared):
    try:
        shared.wait(0.01)
    except symplast.BrokenBarrierError:
        shared.reset()
        return "`BrokenBarrierError`, for all"


class _Holder:
    """A thread that holds an RLock until release()."""

    def __init__(self, lock):
        self.lock, held, self._go = lock, threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(held,), daemon=True)
        self._thread.start()
        held.wait()

    def _hold(self, held):
        try:
            with self.lock:
                held.set()
                self._go.wait()
        except symplast.SymplastError:
            pass

    def release(self):
        self._go.set()
        self._thread.join()


_holders = {}


def _held_rlock():
    lock = symplast.RLock()
    _holders[lock] = _Holder(lock)
    return lock


def _release_rlock(shared):
    _holders.pop(shared).release()


def _taken(kind, *arguments):
    def make():
        lock = kind(*arguments)
        lock.acquire()
        return lock

    return make


# Those in which threads wait. RLocks are held by a thread of their own, so that every other thread waits.
PRIMITIVES = [
    Subject(symplast.Queue, get, put, _get_again, _attempt_get),
    Subject(symplast.SimpleQueue, get, put, _get_again, _attempt_get),
    Subject(symplast.Lock, acquire, release, _acquire_again, _returned(acquire), _taken(symplast.Lock)),
    Subject(symplast.RLock, acquire, _release_rlock, _acquire_again, _returned(acquire), _held_rlock),
    Subject(symplast.Condition, wait_for_notice, notify, _lock_again, _returned(wait_for_notice)),
    Subject(symplast.Event, wait, set_it, _wait_again, _returned(wait)),
    Subject(symplast.Semaphore, acquire_semaphore, release, _acquire_again, _returned(acquire_semaphore),
            _taken(symplast.Semaphore)),
    Subject(symplast.BoundedSemaphore, acquire_semaphore, release, _acquire_again, _returned(acquire_semaphore),
            _taken(symplast.BoundedSemaphore)),
    Subject(symplast.Barrier, wait, arrive, _wait_again, _attempt_barrier, lambda: symplast.Barrier(2)),
]


def await_waiters(shared, count=1):
    """Returns when that many threads wait at the object."""
    while _symplast._waiters(shared) < count:
        time.sleep(0.001)


def free():
    """Objects of each kind that nobody holds and nobody waits at, by the name of the kind: what holders take."""
    names = [subject.name for subject in PRIMITIVES]
    return {name: getattr(symplast, name)(*([2] if name == "Barrier" else [])) for name in names}
