"""
The cells of the failure matrix: what a kind of failure does to each kind of object.

    python -c "import failure_cells; failure_cells.run('kill')"

runs a column and prints a line for each cell: the kind of object and what was observed, in the words of docs/coordination.md. A
cell that hangs ends the process with the stacks of all threads.
"""

import atexit
import concurrent.futures
import contextlib
import faulthandler
import functools
import gc
import json
import os
import signal
import sys
import threading
import time

import symplast
from symplast import _symplast, interpreters

import executor_tasks
import failure_subjects as subjects
import lock_waits

# A cell that takes longer hangs.
SECONDS = 40

COLUMNS = {}
EXECUTOR, INTERPRETER = "InterpreterPoolExecutor", "Interpreter"


def column(name):
    """Registers a function that yields (kind of object, observation) for each cell of a column."""
    return functools.partial(COLUMNS.setdefault, name)


def run(name):
    def watch():
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=sys.__stderr__)

    watch()
    for cell in COLUMNS[name]():
        print(json.dumps(cell), flush=True)
        watch()
    if name == "fork":
        faulthandler.cancel_dump_traceback_later()


def raised(call, *arguments):
    """The exception that a call raises."""
    try:
        result = call(*arguments)
    except BaseException as error:
        return error
    raise AssertionError(f"{call} returned {result!r}")


def named(error):
    """The exception as the page writes it."""
    return f"`{type(error).__name__}`"


# What workers do.


def wait_at(wait, shared, begun):
    """Waits at an object; the other interpreters see begun set."""
    begun.set()
    return wait(shared)


def use(free, waited, waiting, ended, fails=False):
    """Holds or uses one object of each kind, and leaves a daemon thread that waits at each of the others."""
    held(free, fails)
    for wait, shared in waited:
        threading.Thread(target=_wait_as_daemon, args=(wait, shared, waiting, ended), daemon=True).start()
    for _ in waited:
        waiting.acquire()


def _wait_as_daemon(wait, shared, waiting, ended):
    try:
        waiting.release()
        wait(shared)
    finally:
        ended.release()


def held(free, fails=False):
    """Takes what can be held, puts elements, sets the event; all of it ends in an exception if it fails."""
    for name in ("Queue", "SimpleQueue"):
        free[name].put("got")
        free[name].put("woken")
        free[name].get()
    free["Event"].set()
    locks = [free[name] for name in ("Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore")]
    if not fails:
        for lock in locks:
            lock.acquire()
        return
    with contextlib.ExitStack() as stack:
        for lock in locks:
            stack.enter_context(lock)
        raise LookupError("while all are held")


def hold_and_wait_at(wait, shared, free, begun):
    held(free)
    begun.release()
    wait(shared)


def call_in(interpreter, wait, shared):
    return interpreter.call(wait, shared)


# What the owner of each object leaves.


def left_by_owner(free):
    """What others find at the objects whose user has ended."""
    for name, lock in free.items():
        if name in ("Queue", "SimpleQueue"):
            assert lock.get_nowait() == "woken" and lock.empty()
            yield name, "elements stay, except those that it got"
        elif name in ("Lock", "RLock", "Condition"):
            assert isinstance(raised(lock.acquire), symplast.AbandonedError)
            assert lock.acquire(timeout=subjects.SECONDS)
            yield name, "`AbandonedError`, once; free then"
        elif name == "Event":
            assert lock.is_set()
            yield name, "stays as it is"
        elif name != "Barrier":
            assert not lock.acquire(timeout=0.01)
            lock.release()
            assert lock.acquire(timeout=subjects.SECONDS)
            yield name, "what it acquired is not given back"


@column("interpreter ends")
def interpreter_ends():
    free, waiting, ended = subjects.free(), symplast.Semaphore(0), symplast.Semaphore(0)
    waited = [(subject, subject.make()) for subject in subjects.PRIMITIVES]
    with symplast.InterpreterPoolExecutor(1) as executor:
        executor.submit(use, free, [(subject.wait, shared) for subject, shared in waited], waiting, ended).result()
    for _ in waited:
        assert ended.acquire(blocking=False), "a thread outlived its interpreter"
    for subject, shared in waited:
        if subject.name == "Barrier":
            found = "breaks if a thread of it waits" if shared.broken else "does not break"
            shared.reset()
        subject.usable(shared)
    yield from left_by_owner(free)
    yield "Barrier", found
    interpreter, done = symplast.Interpreter(), symplast.Event()
    interpreter.prepare_main(done=done)
    interpreter.exec("import failure_cells as cells, symplast; executor = symplast.InterpreterPoolExecutor(1)")
    interpreter.exec("executor.submit(cells.set_late, done)")
    interpreter.close()
    assert done.is_set()
    yield EXECUTOR, "its tasks are done first"
    owner, ids = symplast.Interpreter(), symplast.List()
    owner.prepare_main(ids=ids)
    owner.exec("import symplast; made = symplast.Interpreter(); ids.append(made.id)")
    made = symplast.Interpreter(ids[0])
    owner.close()
    yield INTERPRETER, f"is closed: {named(raised(made.exec, 'pass'))}"


