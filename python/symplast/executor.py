"""InterpreterPoolExecutor: concurrent.futures on interpreters with their own GIL, in the threads of one process."""

import _thread
import atexit
import functools
import itertools
import os
import signal
import sys
import threading
import weakref
from concurrent.futures import _base, thread

from symplast import _start, _symplast, alternatives, byvalue, options, privacy, results, searchpath, signals, transport
# Imported here and not when the first definition is written: a signal handler might interrupt that import.
from symplast.byvalue import crossings, tasks
from symplast.byvalue import writer as _writer
from symplast.crew import BrokenInterpreterPool, Crew, ExecutorStats
from symplast.crew import stop as _stop
from symplast.future import InterpreterFuture, RemoteError, take_back

__all__ = ["BrokenInterpreterPool", "ExecutorStats", "InterpreterPoolExecutor", "RemoteError"]

_crews = weakref.WeakSet()
_exiting = False
_in_child = False


# A ThreadPoolExecutor, as the standard library's InterpreterPoolExecutor is from 3.14 on: asyncio demands that of a default
# executor. No method of ThreadPoolExecutor is used.
class InterpreterPoolExecutor(results.ManyCalls, thread.ThreadPoolExecutor):
    """Runs calls in worker interpreters, each with its own GIL, in threads of this process, on all cores at once.

    The interface is that of concurrent.futures.Executor. Frozen objects, live objects and pools cross by pointer, alone or
    anywhere inside arguments and results; all other objects cross as pickle carries them. Functions and classes of the running
    script, lambdas and closures are sent by value, so no ``if __name__ == "__main__"`` guard is needed. Thread-safe.

        data = symplast.freeze(list(range(1_000_000)))
        with symplast.InterpreterPoolExecutor() as executor:
            print(executor.submit(sum, data).result())
    """

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=(), *, extensions=None,
                 libraries=None, max_tasks_per_child=None, preload=(), forward_logging=False):
        """Make an executor. Workers start as tasks need them.

        max_workers         the largest number of workers; by default the number of usable cores
        thread_name_prefix  the beginning of the names of the workers' threads
        initializer         a function that each worker calls with *initargs* before its first task
        extensions          how workers load extension modules that do not declare support for several interpreters:
                            "private" (a private copy in each worker), "refuse" (ImportError), or a dict of policies by the
                            name of a module or package, which may also be "shared" (loaded without CPython's check)
        libraries           a dict of "private" or "shared" by a pattern of the file names of libraries
        max_tasks_per_child the number of tasks after which a worker is replaced by a new one; None for no limit
        preload             the names of modules that each worker imports at its start, before it calls the initializer
        forward_logging     whether logging records and warnings of workers reach the handlers of the program; workers get the
                            levels that its loggers have now

        Modules and libraries that are not named are loaded as symplast.extensions.policy says. ValueError or TypeError for a
        wrong argument; RuntimeError if workers cannot run in this process. An initializer that cannot be pickled raises here.
        """
        if max_workers is None:
            max_workers = _usable_cores()
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        if max_tasks_per_child is not None and not isinstance(max_tasks_per_child, int):
            raise TypeError("max_tasks_per_child must be an integer")
        if max_tasks_per_child is not None and max_tasks_per_child <= 0:
            raise ValueError("max_tasks_per_child must be >= 1")
        preload = _checked_names(preload)
        policy = privacy.policy.copy()
        policy.update(extensions, libraries)
        _symplast._settle_process()
        _watch_forks()
        self._max_workers = max_workers
        self._sender = byvalue.Sender()
        self._shutdown = False
        start, parcel = self._pack_initializer(initializer, tuple(initargs)) if initializer else (None, None)
        self._path_changes = searchpath.Changes()
        path, directories = searchpath.of_now()
        settings = {
            "path": path,
            "directories": directories,
            "argv": list(sys.argv),
            "initializer": start,
            "preload": preload,
            "extensions": dict(policy.extensions),
            "libraries": dict(policy.libraries),
        }
        prefix = thread_name_prefix or "InterpreterPoolExecutor-%d" % _next_number()
        self._crew = Crew(settings, parcel, prefix, max_workers, forward_logging)
        self._channel = self._crew.channel
        if max_tasks_per_child is not None:
            self._channel.limit_tasks(min(max_tasks_per_child, _MOST_TASKS))
        _crews.add(self._crew)
        # When the executor is collected, its workers finish the queued tasks and end.
        self._finalizer = weakref.finalize(self, self._crew.close)
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

    def _pack_initializer(self, initializer, arguments):
        try:
            return transport.send((initializer, arguments), self._sender)
        except Exception as error:
            signals.let_through(error)
            raise alternatives.explain(tasks.parts_of(initializer, arguments, {}), error)

    def submit(self, fn, /, *args, **kwargs):
        """Schedule fn(*args, **kwargs) in a worker and return its Future.

        An argument that cannot be pickled becomes the exception of the future, which says what to use instead if that is known.
        RuntimeError after shutdown() or if no thread can
        be started, MemoryError if a worker has not enough memory to start, BrokenInterpreterPool if a worker could not be
        initialized.
        """
        return self._submit(fn, args, kwargs, None)

    def with_options(self, *, timeout=None):
        """Return an executor for the same workers whose tasks have options. submit() keeps all arguments for the task.

        timeout     the seconds that a task may run, from when a worker begins it; with chunksize, a chunk is one task. Then
                    TaskInterrupted is raised in it, as by interrupt() of the future. If the task lets it through, the future's
                    exception is TimeoutError. If it catches it, the future gets what the task returns or raises.

            executor.with_options(timeout=5).submit(parse, text)

        TypeError or ValueError for a wrong timeout.
        """
        return options.ExecutorWithOptions(self, options.limit(timeout))

    def _submitter(self):
        return self, None

    def _submit(self, fn, args, kwargs, limit):
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
            future._end(_base.FINISHED, exception=alternatives.explain(tasks.parts_of(fn, args, kwargs), exc))
            return future
        if len(data) >= crossings.LARGE:
            crossings.note_task(fn, args, kwargs, lambda value: transport.send(value, self._sender)[0])
        if crossings.pending:
            crossings.warn()
        self._check_usable()
        future._channel = self._channel
        try:
            if limit is None:
                queued = self._channel.put(future, data, parcel)
            else:
                future._limit = limit
                queued = self._channel.put(future, data, parcel, max(1, round(limit * 1e9)))
            if not queued:
                self._check_usable()
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._crew.man(min(self._max_workers, self._channel.unanswered))
        except BaseException:
            # No worker could be started, or a signal handler raised. The caller gets no future, and may submit the call again.
            future.cancel()
            raise
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Accept no more calls, and let the workers end when the queued tasks are done.

        wait            whether to wait until the workers have ended
        cancel_futures  whether to cancel the queued tasks instead of running them
        """
        self._shutdown = True
        self._crew.close()
        if cancel_futures:
            take_back(self._channel.drain)
            if not wait and (self._channel.was_interrupted_since_put or _handles_interrupt()):
                # Whoever pressed Ctrl-C does not want to wait for the running tasks, as a Ctrl-C also ends processes.
                self._crew.interrupt()
        if wait:
            self._crew.join()

    def terminate_workers(self):
        """Shut down at once: cancel the queued tasks, and interrupt the running ones.

        This is ProcessPoolExecutor.terminate_workers of Python 3.14. The futures of running tasks end with
        BrokenInterpreterPool. TaskInterrupted is raised in the tasks, so that they can clean up. A task in C code goes on until
        that returns, but neither shutdown() nor the end of the program waits for it.
        """
        self._shutdown = True
        self._crew.dismiss(kill=False)

    def kill_workers(self):
        """Shut down at once, as terminate_workers(), but raise TaskInterrupted again and again until the workers have ended."""
        self._shutdown = True
        self._crew.dismiss(kill=True)

    def recycle(self, wait=True):
        """Replace the workers by new ones, one by one, while tasks go on. Each worker ends after the task that it runs.

        The new workers run the initializer and import their modules anew. No task is lost or run twice.

        wait    whether to wait until all present workers have been replaced

        RuntimeError after shutdown().
        """
        self._check_usable()
        self._crew.recycle(wait)

    def stats(self):
        """Return what the workers do, an ExecutorStats."""
        return self._crew.stats()

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

# Fits a 64-bit number.
_MOST_TASKS = 1 << 62


def _checked_names(preload):
    if isinstance(preload, str):
        raise TypeError("preload must be the names of modules, not a str: preload=[name]")
    names = list(preload)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"preload: the name of a module must be a str, not {type(name).__name__}")
        if not name or name.startswith("."):
            raise ValueError(f"preload: {name!r} is not the full name of a module")
    return names


def _handles_interrupt():
    # Whether the caller handles a KeyboardInterrupt.
    error = sys.exception()
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _usable_cores():
    count = getattr(os, "process_cpu_count", None)
    return (count() if count else len(os.sched_getaffinity(0))) or 1


def _at_exit():
    """Called before the interpreter ends. Waits for the workers to finish, or stops them if Ctrl-C ends the program."""
    global _exiting
    _exiting = True
    crews = list(_crews)
    for crew in crews:
        crew.close()
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
    if die:
        _die_of_interrupt()
    if not ended:
        for crew in crews:
            crew.give_up()
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
    # No exception could reach the program from here. It ends by SIGINT.
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
    for name in ("terminate_workers", "kill_workers", "recycle", "stats"):
        setattr(InterpreterPoolExecutor, name, _start.refuse)
    InterpreterFuture.interrupt = _base.Future.cancel


# As in concurrent.futures.thread: the function runs before threads are joined, so that the workers can end.
threading._register_atexit(_at_exit)
os.register_at_fork(after_in_child=_refuse_in_child)
