"""
What faulthandler does when a worker calls it: it keeps a file and a handler for the whole process, to which a worker lends a
descriptor.
"""

import os
import sys

from symplast import _symplast

_STANDARD_ERROR = 2
_IN_MAIN = "faulthandler.{}() {}; call it in the main interpreter, not in a task"


def enable(file=None, all_threads=True, c_stack=True):
    """Enable the fault handler, for the process. Without effect if it is enabled."""
    lent = _descriptor(file)
    # The worker's file may be closed, and its number be another's, by the time that it is needed.
    own = os.dup(lent) if lent > _STANDARD_ERROR else lent
    if not _symplast._enable_faults(own, bool(all_threads), bool(c_stack)) and own != lent:
        os.close(own)


def disable():
    """Take this interpreter's enable() back. Returns whether the handler was disabled: not if others have enabled it, too."""
    return _symplast._disable_faults()


def cancel_dump_traceback_later():
    """Do nothing: a worker has nothing to cancel, and the program's stays."""


def dump_traceback_later(timeout, repeat=False, file=None, exit=False):
    """Refuse: CPython has one such thread in a process, which would look into this interpreter after its end."""
    raise RuntimeError(_IN_MAIN.format("dump_traceback_later", "looks into the calling interpreter from a thread of the process"))


def register(signum, file=None, all_threads=True, chain=False):
    """Refuse, as signal.signal() does."""
    raise RuntimeError(_IN_MAIN.format("register", "sets a signal handler of the process"))


def unregister(signum):
    """Refuse, as signal.signal() does."""
    raise RuntimeError(_IN_MAIN.format("unregister", "changes a signal handler of the process"))


def _descriptor(file):
    # As faulthandler does it.
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
        # What is written later does not depend on it.
        return descriptor
    return descriptor
