"""Interpreters as objects: the interface of PEP 734 (concurrent.interpreters in Python 3.14), on all versions.

    interpreter = symplast.Interpreter()            # or symplast.interpreters.create()
    interpreter.prepare_main(index=symplast.freeze({"spam": 3}))
    interpreter.exec("total = sum(index.values())")
    print(interpreter.call(eval, "total"))
    interpreter.close()

An interpreter runs on a thread of its own, which lives as long as the interpreter. Callers in all interpreters wait for that
thread, so threading.local and whatever C libraries keep for each thread last from one call to the next.
"""

import _thread
import atexit
import functools
import itertools
import marshal
import os
import sys
import threading
import time
import types
import weakref

from symplast import (
    _start, _symplast, alternatives, byvalue, crew, executor, privacy, processes, queues, resident, searchpath,
    signals, transport)
from symplast.byvalue import identity, tasks

__all__ = [
    "ExecutionFailed",
    "Interpreter",
    "InterpreterError",
    "InterpreterNotFoundError",
    "NotShareableError",
    "Queue",
    "QueueEmpty",
    "QueueFull",
    "create",
    "create_queue",
    "get_current",
    "get_main",
    "list_all",
]

NotShareableError = _symplast.NotShareableError
Queue, QueueEmpty, QueueFull = _symplast.Queue, queues.Empty, queues.Full


class InterpreterError(_symplast.SymplastError, RuntimeError):
    """An operation on an interpreter failed: it is running, was not made by symplast, or could not be made."""


class InterpreterNotFoundError(InterpreterError):
    """The interpreter is closed, or never existed."""


class ExecutionFailed(InterpreterError):
    """Code in another interpreter raised an exception, which exec() and call() did not catch.

    excinfo  a summary of the exception: type (with __name__, __qualname__ and __module__), msg, formatted, errdisplay
    """

    def __init__(self, excinfo):
        super().__init__(excinfo.formatted)
        self.excinfo = excinfo

    def __str__(self):
        return f"{super().__str__()}\n\nUncaught in the interpreter:\n\n{self.excinfo.errdisplay}"

    def __reduce__(self):
        return type(self), (self.excinfo,)


# The one object of each interpreter, by id.
_known = weakref.WeakValueDictionary()


