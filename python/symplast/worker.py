"""The code of a worker interpreter: it takes a task, runs it, and answers."""

import atexit
import builtins
import marshal
import sys
from _operator import itemgetter  # operator has it too, but imports more.

from symplast import _symplast, byvalue, output, privacy, searchpath, signals, transport
from symplast._symplast import ANSWER_EXCEPTION, ANSWER_RESULT, TaskInterrupted
from symplast.byvalue import identity


class InitializerFailed(Exception):
    """The initializer raised an exception. The message is its traceback."""


class Damaged(BaseException):
    """A task has removed what all Python code needs. The interpreter is replaced by a new one."""


def main(settings):
    """Serve the owner until it closes the channel."""
    sender = byvalue.Sender(reply=True)
    if settings["forwarding"] is not None:
        from symplast import forwarding

        forwarding.install(*settings["forwarding"])
    for name in settings["preload"]:
        _preload(name)
    if settings["initializer"] is not None:
        _initialize(settings["initializer"])
    essentials = _Essentials()
    while True:
        try:
            data = _symplast.worker_take()
            if data is None:
                return
            _symplast.worker_answer(*_run(data, sender, essentials))
            del data
        except (KeyboardInterrupt, TaskInterrupted) as exc:
            # An interrupt for the task that came before or after the task ran.
            try:
                _symplast.worker_answer(ANSWER_EXCEPTION, *_dump_exception(exc, sender))
            except RuntimeError:
                continue


class _Essentials:
    """The builtins and modules that a worker needs, as they are after the initializer.

    Other builtins and modules may be changed: programs have good reasons for that.
    """

    NAMES = (
        "BaseException", "Exception", "KeyboardInterrupt", "__import__", "all", "any", "dict", "getattr", "hasattr", "isinstance",
        "issubclass",
        "len", "list", "map", "object", "set", "str", "super", "tuple", "type", "vars",
    )  # fmt: skip

    def __init__(self):
        self._builtins = vars(builtins)
        self._modules = sys.modules
        self._get_builtins = itemgetter(*self.NAMES)
        self._get_modules = itemgetter("builtins", "sys", __name__)
        self._expected = self._look()

    def _look(self):
        return self._get_builtins(self._builtins), self._get_modules(self._modules)

    def check(self):
        """Raise Damaged if something is missing or replaced. Called after each task."""
        try:
            if self._look() == self._expected and sys.modules is self._modules and sys.meta_path:
                return
        except (LookupError, NameError, AttributeError):
            pass
        raise Damaged("the task removed or replaced modules or builtins that Python itself needs")


def _preload(name):
    try:
        __import__(name)
    except BaseException as exc:
        raise InitializerFailed(f"the module {name!r} of preload= cannot be imported\n{_describe(exc)[1]}") from None


def _initialize(data):
    try:
        initializer, initargs = transport.loads(data)
        initializer(*initargs)
    except BaseException as exc:
        raise InitializerFailed(_describe(exc)[1]) from None


def _run(data, sender, essentials):
    try:
        # A change of the owner's path may come first.
        fn, args, kwargs = transport.loads(data)[-3:]
        result = fn(*args, **kwargs)
    except BaseException as exc:
        essentials.check()
        return ANSWER_EXCEPTION, *_dump_exception(exc, sender)
    essentials.check()
    try:
        return ANSWER_RESULT, *transport.send(result, sender)
    except Exception as exc:
        return ANSWER_EXCEPTION, *_dump_exception(_explain(fn, result, exc), sender)
    except BaseException as exc:
        return ANSWER_EXCEPTION, *_dump_exception(exc, sender)


def _explain(fn, result, exc):
    # Imported late, because most workers send all results.
    from symplast import alternatives
    from symplast.byvalue import tasks

    try:
        if hasattr(result, "cr_frame"):
            # A coroutine that nobody will await.
            result.close()
        return alternatives.explain([(f"result of {tasks.name_of(fn)}", result)], exc)
    except Exception as error:
        signals.let_through(error)
        return exc


