"""InterpreterPoolExecutor: concurrent.futures on interpreters with their own GIL, in the threads of one process."""

import _thread
import atexit
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

from symplast import _start, _symplast, byvalue, transport, worker

__all__ = ["BrokenInterpreterPool", "InterpreterPoolExecutor", "RemoteError"]

# Runs in each new interpreter before anything of ours can be imported there.
_BOOT = b"""
import marshal, sys
settings = marshal.loads(settings)
sys.path[:] = settings["path"]
from symplast.worker import boot
boot(settings)
"""

# How long a worker that was interrupted may take to stop before the program goes on without it, in seconds.
_GRACE = 0.5

# Kinds of answers that the channel adds to those of the worker.
_LOST = -1
_CALLBACKS = -2

_crews = weakref.WeakSet()
_exiting = False
_in_child = False


class RemoteError(_symplast.SymplastError):
    """A task raised an exception that cannot be pickled; the message is its text, the cause its traceback in the worker."""


class BrokenInterpreterPool(thread.BrokenThreadPool):
    """A worker interpreter could not be started, or its initializer failed; the executor cannot be used any more."""


class _RemoteTraceback(Exception):
    """The cause of an exception that a task raised: the traceback in the worker, as text."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return '\n"""\n' + self.text + '"""'


class InterpreterFuture(_base.Future):
    """The future of a task for a worker interpreter."""

    _channel = None
    _number = None
    _holds_callbacks = False
    _retaken = False

    def cancel(self):
        """Cancel the task if no worker has begun it. Returns whether it is cancelled."""
        if self._channel is None or not self._channel.cancel(self._number):
            return self.cancelled()
        super().cancel()
        self.set_running_or_notify_cancel()
        return True

    def running(self):
        """Whether a worker is at the task."""
        return not self.done() and self._channel is not None and not self._channel.is_queued(self._number)

    def result(self, timeout=None):
        """Wait for the call and return what it returned, or raise what it raised; TimeoutError after timeout seconds."""
        return super().result(self._receive(timeout))

    def exception(self, timeout=None):
        """Wait for the call and return what it raised, or None; TimeoutError after timeout seconds."""
        return super().exception(self._receive(timeout))

    def _receive(self, timeout):
        # A thread that waits takes in answers itself, so that no worker has to wait for its GIL. Returns the time left.
        if self._channel is None or self._state != _base.PENDING:
            return timeout
        end = None if timeout is None else time.monotonic() + timeout
        left = timeout
        while True:
            # Read before the state: what changes the state from here on makes receive() return.
            nudges = self._channel.nudges
            if self._state != _base.PENDING or not self._channel.receive(nudges, left):
                return left
            if end is not None:
                left = max(0, end - time.monotonic())

    def _invoke_callbacks(self):
        # Called after every change of state, so that a thread in _receive() sees those that are not the delivery of an answer.
        if self._holds_callbacks:
            return
        if self._channel is not None:
            self._channel.nudge()
        super()._invoke_callbacks()


class _Worker(threading.Thread):
    """The thread of a worker interpreter."""

    def __init__(self, crew, name):
        super().__init__(name=name)
        self._crew = crew
        self._ended = threading.Event()

    def start(self):
        _symplast._count_workers(1)
        try:
            super().start()
        except (RuntimeError, MemoryError):
            # There is no thread.
            _symplast._count_workers(-1)
            raise

    def run(self):
        try:
            self._crew.serve()
        finally:
            self._ended.set()
            _symplast._count_workers(-1)

    def has_ended(self):
        return self._ended.is_set()

    def wait(self, timeout=None):
        """Wait for the end; returns whether it has come. Unlike join(), which on 3.12 takes the thread for ended when Ctrl-C interrupts it."""
        if self is not threading.current_thread() and self._ended.wait(timeout):
            self.join()
        return self.has_ended()


class _Crew:
    """The workers of one executor and what they share with it. Threads refer to it, never to the executor, which can so be collected."""

    def __init__(self, settings, name_prefix):
        self.channel = _symplast.Channel(_deliver)
        self.settings = settings
        self.name_prefix = name_prefix
        self.threads = []
        self.broken = None
        self.stopped = False

    def add_worker(self):
        started = _Worker(self, f"{self.name_prefix}_{len(self.threads)}")
        started.start()
        self.threads.append(started)

    def serve(self):
        """Run a worker interpreter on this thread until the channel is closed."""
        try:
            self.channel.serve(_BOOT, self.settings)
        except BaseException as exc:
            if not self.stopped:
                self._break(str(exc))

    def _break(self, reason):
        if self.broken is not None:
            return
        what = "initializer" if worker.InitializerFailed.__name__ in reason else "worker"
        _base.LOGGER.critical("Exception in %s:\n%s", what, reason)
        self.broken = reason
        self.channel.close()
        for future in self.channel.drain():
            future.set_exception(self.error())

    def error(self):
        return BrokenInterpreterPool(f"a worker failed and the pool is not usable anymore: {self.broken}")

    def join(self):
        """Wait for the workers to end; Ctrl-C interrupts their tasks."""
        try:
            for started in self.threads:
                started.wait()
        except KeyboardInterrupt:
            _stop([self])
            raise


def _cancel(futures):
    """Cancel futures whose tasks were taken back. No lock may be held: it runs their callbacks."""
    for future in futures:
        _base.Future.cancel(future)
        future.set_running_or_notify_cancel()


def _stop(crews):
    """End the workers of some crews now: interrupt their tasks and wait a moment. Returns whether all have ended."""
    for crew in crews:
        crew.stopped = True
        crew.channel.close()
        _cancel(crew.channel.drain())
        crew.channel.interrupt()
    deadline = time.monotonic() + _GRACE
    return all([started.wait(max(0, deadline - time.monotonic())) for crew in crews for started in crew.threads])


# As the standard library's own from 3.14 on, a ThreadPoolExecutor, which asyncio demands of a default executor. Nothing is inherited from it.
class InterpreterPoolExecutor(thread.ThreadPoolExecutor):
    """Runs calls in worker interpreters, each with its own GIL, in threads of this process: on all cores at once.

    Works like the executors of concurrent.futures. Frozen objects and pools cross by pointer, alone or anywhere inside
    arguments and results; everything else as pickle carries it. Functions and classes of the running script, lambdas and
    closures are sent by value, so no ``if __name__ == "__main__"`` guard is needed.

    max_workers defaults to the number of usable cores. initializer(*initargs) runs in each worker before its first task.
    Thread-safe.
    """

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        if max_workers is None:
            max_workers = _usable_cores()
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        _symplast._settle_process()
        _watch_forks()
        self._max_workers = max_workers
        self._sender = byvalue.Sender()
        self._lock = threading.Lock()
        self._shutdown = False
        start, parcel = transport.pack((initializer, tuple(initargs)), self._sender) if initializer else (None, 0)
        settings = {
            "path": [entry for entry in sys.path if isinstance(entry, str)],
            "argv": list(sys.argv),
            "initializer": start,
        }
        self._crew = _Crew(marshal.dumps(settings), thread_name_prefix or "InterpreterPoolExecutor-%d" % _next_number())
        if parcel:
            # Each worker that starts unpacks it.
            weakref.finalize(self._crew, _symplast._drop_parcel, parcel).atexit = False
        self._channel = self._crew.channel
        _crews.add(self._crew)
        # An executor that is collected lets its workers finish what is queued, and end.
        self._finalizer = weakref.finalize(self, self._channel.close)
        self._finalizer.atexit = False

    # As the standard library's executors have them, which some code looks at.
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
        """Schedule fn(*args, **kwargs) in a worker and return its Future."""
        future = InterpreterFuture()
        try:
            data, parcel = transport.pack((fn, args, kwargs), self._sender)
        except Exception as exc:
            self._check_usable()
            future.set_exception(exc)
            return future
        try:
            with self._lock:
                self._check_usable()
                if len(self._crew.threads) < min(self._max_workers, self._channel.unanswered + 1):
                    self._crew.add_worker()
                future._channel = self._channel
                # From here on the parcel is the channel's.
                future._number, parcel = self._channel.put(future, data, parcel), 0
        finally:
            if parcel:
                _symplast._drop_parcel(parcel)
        if future._number is None:
            self._check_usable()
        return future

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        """Like Executor.map; chunksize > 1 sends that many calls as one task. buffersize needs Python 3.14."""
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        options = {} if buffersize is None else {"buffersize": buffersize}
        if chunksize == 1:
            return super().map(fn, *iterables, timeout=timeout, **options)
        chunks = itertools.batched(zip(*iterables), chunksize)
        results = super().map(functools.partial(_run_chunk, fn), chunks, timeout=timeout, **options)
        return _flatten(results)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Take no more calls; finish (or cancel) what is queued; wait for the workers to end."""
        with self._lock:
            self._shutdown = True
            self._channel.close()
            queued = self._channel.drain() if cancel_futures else ()
        _cancel(queued)
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


