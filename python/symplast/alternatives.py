"""What to use in place of objects and habits that stay behind at the border of an interpreter: the texts of the error messages.

Nothing here runs before something has failed.
"""

import collections
import functools
import sys
import types

from symplast import _symplast

# By the name of a class, which its subclasses share.
_USE = {
    "_thread.lock": "use symplast.Lock",
    "_thread.RLock": "use symplast.RLock",
    "threading._RLock": "use symplast.RLock",
    "threading.Condition": "use symplast.Condition",
    "threading.Event": "use symplast.Event",
    "threading.BoundedSemaphore": "use symplast.BoundedSemaphore",
    "threading.Semaphore": "use symplast.Semaphore",
    "threading.Barrier": "use symplast.Barrier",
    "threading.Thread": "start it where it is to run",
    "_thread._local": "use a global that the initializer= of the executor sets: each worker has its own",
    "queue.Queue": "use symplast.Queue",
    "_queue.SimpleQueue": "use symplast.SimpleQueue",
    "asyncio.locks.Lock": "use symplast.Lock",
    "asyncio.locks.Event": "use symplast.Event",
    "asyncio.locks.Condition": "use symplast.Condition",
    "asyncio.locks.Semaphore": "use symplast.Semaphore",
    "asyncio.queues.Queue": "use symplast.Queue",
    "multiprocessing.synchronize.Lock": "use symplast.Lock",
    "multiprocessing.synchronize.RLock": "use symplast.RLock",
    "multiprocessing.synchronize.Condition": "use symplast.Condition",
    "multiprocessing.synchronize.Event": "use symplast.Event",
    "multiprocessing.synchronize.BoundedSemaphore": "use symplast.BoundedSemaphore",
    "multiprocessing.synchronize.Semaphore": "use symplast.Semaphore",
    "multiprocessing.synchronize.Barrier": "use symplast.Barrier",
    "multiprocessing.queues.Queue": "use symplast.Queue",
    "multiprocessing.queues.SimpleQueue": "use symplast.SimpleQueue",
    "multiprocessing.sharedctypes.Synchronized": "use symplast.AtomicInt, or a field of a symplast.Object",
    "multiprocessing.sharedctypes.SynchronizedBase": "use symplast.Array",
    "multiprocessing.managers.DictProxy": "use symplast.Dict",
    "multiprocessing.managers.ListProxy": "use symplast.List",
    "multiprocessing.managers.NamespaceProxy": "use a class derived from symplast.Object",
    "multiprocessing.managers.ValueProxy": "use symplast.AtomicInt or symplast.AtomicRef",
    "multiprocessing.managers.ArrayProxy": "use symplast.Array",
    "multiprocessing.managers.AcquirerProxy": "use symplast.Lock",
    "multiprocessing.managers.ConditionProxy": "use symplast.Condition",
    "multiprocessing.managers.EventProxy": "use symplast.Event",
    "multiprocessing.managers.BarrierProxy": "use symplast.Barrier",
    "multiprocessing.managers.BaseProxy": "use symplast.Queue, or a class derived from symplast.Object",
    "multiprocessing.managers.BaseManager": "use symplast.Dict, symplast.List and symplast.Object, which need no server",
    "multiprocessing.pool.Pool": "use symplast.InterpreterPoolExecutor, which only the interpreter that made it can use",
    "multiprocessing.process.BaseProcess": "use symplast.InterpreterPoolExecutor",
    "concurrent.futures._base.Executor":
        "only the interpreter that made it can use it: submit from there, or make one in the worker",
    "concurrent.futures._base.Future": "use its result()",
    "builtins.generator": "use a list of its items, or put them into a symplast.Queue",
    "builtins.async_generator": "use a list of its items, or put them into a symplast.Queue",
    "builtins.coroutine": "submit a plain function that calls asyncio.run()",
    "builtins.memoryview": "use bytes() of it, or symplast.Array",
    "_io._IOBase": "use its path, and open the file where it is used",
    "_socket.socket": "use its fileno(), which is valid in the whole process, or connect in the worker",
    "sqlite3.Connection": "use its path, and connect where it is used",
    "ssl.SSLContext": "make it in the initializer= of the executor",
    "numpy.generic": "use its item(), the plain Python object",
    "numpy.ndarray": "use symplast.Array, which takes its numbers",
}