class Interpreter:
    """An interpreter of this process.

    Interpreter() makes a new one, with its own GIL, and with the module path, arguments and policy for extension modules of the
    interpreter that calls it. Interpreter(id) finds one that exists. An interpreter that was not made here, such as the main one,
    has only id, whence and is_running().

    Within one interpreter there is one object for each id. Pickled objects, which executors and calls send, arrive as objects for
    the same interpreter. An interpreter is closed when the last object for it dies, when the interpreter that made it ends, or
    at the end of the program. Thread-safe.

    extensions, libraries: as in InterpreterPoolExecutor.
    """

    __slots__ = ("__weakref__", "_held", "_id", "_key", "_sender")

    def __new__(cls, /, *id, extensions=None, libraries=None):
        if not id:
            number, key = _make(extensions, libraries)
            return _known.setdefault(number, cls._new(number, key, held=True))
        if len(id) > 1:
            raise TypeError(f"Interpreter() takes at most one id, got {len(id)}")
        if extensions is not None or libraries is not None:
            raise TypeError("policies can only be given to a new interpreter")
        return cls._find(*id)

    @classmethod
    def _find(cls, id):
        if not isinstance(id, int):
            raise TypeError(f"id must be an int, got {id!r}")
        id = int(id)
        if id < 0:
            raise ValueError(f"interpreter ID must be a non-negative int, got {id}")
        known = _known.get(id)
        if known is not None:
            return known
        key = _symplast._session_find(id) if id < _NO_ID else None
        if key is None and not (id < _NO_ID and _symplast._interpreter_exists(id)):
            raise InterpreterNotFoundError(f"unrecognized interpreter ID {id}")
        self = cls._new(id, key, held=key is not None)
        if self._held and id == _symplast._interpreter_id():
            # An interpreter's object for itself does not keep the interpreter alive.
            self._release()
        return _known.setdefault(id, self)

    @classmethod
    def _new(cls, id, key, held):
        self = super().__new__(cls)
        self._id, self._key, self._held, self._sender = id, key, held, None
        return self

    def __repr__(self):
        return f"{type(self).__name__}({self._id})"

    def __hash__(self):
        return hash(self._id)

    def __reduce__(self):
        processes.refuse("Interpreter")
        return type(self), (self._id,)

    def __del__(self):
        self._release()

    # The default argument, because the module's globals may have been cleared at the end of the program.
    def _release(self, *, release=_symplast._session_release):
        if getattr(self, "_held", False):
            self._held = False
            release(self._key)

    @property
    def id(self):
        """The number of the interpreter, which no other one of the process ever has."""
        return self._id

    @property
    def whence(self):
        """How the interpreter was created, in the words of the standard library: 'C-API' for those made here."""
        return _whence(self._id) if self._key is None else _C_API

    def is_running(self):
        """Return whether the interpreter runs code of exec(), call() or prepare_main(). The main interpreter always does.

        InterpreterNotFoundError if it is closed.
        """
        running = _is_running(self._id) if self._key is None else _symplast._session_is_running(self._key)
        if running is None:
            raise self._not_found()
        return running

    def close(self):
        """End the interpreter: wait for its non-daemon threads, call its atexit functions, stop its daemon threads.

        InterpreterError if it is running or if one of its own threads calls this; InterpreterNotFoundError if it is closed.
        """
        done = _symplast._session_close(self._own_key("close"))
        if done is None:
            raise self._not_found()
        if not done:
            raise InterpreterError("interpreter running")

    def prepare_main(self, ns=None, /, **kwargs):
        """Bind values in the interpreter's __main__: those of *ns*, a dict or an iterable of pairs, and the keyword arguments.

        All values are bound, or none. They are sent as arguments of call() are. ValueError if there are none.
        """
        key = self._own_key("prepare")
        values = dict(kwargs) if ns is None else dict(ns, **kwargs)
        if not values:
            raise ValueError("prepare_main() needs at least one value")
        if not all(isinstance(name, str) for name in values):
            raise TypeError("the names for prepare_main() must be str")
        parts = ((f"value {name!r}", value) for name, value in values.items())
        excinfo = self._request(key, resident.PREPARE, *self._pack(values, parts))[1]
        if excinfo is not None:
            raise ExecutionFailed(excinfo)

    def exec(self, code, /):
        """Run code in the interpreter's __main__, and wait until it is done.

        *code* is source text, a code object, or a function without parameters and closure, whose code is run. An uncaught
        exception, SystemExit too, becomes ExecutionFailed. SyntaxError if the text cannot be compiled; InterpreterError if
        the interpreter is running; InterpreterNotFoundError if it is closed.

        Ctrl-C, or another exception of a signal handler, raises KeyboardInterrupt in the code, and is then raised here. Code
        that does not stop within half a second is left alone; the interpreter is running until that code ends.
        """
        excinfo = self._request(self._own_key("exec code for"), resident.EXEC, marshal.dumps(_script(code)), None)[1]
        if excinfo is not None:
            raise ExecutionFailed(excinfo)

    def call(self, callable, /, *args, **kwargs):
        """Call a function in the interpreter and return its result.

        Function, arguments and result are sent as executors send them: frozen and live objects by pointer, functions of the
        script by value, all other objects as pickle carries them. Functions of the script have the interpreter's __main__ as
        their globals. NotShareableError if something cannot be sent; otherwise the errors of exec().
        """
        return self._call(callable, args, kwargs)

    def call_in_thread(self, callable, /, *args, **kwargs):
        """Return a new thread, started, that makes the call. Its result is dropped; an error goes to threading.excepthook."""
        self._own_key("call in")
        thread = threading.Thread(target=self._call, args=(callable, args, kwargs))
        thread.start()
        return thread

    def _call(self, callable, args, kwargs):
        key = self._own_key("call in")
        parts = tasks.parts_of(callable, args, kwargs)
        result, excinfo = self._request(key, resident.CALL, *self._pack((callable, args, kwargs), parts))
        if excinfo is not None:
            raise ExecutionFailed(excinfo)
        return result

    def _pack(self, values, parts):
        # *parts* are the names and values that a message may speak of.
        if self._sender is None:
            self._sender = byvalue.Sender()
        try:
            return transport.send((_PREFIX, values), self._sender)
        except (_symplast.DeletedError, NotShareableError, MemoryError):
            raise
        except Exception as error:
            signals.let_through(error)
            explained = alternatives.explain(parts, error)
            if explained is not error:
                raise explained
            raise NotShareableError(str(error) or type(error).__name__) from error

    def _request(self, key, kind, data, parcel):
        answer = _symplast._session_request(key, kind + data, parcel)
        if answer is None:
            raise self._not_found()
        if answer is False:
            raise InterpreterError("interpreter already running")
        if isinstance(answer, str):
            raise InterpreterError(f"interpreter {self._id} ended while it ran the code: {answer or 'it was closed'}")
        kind, data, parcel = answer
        if kind == resident.FAILED:
            return None, _excinfo(marshal.loads(data))
        if kind == resident.UNSENDABLE:
            raise NotShareableError(data.decode("utf-8", "surrogatepass"))
        try:
            return transport.loads(data), None
        except (_symplast.DeletedError, NotShareableError, MemoryError):
            raise
        except Exception as error:
            signals.let_through(error)
            raise NotShareableError(f"the result cannot be received: {type(error).__name__}: {error}") from error

    def _own_key(self, verb):
        if self._key is None:
            raise InterpreterError(f"cannot {verb} unrecognized interpreter {self._id}: symplast.Interpreter() did not make it")
        return self._key

    def _not_found(self):
        return InterpreterNotFoundError(f"unrecognized interpreter ID {self._id}")