def set_late(event):
    time.sleep(0.1)
    event.set()


@column("exception")
def exception():
    free = subjects.free()
    executor = symplast.InterpreterPoolExecutor(1)
    future = executor.submit(held, free, True)
    yield EXECUTOR, "the future has it" if isinstance(raised(future.result), LookupError) else "lost"
    for name, lock in free.items():
        if name in ("Queue", "SimpleQueue"):
            assert lock.get_nowait() == "woken" and lock.empty()
            yield name, "elements stay, except those that it got"
        elif name == "Event":
            assert lock.is_set()
            yield name, "stays as it is"
        elif name != "Barrier":
            assert lock.acquire(timeout=subjects.SECONDS)
            yield name, "`with` releases it"
    barrier = symplast.Barrier(2, fail)
    waiter = lock_waits.Waiter(barrier.wait)
    subjects.await_waiters(barrier)
    assert isinstance(raised(executor.submit(barrier.wait).result), ZeroDivisionError)
    yield "Barrier", f"of its action breaks it: {named(raised(waiter.end))} for the others"
    executor.shutdown()
    interpreter = symplast.Interpreter()
    error = raised(interpreter.call, held, subjects.free(), True)
    assert error.excinfo.type.__name__ == "LookupError" and interpreter.call(abs, -1) == 1
    yield INTERPRETER, named(error)


def fail():
    raise ZeroDivisionError


@column("cancel")
def cancel():
    executor = symplast.InterpreterPoolExecutor(1)
    for subject in subjects.PRIMITIVES:
        shared = subject.make()
        future = executor.submit(subject.wait, shared)
        subjects.await_waiters(shared)
        assert future.interrupt()
        error = raised(future.result)
        assert isinstance(error, concurrent.futures.CancelledError), error
        assert _symplast._waiters(shared) == 0
        broken = subject.name == "Barrier" and shared.broken
        subject.usable(shared)
        yield subject.name, named(error.__cause__) + (", and it breaks" if broken else "")
    event = symplast.Event()
    running, queued = executor.submit(event.wait), executor.submit(abs, -1)
    subjects.await_waiters(event)
    assert queued.cancel() and not running.cancel() and queued.cancelled()
    assert isinstance(raised(queued.result), concurrent.futures.CancelledError)
    event.set()
    assert running.result() is True
    yield EXECUTOR, "`CancelledError` if it is queued; a running task goes on"
    interpreter, event = symplast.Interpreter(), symplast.Event()
    future = executor.submit(call_in, interpreter, subjects.wait, event)
    subjects.await_waiters(event)
    future.interrupt()
    error = raised(future.result).__cause__
    assert interpreter.call(abs, -1) == 1
    yield INTERPRETER, f"{named(error)}, in its code, too"
    executor.shutdown()


@column("timeout")
def timeout():
    for subject in subjects.PRIMITIVES:
        shared = subject.make()
        outcome = subject.attempt(shared)
        subject.usable(shared)
        yield subject.name, outcome
    with symplast.InterpreterPoolExecutor(1) as executor:
        limited = executor.with_options(timeout=0.05)
        error = raised(limited.submit(symplast.Event().wait).result)
        assert executor.submit(abs, -1).result() == 1
        yield EXECUTOR, f"{named(error)} of `with_options(timeout=…)`"
        interpreter = symplast.Interpreter()
        error = raised(limited.submit(call_in, interpreter, subjects.wait, symplast.Event()).result)
        assert interpreter.call(abs, -1) == 1
        yield INTERPRETER, f"{named(error)} of a task that calls it"