def _flatten(lists):
    # Reversed and popped, so that a result that was handed over is not held here.
    for items in lists:
        items.reverse()
        while items:
            yield items.pop()


def _deliver(future, kind, data):
    """Called in the owner for each answer; data came from worker.main. Returns whether the future has callbacks: they are run by a second call."""
    if kind == _CALLBACKS:
        _run_callbacks(future)
        return False
    if future.done():
        return future._holds_callbacks and bool(future._done_callbacks)
    try:
        if kind == worker.RESULT:
            result = transport.loads(data)
        else:
            exc = _exception(kind, data)
    except Exception as failure:
        kind, exc = worker.EXCEPTION, failure
    except BaseException as failure:
        # The channel then calls once more.
        if _may_be_a_signal() and not future._retaken:
            future._retaken = True
            raise
        kind, exc = worker.EXCEPTION, failure
    future._holds_callbacks = True
    if kind == worker.RESULT:
        future.set_result(result)
    else:
        future.set_exception(exc)
        # Breaks the cycle exception -> traceback -> frame -> exception.
        del exc
    return bool(future._done_callbacks)


def _run_callbacks(future):
    future._holds_callbacks = False
    try:
        future._invoke_callbacks()
    except BaseException:
        if _may_be_a_signal():
            raise
        _base.LOGGER.critical("exception calling callback for %r", future, exc_info=True)


