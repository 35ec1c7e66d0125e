"""The functions of faulthandler in workers.

CPython keeps one file and one handler for the whole process. A worker lends the handler a file descriptor in place of a file
object.
"""

import os
import sys

from symplast import _symplast

_STANDARD_ERROR = 2
_IN_MAIN = "faulthandler.{}() {}; call it in the main interpreter, not in a task"


def enable(file=None, all_threads=True, c_stack=True):
    """Enable the fault handler for the process. Has no effect if it is enabled already."""
    lent = _descriptor(file)
    # A duplicate, because by the time of a fault the worker's file may be closed and its descriptor in other use.
    own = os.dup(lent) if lent > _STANDARD_ERROR else lent
    if not _symplast._enable_faults(own, bool(all_threads), bool(c_stack)) and own != lent:
        os.close(own)


def disable():
    """Undo this interpreter's enable(). Returns whether the handler is disabled now: not if others enabled it, too."""
    return _symplast._disable_faults()


def cancel_dump_traceback_later():
    """Do nothing: a worker has no dump to cancel, and may not cancel the main interpreter's."""


def dump_traceback_later(timeout, repeat=False, file=None, exit=False):
    """Raise RuntimeError: CPython has one such thread in a process, which would read this interpreter's state after its end."""
    raise RuntimeError(_IN_MAIN.format("dump_traceback_later", "looks into the calling interpreter from a thread of the process"))


def register(signum, file=None, all_threads=True, chain=False):
    """Raise RuntimeError: a worker cannot set signal handlers."""
    raise RuntimeError(_IN_MAIN.format("register", "sets a signal handler of the process"))


def unregister(signum):
    """Raise RuntimeError: a worker cannot change signal handlers."""
    raise RuntimeError(_IN_MAIN.format("unregister", "changes a signal handler of the process"))


def _descriptor(file):
    # Makes the checks that faulthandler makes.
    if file is None:
        file = sys.stderr
        if file is None:
            raise RuntimeError("sys.stderr is None")
    if isinstance(file, int):
        if file < 0:
            raise ValueError("file is not a valid file descriptor")
        return file
    descriptor = file.fileno()
    if not isinstance(descriptor, int) or descriptor < 0:
        raise RuntimeError("file.fileno() is not a valid file descriptor")
    try:
        file.flush()
    except Exception:
        # A dump is written whether or not the file could be flushed.
        return descriptor
    return descriptor