def create():
    """Return a new interpreter, as Interpreter() does."""
    return Interpreter()


def create_queue(maxsize=0):
    """Return a new symplast.Queue for at most *maxsize* elements, or any number of them. It can be passed to interpreters."""
    return Queue(maxsize)


def get_current():
    """Return the interpreter that calls this."""
    return Interpreter(_symplast._interpreter_id())


def get_main():
    """Return the main interpreter."""
    return Interpreter(0)


def list_all():
    """Return the interpreters that symplast knows, by rising id.

    They are the main one, those made here, the workers of executors, and others that have imported symplast.
    """
    found = []
    for id in _symplast._interpreter_ids():
        try:
            found.append(Interpreter(id))
        except InterpreterNotFoundError:
            # It has ended meanwhile.
            continue
    return found


# Larger numbers do not fit the type of CPython's ids.
_NO_ID = 1 << 63

# The bits by which an interpreter recognizes its own tokens.
_PREFIX = identity.new_id() >> identity.SENDER_SHIFT

_C_API = "C-API"


def _checkpoint():
    """Does nothing. CPython runs signal handlers and pending calls when it is called."""


def _script(code):
    if isinstance(code, str):
        return compile(code, "<script>", "exec", dont_inherit=True)
    if isinstance(code, types.FunctionType):
        if code.__closure__:
            raise ValueError("a function with a closure is not a script")
        code = code.__code__
    if not isinstance(code, types.CodeType):
        raise TypeError(f"exec() takes a str, a code object or a function, not {type(code).__name__}")
    if code.co_freevars:
        raise ValueError("code with free variables is not a script")
    if code.co_argcount or code.co_kwonlyargcount or code.co_flags & _TAKES_MORE:
        raise ValueError("code with parameters is not a script")
    if code.co_flags & _RETURNS_AT_ONCE:
        raise ValueError("the code of a generator or coroutine is not a script")
    return code


# *args and **kwargs; generators, coroutines and asynchronous generators.
_TAKES_MORE = 0x04 | 0x08
_RETURNS_AT_ONCE = 0x20 | 0x80 | 0x200


def _excinfo(parts):
    name, qualname, module, msg, formatted, errdisplay = parts
    kind = types.SimpleNamespace(__name__=name, __qualname__=qualname, __module__=module)
    return types.SimpleNamespace(type=kind, msg=msg, formatted=formatted, errdisplay=errdisplay)


@functools.cache
def _library():
    try:
        import _interpreters
    except ImportError:
        # CPython 3.12.
        import _xxsubinterpreters as _interpreters

    return _interpreters


def _whence(id):
    library = _library()
    if id == 0:
        return "runtime init"
    if not hasattr(library, "whence"):
        return "unknown"
    words = {
        library.WHENCE_LEGACY_CAPI: "legacy C-API",
        library.WHENCE_CAPI: _C_API,
        library.WHENCE_XI: "cross-interpreter C-API",
        library.WHENCE_STDLIB: "_interpreters module",
    }
    try:
        return words.get(library.whence(id), "unknown")
    except (RuntimeError, getattr(library, "InterpreterError", RuntimeError)):
        return "unknown"


def _is_running(id):
    try:
        return id == 0 or _library().is_running(id)
    except (RuntimeError, getattr(_library(), "InterpreterError", RuntimeError)):
        return None


# Runs in each new interpreter before symplast can be imported there.
_BOOT = b"""
import marshal, sys
settings = marshal.loads(settings)
sys.path[:] = settings["path"]
from symplast.resident import boot
boot(settings)
"""