def _may_be_a_signal():
    # In the main thread an exception such as KeyboardInterrupt is meant for whoever waits there.
    return threading.current_thread() is threading.main_thread()


def _exception(kind, data):
    if kind == _LOST:
        return RemoteError(data.decode())
    pickled, summary, text = marshal.loads(data)
    exc = None
    if pickled is not None:
        try:
            exc = transport.loads(pickled)
        except Exception:
            pickled = None
    if not isinstance(exc, BaseException):
        exc = RemoteError(summary)
    exc.__cause__ = _RemoteTraceback(text)
    return exc


def _at_exit():
    """Before the interpreter ends: let workers finish as other executors do, or stop them if it is Ctrl-C that ends the program."""
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
    # Those that an earlier Ctrl-C stopped are not waited for either.
    ended = _stop([crew for crew in crews if interrupted or crew.stopped])
    if die or not ended:
        _die_of_interrupt()
    if interrupted:
        _remember_interrupt()


def _remember_interrupt():
    # For the program's exit status CPython keeps in mind that KeyboardInterrupt ended it, but forgets that when any interpreter runs code
    # from a string, as namedtuple() does.
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return


def _die_of_interrupt():
    # A task that sits in C code cannot be stopped, and threads would be waited for. The program ends as Ctrl-C ends others.
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
    # Other interpreters than the main one cannot fork.
    if _thread._is_main_interpreter():
        sys.addaudithook(_refuse_fork)


def _refuse_fork(event, arguments):
    # A child that is forked while other interpreters live crashes or hangs in CPython itself (3.12 to 3.15) before any code could refuse there.
    # A child has no other interpreters, and must not enter the extension.
    if event in ("os.fork", "os.forkpty") and not _in_child and not _symplast._is_alone():
        raise RuntimeError(
            "a process with worker interpreters cannot be forked, the child would crash; shut the executors down first, "
            "or start the process with the 'spawn' or 'forkserver' method"
        )


def _refuse_in_child():
    # No lock of ours may be taken here and no call may enter the extension: a thread that did not survive the fork may have been inside.
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


# As concurrent.futures.thread does: runs before threads are joined, so that workers can end.
threading._register_atexit(_at_exit)
os.register_at_fork(after_in_child=_refuse_in_child)