@column("Ctrl-C")
def interrupt():
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupted(wait, shared, awaited=None):
        def press():
            subjects.await_waiters(shared if awaited is None else awaited)
            os.kill(os.getpid(), signal.SIGINT)

        presser = lock_waits.Waiter(press)
        error = raised(wait, shared)
        presser.end()
        return error

    for subject in subjects.PRIMITIVES:
        # Often: some signals come when the thread has looked for signals and does not sleep yet.
        for _ in range(5):
            shared = subject.make()
            error = interrupted(subject.wait, shared)
            assert _symplast._waiters(shared) == 0
            broken = subject.name == "Barrier" and shared.broken
            subject.usable(shared)
        yield subject.name, named(error) + (", and it breaks" if broken else "")
    event = symplast.Event()
    executor = symplast.InterpreterPoolExecutor(1)
    future = executor.submit(event.wait)
    error = interrupted(lambda _: future.result(), event)
    assert not future.done()
    try:
        raise error
    except KeyboardInterrupt:
        executor.shutdown(wait=False, cancel_futures=True)
    assert raised(future.result) is not None
    executor.shutdown()
    yield EXECUTOR, f"{named(error)}; `shutdown(wait=False, cancel_futures=True)` ends the tasks"
    interpreter, event = symplast.Interpreter(), symplast.Event()
    error = interrupted(lambda _: interpreter.call(event.wait), event)
    assert interpreter.call(abs, -1) == 1
    yield INTERPRETER, f"{named(error)}, in its code, too"


@column("kill")
def kill():
    waited = [(subject, subject.make(), subjects.free()) for subject in subjects.PRIMITIVES]
    executor, begun = symplast.InterpreterPoolExecutor(len(waited)), symplast.Semaphore(0)
    futures = [executor.submit(hold_and_wait_at, subject.wait, shared, free, begun) for subject, shared, free in waited]
    for _, shared, _ in waited:
        subjects.await_waiters(shared)
    executor.kill_workers()
    errors = [raised(future.result) for future in futures]
    executor.shutdown()
    for subject, shared, free in waited:
        broken = subject.name == "Barrier" and shared.broken
        if subject.name == "Barrier":
            shared.reset()
        subject.usable(shared)
        found = dict(left_by_owner(free))
        yield subject.name, found.get(subject.name, "breaks if a thread of it waits" if broken else "does not break")
    assert len({named(error) for error in errors}) == 1
    yield EXECUTOR, f"{named(errors[0])} for its tasks"
    interpreter, event = symplast.Interpreter(), symplast.Event()
    executor = symplast.InterpreterPoolExecutor(1)
    future = executor.submit(call_in, interpreter, subjects.wait, event)
    subjects.await_waiters(event)
    executor.kill_workers()
    raised(future.result)
    executor.shutdown()
    assert interpreter.call(abs, -1) == 1
    yield INTERPRETER, "its code is interrupted with the caller"


def _deleted(pool, delete):
    """What becomes of threads that wait at objects, here and in a worker, and of later calls, when the objects are deleted."""
    with pool.allocating():
        waited = [(subject, subject.make()) for subject in subjects.PRIMITIVES]
    waiters = [lock_waits.Waiter(subject.wait, shared) for subject, shared in waited]
    for _, shared in waited:
        subjects.await_waiters(shared)
    delete([shared for _, shared in waited])
    for waiter, (subject, shared) in zip(waiters, waited):
        error, later = raised(waiter.end), raised(subject.wait, shared)
        assert type(error) is type(later)
        yield subject.name, named(error)


@column("pool deleted")
def pool_deleted():
    pool = symplast.Pool("deleted")
    yield from _deleted(pool, lambda _: pool.delete())
    pool = symplast.Pool("of tasks")
    with pool.allocating():
        numbers, waited = symplast.List([1]), symplast.Event()
    executor, interpreter = symplast.InterpreterPoolExecutor(1), symplast.Interpreter()
    running, queued = executor.submit(waited.wait), executor.submit(len, numbers)
    call = lock_waits.Waiter(interpreter.call, waited.wait)
    subjects.await_waiters(waited, 2)
    pool.delete()
    errors = {type(raised(future.result)) for future in (running, queued, executor.submit(len, numbers))}
    assert errors == {symplast.DeletedError}, errors
    assert executor.submit(abs, -1).result() == 1
    executor.shutdown()
    yield EXECUTOR, "`DeletedError` for tasks that use it"
    error, later = raised(call.end), raised(interpreter.call, len, numbers)
    assert error.excinfo.type.__name__ == "DeletedError" and isinstance(later, symplast.DeletedError)
    assert interpreter.call(abs, -1) == 1
    yield INTERPRETER, "`DeletedError` for calls that use it"


