"""InterpreterPoolExecutor: concurrent.futures on interpreters with their own GIL, in the threads of one process."""

import _thread
import atexit
import collections
import functools
import itertools
import marshal
import os
import signal
import sys
import threading
import time
import weakref
from concurrent.futures import _base, thread

from symplast import _start, _symplast, alternatives, byvalue, privacy, searchpath, signals, transport
# Imported here and not when the first definition is written: a signal handler might interrupt that import.
from symplast.byvalue import crossings, tasks
from symplast.byvalue import writer as _writer
from symplast.crew import BrokenInterpreterPool, Crew
from symplast.crew import stop as _stop
from symplast.future import InterpreterFuture, RemoteError, take_back

__all__ = ["BrokenInterpreterPool", "InterpreterPoolExecutor", "RemoteError"]

_crews = weakref.WeakSet()
_exiting = False
_in_child = False


# A ThreadPoolExecutor, as the standard library's InterpreterPoolExecutor is from 3.14 on: asyncio demands that of a default
# executor. No method of ThreadPoolExecutor is used.
class InterpreterPoolExecutor(thread.ThreadPoolExecutor):
    """Runs calls in worker interpreters, each with its own GIL, in threads of this process, on all cores at once.

    The interface is that of concurrent.futures.Executor. Frozen objects, live objects and pools cross by pointer, alone or
    anywhere inside arguments and results; all other objects cross as pickle carries them. Functions and classes of the running
    script, lambdas and closures are sent by value, so no ``if __name__ == "__main__"`` guard is needed. Thread-safe.

        data = symplast.freeze(list(range(1_000_000)))
        with symplast.InterpreterPoolExecutor() as executor:
            print(executor.submit(sum, data).result())
    """

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=(), *, extensions=None,
                 libraries=None):
        """Make an executor. Workers start as tasks need them.

        max_workers         the largest number of workers; by default the number of usable cores
        thread_name_prefix  the beginning of the names of the workers' threads
        initializer         a function that each worker calls with *initargs* before its first task
        extensions          how workers load extension modules that do not declare support for several interpreters:
                            "private" (a private copy in each worker), "refuse" (ImportError), or a dict of policies by the
                            name of a module or package, which may also be "shared" (loaded without CPython's check)
        libraries           a dict of "private" or "shared" by a pattern of the file names of libraries

        Modules and libraries that are not named are loaded as symplast.extensions.policy says. ValueError or TypeError for a
        wrong argument; RuntimeError if workers cannot run in this process. An initializer that cannot be pickled raises here.
        """
        if max_workers is None:
            max_workers = _usable_cores()
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        policy = privacy.policy.copy()
        policy.update(extensions, libraries)
        _symplast._settle_process()
        _watch_forks()
        self._max_workers = max_workers
        self._sender = byvalue.Sender()
        self._shutdown = False
        start, parcel = transport.send((initializer, tuple(initargs)), self._sender) if initializer else (None, None)
        self._path_changes = searchpath.Changes()
        path, directories = searchpath.of_now()
        settings = {
            "path": path,
            "directories": directories,
            "argv": list(sys.argv),
            "initializer": start,
            "extensions": dict(policy.extensions),
            "libraries": dict(policy.libraries),
        }
        prefix = thread_name_prefix or "InterpreterPoolExecutor-%d" % _next_number()
        self._crew = Crew(marshal.dumps(settings), parcel, prefix, max_workers)
        self._channel = self._crew.channel
        _crews.add(self._crew)
        # When the executor is collected, its workers finish the queued tasks and end.
        self._finalizer = weakref.finalize(self, self._channel.close)
        self._finalizer.atexit = False

    def __reduce__(self):
        raise TypeError("cannot pickle an executor: it belongs to the interpreter that made it")

    # Private attributes of the standard library's executors, which some code reads.
    @property
    def _threads(self):
        return self._crew.threads

    @property
    def _broken(self):
        return self._crew.broken

    @property
    def _thread_name_prefix(self):
        return self._crew.name_prefix

    def submit(self, fn, /, *args, **kwargs):
        """Schedule fn(*args, **kwargs) in a worker and return its Future.

        An argument that cannot be pickled becomes the exception of the future, which says what to use instead if that is known.
        RuntimeError after shutdown() or if no thread can
        be started, MemoryError if a worker has not enough memory to start, BrokenInterpreterPool if a worker could not be
        initialized.
        """
        if _in_child:
            # A bound method that was obtained before the fork still leads here.
            _start.refuse()
        future = InterpreterFuture()
        change = self._path_changes.latest()
        try:
            data, parcel = transport.send((fn, args, kwargs) if change is None else (change, fn, args, kwargs), self._sender)
        except Exception as exc:
            signals.let_through(exc)
            # Raises in a child that C code has forked, where no fork handler has run.
            _symplast.current_pool()
            self._check_usable()
            future.end(_base.FINISHED, exception=alternatives.explain(tasks.parts_of(fn, args, kwargs), exc))
            return future
        if len(data) >= crossings.LARGE:
            crossings.note_task(fn, args, kwargs, lambda value: transport.send(value, self._sender)[0])
        if crossings.pending:
            crossings.warn()
        self._check_usable()
        future._channel = self._channel
        try:
            if not self._channel.put(future, data, parcel):
                self._check_usable()
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._crew.man(min(self._max_workers, self._channel.unanswered))
        except BaseException:
            # No worker could be started, or a signal handler raised. The caller gets no future, and may submit the call again.
            future.cancel()
            raise
        return future

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Return an iterator over the results of fn(*args) for each args of zip(*iterables), in order.

        This is Executor.map of Python 3.14, on all versions. Tasks are submitted when map() is called.

        timeout     seconds from the call of map() after which a missing result raises TimeoutError; None for no limit
        chunksize   the number of calls that are sent as one task
        buffersize  the largest number of submitted tasks whose results have not been asked for; the iterables may then be endless

        ValueError or TypeError for a wrong chunksize or buffersize, and the errors of submit(). The first exception of a call is
        raised by the iterator, which then ends.
        """
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        end = None if timeout is None else timeout + time.monotonic()
        calls = zip(*iterables)
        if chunksize == 1:
            return _results(self, fn, calls, end, buffersize)
        return _flatten(
            _results(self, functools.partial(_run_chunk, fn), zip(itertools.batched(calls, chunksize)), end, buffersize))

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Accept no more calls, and let the workers end when the queued tasks are done.

        wait            whether to wait until the workers have ended
        cancel_futures  whether to cancel the queued tasks instead of running them
        """
        self._shutdown = True
        self._channel.close()
        if cancel_futures:
            take_back(self._channel.drain)
        if wait:
            self._crew.join()

    def __exit__(self, exc_type, exc_value, traceback):
        if exc_type is not None and issubclass(exc_type, KeyboardInterrupt):
            # Whoever pressed Ctrl-C does not want to wait for the tasks.
            self._shutdown = True
            _stop([self._crew])
        else:
            self.shutdown()
        return False

    def _check_usable(self):
        if self._crew.broken is not None:
            raise self._crew.error()
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if _exiting:
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")


