"""How a worker ends the daemon threads that tasks have left.

An interpreter can end only when it has no daemon threads, and CPython has no way to end them.
"""

import _queue
import _thread
import gc
import sys
import time

from symplast import _symplast, output

# Seconds that the threads may take. An interpreter whose threads sit in C code for longer stays until the program ends.
_PATIENCE = 0.4
_TO_CLEAN_UP = 0.1
_FIRST_PAUSE = 0.0005
_LONGEST_PAUSE = 0.02

# The number of pauses after which threads that wait for locks are woken. Finding the locks takes a search of all objects.
_TRIES = 4

_LOCK = type(_thread.allocate_lock())


def stop(threading):
    """Raise SystemExit in the daemon threads repeatedly, until they or _PATIENCE have ended. Warn of the threads that are left.

    Called by the worker's own thread with the namespace of the module threading, when all other threads have ended and all
    functions of atexit have been called.
    """
    begun = time.monotonic()
    pause, tries, raised = _FIRST_PAUSE, 0, {}
    while left := _running(threading):
        now = time.monotonic()
        if now > begun + _PATIENCE:
            _warn(left)
            return
        for thread in left:
            # A thread that was interrupted gets time to clean up.
            if thread.ident is not None and now > raised.get(thread, begun - 1) + _TO_CLEAN_UP:
                _symplast._raise_in_thread(thread.ident, SystemExit)
                raised[thread] = now
        tries += 1
        if tries % _TRIES == 0:
            _wake_waiting([*left, threading["_main_thread"]])
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _running(threading):
    # As threading.enumerate(), but without its lock, which one of the threads may hold. Dummies are threads that others started.
    others = (threading["_MainThread"], threading["_DummyThread"])
    known = [*threading["_active"].values(), *threading["_limbo"].values()]
    return [thread for thread in known if not isinstance(thread, others) and thread.is_alive()]


def _wake_waiting(threads):
    # Only the release of a lock ends a wait for it. No other thread is left that needs the lock, and a thread that is woken
    # raises SystemExit at once.
    try:
        frames = list(sys._current_frames().values())
    except RuntimeError:
        # The function is refused where this CPython's is not safe.
        frames = []
    for frame in frames:
        if frame.f_back is not None:
            frames.append(frame.f_back)
    found = {}
    for obj in [*gc.get_objects(), *frames]:
        for referent in gc.get_referents(obj):
            if type(referent) is _LOCK or type(referent) is _queue.SimpleQueue:
                found[id(referent)] = referent
    for thread in threads:
        # The lock by which 3.12 knows that the thread, or the worker's own one, has not ended must stay locked.
        found.pop(id(getattr(thread, "_tstate_lock", None)), None)
    for obj in found.values():
        try:
            if type(obj) is _LOCK:
                obj.release()
            else:
                obj.put(None)
        except RuntimeError:
            # The lock was not held.
            continue


def _warn(left):
    import warnings

    names = ", ".join(repr(thread.name) for thread in left[:5]) + (", …" if len(left) > 5 else "")
    warnings.warn(
        f"daemon threads of a worker do not end: {names}; they sit in C code, or go on when SystemExit is raised. "
        "Their interpreter stays in memory until the program ends",
        RuntimeWarning,
        stacklevel=1,
    )
    output.flush()
