"""
Other processes: what is pickled for one must not be a reference to this one's memory, which would fail only there, and break what
receives it.
"""

import sys

from symplast import _symplast

# Where multiprocessing, and what is made after it (joblib's loky, multiprocess, billiard), pickles for queues, pipes and the
# starts of processes. The code that pickles is the only thing that tells where a pickle goes: these picklers are not known before
# they are imported, nor always by a class.
_PACKAGES = ("multiprocessing", "multiprocess", "billiard", "loky")


def refuse(kind):
    """Called when an object of ours is pickled by reference: NotShareableError if it is for another process."""
    frame = sys._getframe()
    while frame is not None:
        name = frame.f_globals.get("__name__")
        if type(name) is str and name.endswith(".reduction") and not set(name.split(".")).isdisjoint(_PACKAGES):
            raise _symplast.NotShareableError(f"a {kind} cannot be sent to another process: it lives in the memory of this one, "
                                              f"where all interpreters share it; send a copy")
        frame = frame.f_back
