"""Shared objects for many CPython interpreters in one process.

    import symplast

    index = symplast.freeze({"spam": ["a.py", "b.py"]})       # one copy, shared by pointer
    with symplast.InterpreterPoolExecutor() as executor:      # one interpreter with its own GIL for each core
        print(list(executor.map(index.get, ["spam"])))
"""

import sys as _sys

if _sys.version_info < (3, 12):
    raise ImportError("symplast needs CPython 3.12 or newer, this is %d.%d" % _sys.version_info[:2])
if _sys.implementation.name != "cpython":
    raise ImportError("symplast needs CPython, this is " + _sys.implementation.name)
if not getattr(_sys, "_is_gil_enabled", bool)() and _sys.version_info >= (3, 13) or "t" in _sys.abiflags:
    raise ImportError("symplast does not work in free-threaded builds of CPython; use the ordinary build")

from symplast import _start as _start

_start.load()

from symplast._symplast import (
    AbandonedError,
    Array,
    AtomicInt,
    AtomicRef,
    Barrier,
    BoundedSemaphore,
    Condition,
    DeletedError,
    Dict,
    Event,
    List,
    Lock,
    NotShareableError,
    PendingMemoryWarning,
    Pool,
    PoolFullError,
    PoolInUseError,
    PoolStats,
    Queue,
    RLock,
    Semaphore,
    Set,
    SimpleQueue,
    SortedDict,
    SymplastError,
    TaskInterrupted,
    add,
    compare_exchange,
    current_pool,
    delete,
    freeze,
    get_pending_limit,
    is_frozen,
    is_shared,
    pool_of,
    pools,
    set_pending_limit,
    thaw,
)

__all__ = [
    "AbandonedError",
    "Array",
    "AtomicInt",
    "AtomicRef",
    "Barrier",
    "BoundedSemaphore",
    "BrokenBarrierError",
    "BrokenInterpreterPool",
    "Condition",
    "DeletedError",
    "Dict",
    "Event",
    "ExecutorStats",
    "Interpreter",
    "InterpreterFuture",
    "InterpreterPoolExecutor",
    "LargeDataWarning",
    "Leak",
    "List",
    "Lock",
    "NotShareableError",
    "Object",
    "PendingMemoryWarning",
    "Pool",
    "PoolFullError",
    "PoolInUseError",
    "PoolStats",
    "Queue",
    "RLock",
    "RemoteError",
    "Semaphore",
    "Set",
    "ShutDown",
    "SimpleQueue",
    "SortedDict",
    "SymplastError",
    "TaskInterrupted",
    "__version__",
    "add",
    "compare_exchange",
    "current_pool",
    "delete",
    "freeze",
    "get_pending_limit",
    "is_frozen",
    "is_shared",
    "leaks",
    "pool_of",
    "pools",
    "set_pending_limit",
    "thaw",
]


_start.keep(_sys.modules[__name__])


def __getattr__(name):
    # These names need concurrent.futures and pickle, whose import costs more than everything else here. Freezing and reading do
    # not.
    if name in ("InterpreterPoolExecutor", "InterpreterFuture", "BrokenInterpreterPool", "ExecutorStats", "RemoteError"):
        from symplast import executor

        value = globals()[name] = getattr(executor, name)
        return value
    if name == "BrokenBarrierError":
        from threading import BrokenBarrierError as value

        globals()[name] = value
        return value
    if name == "LargeDataWarning":
        from symplast.byvalue import crossings

        value = globals()[name] = crossings.LargeDataWarning
        return value
    if name in ("extensions", "interpreters"):
        import importlib

        return importlib.import_module(f"symplast.{name}")
    if name == "Interpreter":
        from symplast import interpreters

        value = globals()[name] = interpreters.Interpreter
        return value
    if name == "Object":
        from symplast import objects

        value = globals()[name] = objects.Object
        return value
    if name == "ShutDown":
        from symplast import queues

        value = globals()[name] = queues.ShutDown
        return value
    if name in ("Leak", "leaks"):
        from symplast import census

        value = globals()[name] = getattr(census, name)
        return value
    if name == "__version__":
        try:
            from symplast._version import version as value
        except ImportError:  # Not installed from a wheel.
            from symplast._symplast import __version__ as value
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(set(globals()) | set(__all__))
