"""What the tests of the executor run in workers. Imported there, so it imports little."""

import contextvars
import os
import sys

seen = []


def give(*args, **kwargs):
    """Returns its arguments; one positional argument alone."""
    if kwargs or len(args) != 1:
        return args, kwargs
    return args[0]


def square(x):
    return x * x


def add(x, y=0):
    return x + y


def fail(kind, *args):
    raise kind(*args)


def interpreter():
    """A number that differs between interpreters: the address of a thing that each has for itself."""
    return id(sys.modules)


def announce_and_wait(announce, gate, value=None):
    """Writes a byte to one pipe, waits for one from the other, and returns value: in C code all the time."""
    os.write(announce, b"s")
    os.read(gate, 1)
    return value


def announce_and_loop(announce):
    """Writes a byte and then computes in Python for ever."""
    os.write(announce, b"s")
    while True:
        pass


def announce_and_return(announce, value=None):
    os.write(announce, b"s")
    return value


def remember(value):
    """Keeps a value in the worker: as an initializer, for recall()."""
    seen.append(value)


variable = contextvars.ContextVar("variable", default=0)


def exchange_context(value):
    """Sets a context variable and returns its value of before."""
    before = variable.get()
    variable.set(value)
    return before


def recall():
    return list(seen)


class Box:
    """A value with equality, pickled the ordinary way."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is Box and self.value == other.value

    def get(self):
        return self.value


class Refuses:
    """Cannot be pickled."""

    def __reduce__(self):
        raise ValueError("not me")


class Explodes:
    """Can be pickled, but not unpickled."""

    def __setstate__(self, state):
        raise LookupError("in __setstate__")

    def __getstate__(self):
        return {"a": 1}


class ExplodesBadly(Explodes):
    def __setstate__(self, state):
        raise KeyboardInterrupt("in __setstate__")


class ExplodesElsewhere:
    """Can be unpickled in the interpreter it comes from alone."""

    def __init__(self):
        self.home = interpreter()

    def __setstate__(self, state):
        if state["home"] != interpreter():
            raise LookupError("away from home")
        self.__dict__.update(state)


class PlainError(Exception):
    """With an argument and attributes."""


class NeedsTwo(Exception):
    """Unpickling fails: BaseException.__reduce__ passes one argument."""

    def __init__(self, first, second):
        super().__init__(first)
        self.second = second


class HoldsLambda(Exception):
    """Pickling fails."""

    def __init__(self, text):
        super().__init__(text)
        self.held = Refuses()


class BadText(Exception):
    """Neither pickled nor printed."""

    def __init__(self):
        super().__init__(Refuses())

    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class Root(BaseException):
    """Not an Exception."""


def raise_with_notes():
    error = PlainError("with notes")
    error.add_note("first note")
    error.add_note("second note")
    error.extra = {"k": 1}
    raise error


def raise_group():
    raise ExceptionGroup("several", [ValueError(1), TypeError("two"), ExceptionGroup("inner", [KeyError("three")])])


def raise_from():
    try:
        raise KeyError("inner")
    except KeyError as error:
        raise PlainError("outer") from error


def nested(depth):
    """A list in a list in a list…"""
    value = []
    for _ in range(depth):
        value = [value]
    return value


def make(name):
    """An instance of one of the classes above, made in the worker."""
    return globals()[name]()


def interpreter_of(_):
    return interpreter()


def freeze_and_tell(value):
    """The frozen value and its address."""
    import symplast

    frozen = symplast.freeze(value)
    return frozen, id(frozen)


def freeze_and_keep(pool, value):
    seen.append(pool.freeze(value))


def look_at_kept():
    """Reads what freeze_and_keep froze; its pool may be deleted."""
    return len(seen[0][0])


def freeze_allocating(pool, value):
    import symplast

    with pool.allocating():
        inside = symplast.freeze(value)
    return inside, symplast.freeze(value)


def pool_name_of(value):
    import symplast

    return symplast.pool_of(value).name


def raise_cycle():
    error = PlainError("cycle")
    error.me = error
    raise error


def recurse():
    return recurse()


def demand_byte(fd):
    if not os.read(fd, 1):
        raise EOFError("no byte left")


def loop_and_clean_up(announce):
    """Computes for ever; writes "clean" when it is interrupted, after a while of computing."""
    os.write(announce, b"s")
    try:
        while True:
            pass
    finally:
        for _ in range(1000):
            pass
        os.write(1, b"clean\n")


def use_executor():
    import symplast

    with symplast.InterpreterPoolExecutor(1) as executor:
        assert executor.submit(square, 3).result() == 9


def squares_in_workers(count):
    import symplast

    with symplast.InterpreterPoolExecutor(2) as executor:
        return list(executor.map(square, range(count)))


def forget_executor(n):
    import symplast

    executor = symplast.InterpreterPoolExecutor(1)
    seen.append(executor)
    return executor.submit(square, n).result()


def through_workers(depth, value):
    """Sends a value through that many more interpreters."""
    import symplast

    if depth == 0:
        return value
    with symplast.InterpreterPoolExecutor(1) as executor:
        return executor.submit(through_workers, depth - 1, value).result()


def square_in_threads(count):
    import threading

    results = [None] * count

    def put(n):
        results[n] = square(n)

    threads = [threading.Thread(target=put, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def square_in_thread_pool(count):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as executor:
        return list(executor.map(square, range(count)))


def leave_thread(announce, gate):
    import threading

    threading.Thread(target=announce_and_wait, args=(announce, gate)).start()


def leave_thread_pool(announce, gate):
    from concurrent.futures import ThreadPoolExecutor

    seen.append(ThreadPoolExecutor(1))
    seen[-1].submit(announce_and_wait, announce, gate)


def leave_raw_thread(announce, gate, value):
    """A thread that threading knows nothing of; await_raw_thread() waits for its last Python code."""
    import _thread

    ended = _thread.allocate_lock()
    ended.acquire()

    def run():
        announce_and_wait(announce, gate, value)
        ended.release()

    _thread.start_new_thread(run, ())
    seen.append(ended)


def await_raw_thread():
    import _thread

    seen[-1].acquire()
    while _thread._count():
        pass


def look_up(module, name):
    import importlib

    return getattr(importlib.import_module(module), name)


def try_import(name):
    """None, or why the module cannot be imported."""
    import importlib

    try:
        importlib.import_module(name)
    except ImportError as error:
        return str(error)


def call_by_name(path, *arguments):
    import pkgutil

    return pkgutil.resolve_name(path)(*arguments)


class PipeEvent:
    """Does what threading.Event does, across interpreters: where the tests pass an event to a task."""

    def __init__(self):
        self._read, self._write = os.pipe()

    def set(self):
        os.write(self._write, b"s")

    def wait(self, timeout=None):
        import select

        return bool(select.select([self._read], [], [], timeout)[0])