# Seconds that the end of the program gives to code that it has interrupted, and between two looks.
_GRACE = 0.5
_PAUSE = 0.002

_numbers = itertools.count()
_homes = {}
_exiting = False


class _Thread(crew.Worker):
    """The thread on which an interpreter is created, runs and ends. A thread of the interpreter that makes it."""

    def run(self):
        reason = ""
        try:
            _symplast._name_thread(self.name.encode(errors="replace"))
            reason = self._crew.serve()
        finally:
            self._ended.set()
            _homes.pop(self._crew.key, None)
            _symplast._count_workers(-1)
            _symplast._session_end(self._crew.key, reason)


class _Home:
    """What the thread of one interpreter knows of it: a crew with one worker."""

    name_prefix = "Interpreter"

    def __init__(self, settings):
        self.channel = _symplast.Channel(_checkpoint)
        self.key = _symplast._session_new(self.channel)
        self._settings = settings
        self.thread = _Thread(self, next(_numbers))
        try:
            # The end of the program waits for other threads, which may still use the interpreter, before it closes it.
            self.thread.daemon = True
        except RuntimeError:
            # An interpreter that the program made may allow no daemon threads.
            _close_before_threads()

    def note(self, number, begun):
        """Called when the thread was started or could not be started."""
        if begun:
            _homes[self.key] = self
        else:
            _symplast._session_end(self.key, "its thread could not be started")

    def serve(self):
        """Create the interpreter, run it, and end it. Return what went wrong, or an empty text."""
        try:
            settings = marshal.dumps(self._settings | {"thread_name": self.thread.name})
            return self.channel.serve(_BOOT, settings, 0) or ""
        except BaseException as error:
            return str(error) or type(error).__name__


def _make(extensions, libraries):
    if _exiting:
        raise InterpreterError("the program is ending")
    policy = privacy.policy.copy()
    policy.update(extensions, libraries)
    try:
        _symplast._settle_process()
    except RuntimeError as error:
        raise InterpreterError(str(error)) from None
    executor._watch_forks()
    _close_at_exit()
    path, directories = searchpath.of_now()
    home = _Home({
        "path": path,
        "directories": directories,
        "argv": list(sys.argv),
        "initializer": None,
        "extensions": dict(policy.extensions),
        "libraries": dict(policy.libraries),
    })
    try:
        try:
            home.thread.begin()
        except RuntimeError as error:
            raise InterpreterError(f"interpreter creation failed: {error}") from None
        id = _symplast._session_await(home.key)
        if isinstance(id, int):
            return id, home.key
        if resident.NO_MEMORY in id:
            raise MemoryError(id)
        raise InterpreterError(f"interpreter creation failed: {id}")
    except BaseException:
        _symplast._session_release(home.key)
        raise


@functools.cache
def _close_at_exit():
    # The extension module's own function, which _settle_process() has registered, runs after this one.
    atexit.register(_at_exit)


@functools.cache
def _close_before_threads():
    threading._register_atexit(_at_exit)


def _at_exit():
    """Called when the interpreter ends. Closes the interpreters that it made, and waits until they have ended."""
    global _exiting
    if _exiting:
        return
    _exiting = True
    homes = list(_homes.values())
    for home in homes:
        home.channel.close()
    # Only daemon threads, or nobody, can still wait for the code that runs. At the end of the program nobody waits for code that
    # does not stop.
    ends_program = _thread._is_main_interpreter()
    keys = _symplast._session_keys() if ends_program else [home.key for home in homes]
    deadline = time.monotonic() + _GRACE
    while any([_symplast._session_interrupt(key) for key in keys]) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    if ends_program:
        for key in keys:
            _symplast._session_give_up(key)
    try:
        for home in homes:
            if _symplast._session_await_end(home.key):
                home.thread.wait()
    except KeyboardInterrupt:
        executor._die_of_interrupt()
        raise


def _refuse_in_child():
    # As in symplast.executor: no call may enter the extension module here.
    global _exiting
    _exiting = True
    _homes.clear()
    Interpreter.__new__ = Interpreter._request = Interpreter.is_running = Interpreter.close = _start.refuse
    Interpreter._release = _checkpoint_of
    for name in ("create", "get_current", "get_main", "list_all"):
        globals()[name] = _start.refuse


def _checkpoint_of(self):
    """Takes the place of Interpreter._release in a forked child."""


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_refuse_in_child)
