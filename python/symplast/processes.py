"""Pickles for other processes.

A reference to the memory of this process must not be pickled for another one: it would fail only there, and break the receiver.
"""

import sys

from symplast import _symplast

# Packages whose module "reduction" pickles for queues, pipes and the starts of processes: multiprocessing and packages derived
# from it (joblib's loky, multiprocess, billiard). Only the code that pickles tells where a pickle goes: these picklers are not
# known before they are imported, and not all of them have a class of their own.
_PACKAGES = ("multiprocessing", "multiprocess", "billiard", "loky")

# What multiprocessing has under the same names. They hold no data of which a copy could be sent.
_OF_PROCESSES = {"Lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "Barrier", "Queue", "SimpleQueue"}


def refuse(kind):
    """Called when an object of *kind* is pickled by reference. NotShareableError if the pickle is for another process."""
    frame = sys._getframe()
    while frame is not None:
        name = frame.f_globals.get("__name__")
        if type(name) is str and name.endswith(".reduction") and not set(name.split(".")).isdisjoint(_PACKAGES):
            instead = f"use multiprocessing.{kind}" if kind in _OF_PROCESSES else "send a copy"
            raise _symplast.NotShareableError(f"{'an' if kind[0] in 'AEIOU' else 'a'} {kind} cannot be sent to another process: "
                                              f"it lives in the memory of this one, where all interpreters share it; {instead}")
        frame = frame.f_back