# The names under which users know the classes whose own names are others.
_SHOWN = {"_thread.lock": "threading.Lock", "_thread.RLock": "threading.RLock", "_thread._local": "threading.local",
          "_queue.SimpleQueue": "queue.SimpleQueue", "_socket.socket": "socket.socket"}  # fmt: skip

# By what was tried.
_OPERATIONS = {
    "Pool(number)": "a Pool is a region of memory; for workers, use symplast.InterpreterPoolExecutor({0})",
    "AtomicInt +":
        "an AtomicInt does not take part in arithmetic, because its value may change at any time; use a.value, or int(a)",
    "AtomicInt +=": "+= would read and write in two steps; use a.add(n), which is atomic",
    "AtomicInt -=": "-= would read and write in two steps; use a.add(-n), which is atomic",
    "AtomicInt ==": "an AtomicInt is compared with others by identity, not with numbers by value; use a.value == n, or int(a)",
    "AtomicInt <": "an AtomicInt has no order, because its value may change at any time; use a.value, or int(a)",
}

# No more objects than this are searched for the one that could not be sent.
_MOST = 100_000


def of(obj):
    """Return what to use in place of an object, as the end of a message, or an empty text."""
    for kind in type(obj).__mro__:
        use = _USE.get(_name_of(kind))
        if use is not None:
            return "; " + use
    return ""


def of_frozen(obj):
    """Return of() for an object that was to be frozen."""
    use = of(obj)
    return use + ", beside the frozen data" if use.startswith("; use symplast.") else use


def of_operation(operation):
    """Return the message for an operation that an object does not support; {0} in it stands for an argument."""
    return _OPERATIONS[operation]


def of_part(value):
    """Return of() the object in a value that has an alternative, after its place if it is not the value itself."""
    found = find(value)
    if found is None:
        return ""
    path, obj = found
    return f" (…{path})" * bool(path) + of(obj)


def explain(parts, error):
    """Return an error that says what to use in place of an object in parts of a task, or *error* if there is none.

    *parts* are pairs of a name and a value.
    """
    if isinstance(error, (_symplast.DeletedError, MemoryError, RecursionError)):
        return error
    for where, value in parts:
        found = find(value)
        if found is not None:
            path, obj = found
            name = _name_of(type(obj))
            shown = _SHOWN.get(name, name.removeprefix("builtins."))
            explained = _symplast.NotShareableError(f"{where}{path}: {shown} cannot be sent to another interpreter{of(obj)}")
            explained.__cause__ = error
            return explained
    return error


def find(value):
    """Return (path, object) of the first object in a value that has an alternative, or None."""
    # Breadth-first. An entry is the place of the container in the list, the step from there, and the object.
    seen, todo = {id(value)}, [(0, "", value)]
    for number, (_, _, obj) in enumerate(todo):
        if of(obj):
            return _path_to(todo, number), obj
        if len(todo) < _MOST:
            for step, each in _inside(obj):
                if id(each) not in seen:
                    seen.add(id(each))
                    todo.append((number, step, each))
    return None


def _path_to(todo, number):
    steps = []
    while number:
        number, step, _ = todo[number]
        steps.append(step)
    steps.reverse()
    return "".join(steps if len(steps) <= 20 else [*steps[:10], "…", *steps[-10:]])


def _inside(obj):
    # The places in an object that are pickled with it.
    kind = type(obj)
    if kind in (dict, collections.OrderedDict, collections.defaultdict):
        return [(f"[{key!r}]", value) for key, value in obj.items()]
    if kind in (list, tuple, collections.deque):
        return [(f"[{number}]", value) for number, value in enumerate(obj)]
    if kind in (set, frozenset):
        return [("{member}", value) for value in obj]
    if kind is types.MethodType:
        return [(".__self__", obj.__self__)]
    if kind is functools.partial:
        return [(".args", obj.args), (".keywords", obj.keywords)]
    from symplast.byvalue import parts

    if not parts.pickles_plainly(kind):
        return []
    return [(f".{name}", value) for name, value in parts.attributes_of(obj)]


def _name_of(kind):
    return f"{vars(type)['__module__'].__get__(kind)}.{vars(type)['__qualname__'].__get__(kind)}"