@column("object deleted")
def object_deleted():
    pool = symplast.Pool("objects")
    yield from _deleted(pool, lambda waited: [symplast.delete(shared) for shared in waited])
    pool.delete()
    event, executor = symplast.Event(), symplast.InterpreterPoolExecutor(1)
    running, queued = executor.submit(event.wait), executor.submit(abs, -1)
    subjects.await_waiters(event)
    del executor
    gc.collect()
    event.set()
    assert running.result() is True and queued.result() == 1
    yield EXECUTOR, "its tasks are done first"
    interpreter = symplast.Interpreter()
    id = interpreter.id
    del interpreter
    gc.collect()
    yield INTERPRETER, f"is closed: {named(raised(symplast.Interpreter, id))}"


@column("out of memory")
def out_of_memory():
    for subject in subjects.PRIMITIVES:
        def attempt(kind=getattr(symplast, subject.name), name=subject.name):
            shared = kind(*([2] if name == "Barrier" else []))
            if hasattr(shared, "put"):
                shared.put("text " * 10)
            return shared

        errors, n, failed = set(), 0, True
        kept = subject.make()
        while failed:
            n += 1
            _symplast._fail_at(n)
            try:
                attempt()
                if hasattr(kept, "put"):
                    kept.put("text " * 10)
            except BaseException as error:
                errors.add(named(error))
            finally:
                failed = _symplast._fail_at(0)
        if hasattr(kept, "put"):
            # As many elements as puts that did not raise.
            assert [kept.get() for _ in range(kept.qsize())] == ["text " * 10]
        assert n > 1
        subject.usable(kept)
        yield subject.name, " ".join(errors)
    with symplast.InterpreterPoolExecutor(1) as executor:
        error = raised(executor.submit(bytes, 1 << 60).result)
        assert executor.submit(abs, -1).result() == 1
        yield EXECUTOR, f"{named(error)} for the task"
    interpreter = symplast.Interpreter()
    error = raised(interpreter.call, bytes, 1 << 60)
    assert interpreter.call(abs, -1) == 1
    yield INTERPRETER, f"{named(error)} with `{error.excinfo.type.__name__}`"


@column("fork")
def fork():
    # faulthandler's watchdog is a thread that a forked child does not have, and waits for.
    faulthandler.cancel_dump_traceback_later()
    signal.alarm(SECONDS)
    waited = [(subject, subject.make()) for subject in subjects.PRIMITIVES]
    waiters = [lock_waits.Waiter(subject.wait, shared) for subject, shared in waited]
    for _, shared in waited:
        subjects.await_waiters(shared)
    output, answers = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        names = {subject.name: named(raised(subject.wait, shared)) for subject, shared in waited}
        os.write(answers, json.dumps(names).encode())
        # The child ends as programs do.
        sys.exit(0)
    os.close(answers)
    with open(output) as answer:
        names = json.load(answer)
    assert os.waitpid(child, 0)[1] == 0, "the child did not end well"
    for (subject, shared), waiter in zip(waited, waiters):
        subject.wake(shared)
        assert waiter.end() is not False
        yield subject.name, f"{names[subject.name]} in the child"
    with symplast.InterpreterPoolExecutor(1) as executor:
        executor.submit(abs, -1).result()
        error = raised(os.fork)
        assert executor.submit(abs, -1).result() == 1
        yield EXECUTOR, f"{named(error)} of `os.fork()` while it has workers"
    interpreter = symplast.Interpreter()
    error = raised(os.fork)
    assert interpreter.call(abs, -1) == 1
    interpreter.close()
    yield INTERPRETER, f"{named(error)} of `os.fork()` while it is open"


def _wait_until_the_end(wait, shared):
    threading.Thread(target=wait, args=(shared,), daemon=True).start()
    subjects.await_waiters(shared)


@column("interpreter shutdown")
def shutdown():
    """Printed before the end of the program; the status tells whether it ends."""
    late = []
    for subject in subjects.PRIMITIVES:
        shared, other = subject.make(), subject.make()
        _wait_until_the_end(subject.wait, shared)
        _wait_until_the_end(subject.wait, other)
        late.append((subject, other))
        yield subject.name, "daemon threads that wait are stopped"

    def wake():
        # Waiters that are woken at the end find nobody who gives them the GIL.
        for subject, shared in late:
            subject.wake(shared)

    atexit.register(wake)
    executor, done = symplast.InterpreterPoolExecutor(1), symplast.Event()
    executor.submit(set_late, done)
    atexit.register(lambda: done.is_set() or os._exit(3))
    yield EXECUTOR, "the program waits for its tasks"
    interpreter, event = symplast.Interpreter(), symplast.Event()
    _wait_until_the_end(lambda event: interpreter.call(event.wait), event)
    sys.kept = interpreter
    yield INTERPRETER, "code for which a daemon thread waits is interrupted"