_next_number = itertools.count().__next__


def _usable_cores():
    count = getattr(os, "process_cpu_count", None)
    return (count() if count else len(os.sched_getaffinity(0))) or 1


def _run_chunk(fn, chunk):
    return [fn(*args) for args in chunk]


def _results(executor, fn, calls, end, buffersize):
    # The tasks are submitted now, not when the first result is asked for. The iterator holds no reference to the executor.
    futures = collections.deque()
    try:
        for args in itertools.islice(calls, buffersize):
            futures.append(executor.submit(fn, *args))
    except BaseException:
        _cancel_all(futures)
        raise
    return _results_of(futures, weakref.ref(executor), fn, calls, end, buffersize)


def _results_of(futures, executor, fn, calls, end, buffersize):
    try:
        while futures:
            if buffersize and (alive := executor()) and (args := next(calls, None)):
                futures.append(alive.submit(fn, *args))
            # No reference to the executor is held while waiting for a result.
            alive = args = None
            # The result is not bound to a name here, which would keep it alive.
            yield _take_result(futures, end)
    finally:
        _cancel_all(futures)


def _take_result(futures, end):
    future = futures.popleft()
    try:
        return future.result(None if end is None else end - time.monotonic())
    finally:
        future.cancel()
        # The cycle of an exception and its traceback would keep the future alive.
        del future


def _cancel_all(futures):
    for future in futures:
        future.cancel()


def _flatten(lists):
    # The list is reversed and popped, so that it does not hold results that were handed over.
    for items in lists:
        items.reverse()
        while items:
            yield items.pop()


def _at_exit():
    """Called before the interpreter ends. Waits for the workers to finish, or stops them if Ctrl-C ends the program."""
    global _exiting
    _exiting = True
    crews = list(_crews)
    for crew in crews:
        crew.channel.close()
    interrupted = isinstance(getattr(sys, "last_exc", None), KeyboardInterrupt)
    die = False
    try:
        for crew in crews:
            if not (interrupted or crew.stopped):
                crew.join()
    except KeyboardInterrupt:
        interrupted = die = True
    # Crews that an earlier Ctrl-C stopped are not waited for either.
    ended = _stop([crew for crew in crews if interrupted or crew.stopped])
    if die or not ended:
        _die_of_interrupt()
    if interrupted:
        _remember_interrupt()


def _remember_interrupt():
    # CPython remembers for the exit status that KeyboardInterrupt ended the program. It forgets this when any interpreter runs
    # code from a string, as namedtuple() does. Raising KeyboardInterrupt from a string restores it.
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return


def _die_of_interrupt():
    # A task that sits in C code cannot be stopped, and an ordinary exit would wait for its thread. The program ends by SIGINT.
    if not _thread._is_main_interpreter():
        return
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            continue
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
    os._exit(130)


@functools.cache
def _watch_forks():
    # Only the main interpreter can fork.
    if _thread._is_main_interpreter():
        sys.addaudithook(_refuse_fork)


def _refuse_fork(event, arguments):
    # A child that is forked while other interpreters live crashes or hangs in CPython (3.12 to 3.15) before any Python code runs
    # in it, so the parent must refuse. A forked child may fork again: it has no other interpreters, and must not enter the
    # extension module, which _is_alone() would do.
    if event in ("os.fork", "os.forkpty") and not _in_child and not _symplast._is_alone():
        raise RuntimeError(
            "a process with worker interpreters cannot be forked, the child would crash; shut the executors down first, "
            "or start the process with the 'spawn' or 'forkserver' method"
        )


def _refuse_in_child():
    # No lock of this package may be taken here, and no call may enter the extension module: a thread that the fork did not copy
    # may have been inside.
    global _in_child
    _in_child = True
    _crews.clear()
    InterpreterPoolExecutor.__init__ = InterpreterPoolExecutor.submit = _start.refuse
    for ours, plain, names in (
        (InterpreterPoolExecutor, _base.Executor, ("shutdown", "__exit__")),
        (InterpreterFuture, _base.Future, ("cancel", "running", "result", "exception", "_invoke_callbacks")),
    ):
        for name in names:
            setattr(ours, name, getattr(plain, name))


# As in concurrent.futures.thread: the function runs before threads are joined, so that the workers can end.
threading._register_atexit(_at_exit)
os.register_at_fork(after_in_child=_refuse_in_child)