def _dump_exception(exc, sender):
    # An interrupt would now hit this function's work.
    _symplast.worker_shield()
    # The text is always sent: the exception may fail to unpickle in the owner.
    summary, text, sound = _describe(exc)
    data = parcel = None
    if sound:
        try:
            data, parcel = transport.send(exc, sender)
        except BaseException:
            data = parcel = None
    return marshal.dumps((data, summary, text)), parcel


def _describe(exc):
    """Return type and message of an exception as text, its traceback as text, and whether it could be formatted."""
    try:
        import traceback  # Imports many modules, which a worker without failures does not need.

        text = "".join(traceback.format_exception(exc))
        return "".join(traceback.format_exception_only(exc)).strip(), text, True
    except BaseException as failure:
        summary = f"{name_of_type(exc)}: <it cannot be formatted: {name_of_type(failure)}>"
        return summary, f"{_where(exc)}{summary}\n", False


def _where(exc):
    try:
        import traceback

        steps = traceback.format_tb(BaseException.__dict__["__traceback__"].__get__(exc))
        return "".join(["Traceback (most recent call last):\n", *steps])
    except BaseException:
        return ""


def name_of_type(obj):
    """Return the name of an object's type, without calling any method of the type."""
    names = vars(type)
    module = names["__module__"].__get__(type(obj))
    name = names["__qualname__"].__get__(type(obj))
    return name if module == "builtins" or type(module) is not str else f"{module}.{name}"


def boot(settings, serve=main):
    """Called by the boot code of executors and interpreters, which has set sys.path. serve(settings) runs until the end."""
    privacy.policy.update(settings["extensions"], settings["libraries"])
    searchpath.adopt(0, settings["path"], settings["directories"])
    sys.argv[:] = settings["argv"]
    identity.MAIN.foreign = True
    output.install()
    import threading

    # From 3.13 on this thread counts as one that other code has started. Such a thread is a daemon, and so would its threads be.
    threading.current_thread()._daemonic = False
    threading.current_thread().name = settings["thread_name"]
    names = vars(threading)
    del threading
    try:
        serve(settings)
    finally:
        _end_threads(names)
        _forget_this_thread(names)
        output.flush()


def _end_threads(threading):
    # CPython does this too when it ends the interpreter. But then nothing may wait for another interpreter to start or end,
    # because 3.12 starts and ends interpreters one at a time, and no daemon thread may be left.
    try:
        if not _symplast.worker_is_killed():
            _join_threads(threading)
            atexit._run_exitfuncs()
    except TaskInterrupted:
        # The worker was killed meanwhile. What is left counts as daemon threads.
        pass
    _symplast.worker_leave()
    others = (threading["_MainThread"], threading["_DummyThread"])
    if all(isinstance(thread, others) for thread in [*threading["_active"].values(), *threading["_limbo"].values()]):
        return
    try:
        from symplast import daemons
    except ImportError:
        # A task has damaged the interpreter, which stays with its threads until the program ends.
        return
    daemons.stop(threading)


def _forget_this_thread(threading):
    # CPython 3.13 keeps an object in the thread's own data whose finalizer notices the thread's end. It would run when the
    # interpreter has almost nothing left, and print an error.
    kept = threading.get("_thread_local_info")
    if kept is not None:
        vars(kept).pop("_track_dummy_thread_ref", None)


def _join_threads(threading):
    while threading["_threading_atexits"]:
        threading["_threading_atexits"].pop()()
    # This thread is the main thread on 3.12, and a dummy from 3.13 on, where the main thread is that of the process. A thread
    # that is just being started is not alive yet, but the thread that starts it is.
    others = (threading["_MainThread"], threading["_DummyThread"])
    while running := [thread for thread in threading["enumerate"]() if not (thread.daemon or isinstance(thread, others))
                      and thread.is_alive()]:
        for thread in running:
            thread.join()
