"""What the tests of calls from extension modules into CPython run, in the main interpreter and in workers alike."""

import importlib
import sys
import threading
import time

from extension_tasks import together


def _own():
    """What no two interpreters have in common, for callbacks to tell where they run."""
    return id(sys.modules)


def visits(name="fx.gil"):
    """Callbacks with PyGILState_Ensure from threads of all kinds: what the functions returned, how many ran and whether here."""
    gil = importlib.import_module(name)
    me = gil.interpreters()[0]
    ran, results = [], {}
    for way in ("held", "released", "from_thread", "from_thread", "attached"):
        interpreter, *states, _ = getattr(gil, way)(lambda: ran.append(_own()))
        results[way] = interpreter == me, states
    return results, len(ran), set(ran) == {_own()}


def check_without_a_state():
    """PyGILState_Check in a thread of C that has called and is done."""
    import fx.gil as gil

    return gil.from_thread(int)[-1]


def named_interpreters():
    """Whether PyInterpreterState_Main and PyInterpreterState_Head name the interpreter that runs."""
    import fx.gil as gil

    me, main, head = gil.interpreters()
    return main == me, head == me


def visits_of_threads(threads=4, rounds=50):
    """Python threads that are called back from C threads and with the GIL released, many at once."""
    import fx.gil as gil

    me = gil.interpreters()[0]
    ran, seen = [], []

    def run():
        for _ in range(rounds):
            for way in (gil.from_thread, gil.released):
                seen.append(way(lambda: ran.append(_own()))[0] == me)

    together(run, threads)
    return len(ran), set(ran) == {_own()}, len(seen), all(seen)


def nested_visits():
    """A callback on a C thread that goes on to further C threads, and to those of another module's library."""
    import fx.gil as gil
    import fx.othergil as other

    ran = []

    def deeper(ways):
        ran.append((len(ways), _own() == here))
        if ways:
            ways[0](lambda: deeper(ways[1:]))

    here = _own()
    deeper([gil.from_thread, other.released, other.from_thread, gil.held, gil.attached])
    return len(ran), all(right for _, right in ran), gil.released(int)[1:5], other.held(int)[1:5]


def callbacks_that_do_much():
    """A callback on a C thread imports, raises, frees cycles, uses thread-locals, starts a Python thread and waits for it."""
    import fx.gil as gil

    seen, local = [], threading.local()

    def callback():
        local.value = getattr(local, "value", 0) + 1
        sys.modules.pop("fx.multi", None)
        module = importlib.import_module("fx.multi")
        cycle = [module]
        cycle.append(cycle)
        together(lambda: seen.append((_own() == here, threading.current_thread() is not threading.main_thread())), 2)
        seen.append((local.value, type(threading.current_thread()).__name__))
        try:
            raise ValueError("seen")
        except ValueError as error:
            seen.append(str(error))

    here = _own()
    gil.from_thread(callback)
    return seen, threading.active_count()


def unraisable():
    """An exception of a callback reaches the hook of the interpreter that it happened in."""
    import fx.gil as gil

    seen = []
    hook, sys.unraisablehook = sys.unraisablehook, lambda it: seen.append(repr(it.exc_value))
    try:
        gil.from_thread(lambda: 1 / 0)
    finally:
        sys.unraisablehook = hook
    return seen


def _let_pending_calls_run():
    # A thread that never gives its GIL away can overlook that a call was added: CPython 3.12.1 computes its flag without a lock.
    time.sleep(0)


def pending_calls():
    """A pending call runs in the interpreter whose library asked for it, whichever thread did."""
    import fx.gil as gil
    import fx.pending as pending

    me = gil.interpreters()[0]
    results = []
    for add in (pending.add_from_here, pending.add_from_thread) * 10:
        added = add()
        while (ran_in := pending.seen()) == -1:
            _let_pending_calls_run()
        results.append((added, ran_in == me))
    return set(results)


def pending_error():
    """An exception of a pending call is raised in the code that runs."""
    import fx.pending as pending

    try:
        added = pending.add_complaint()
        while True:
            _let_pending_calls_run()
    except ValueError as error:
        return str(error)


def thread_locals_and_pending_calls():
    """Threads with thread-local objects whose destructors add pending calls: all come.

    (At the process's end CPython 3.12 does not survive them.)
    """
    import fx.pendend as module

    def touch():
        module.touch()
        gone.append(None)

    gone = []
    together(touch, 3)
    while module.counts() != (3, 3):
        _let_pending_calls_run()
    return len(gone)


def touch():
    """Makes a thread-local object in the thread of the worker, which ends after the interpreter."""
    import fx.pendend as module

    return module.touch()


def start_late(*arguments):
    import fx.late as late

    late.start(*arguments)


def hammer(threads):
    """Starts threads of C that call PyGILState_Ensure and PyGILState_Release for ever."""
    import fx.late as late

    late.hammer(threads)


def relay(add):
    """Registers a callback with a library that all interpreters share, or has it call them all, five times.

    They note where they ran.
    """
    import fx.gil as gil
    import fx.userelay as module

    if add:
        here = _own()
        module.add(lambda: _relayed.append(_own() == here))
    else:
        module.call_all()
        module.call_all_held()
        gil.from_thread(module.call_all)
    return relayed()


def relayed():
    """How many callbacks of this interpreter have run, and whether all ran in it."""
    return len(_relayed), all(_relayed)


_relayed = []


def leave_thread_locals():
    """Registers a callback that leaves an object in the thread whose end calls back."""
    import fx.gil as gil
    import fx.userelay as module

    class Calling:
        def __del__(self):
            gil.held(lambda: _relayed.append(_own() == here))

    def callback():
        local.value = Calling()

    here, local = _own(), threading.local()
    module.add(callback)
