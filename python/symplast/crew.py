"""The workers of an executor: threads that each run a worker interpreter."""

import _thread
import itertools
import threading
import time
from concurrent.futures import _base, thread

from symplast import _symplast, events, future, signals, worker

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

# A thread's stack and an interpreter, with a margin.
_MEMORY_OF_A_WORKER = 24 << 20


class BrokenInterpreterPool(thread.BrokenThreadPool):
    """A worker interpreter could not be started, or its initializer failed; the executor cannot be used any more."""

    __module__ = "symplast"


class Worker(threading.Thread):
    """The thread of a worker interpreter."""

    def __init__(self, crew, number):
        super().__init__(name=f"{crew.name_prefix}_{number}")
        self._crew = crew
        self._number = number
        self._claim = _thread.allocate_lock()
        self._launching = False
        self._launched = events.Event()
        self._failure = None
        self._ended = events.Event()

    def begin(self):
        """Start the thread, unless it was started. RuntimeError if that is not possible."""
        if not self._launched.is_set():
            # Thread.start() waits for ever for a thread that has no memory to begin with.
            _symplast._need_memory(_MEMORY_OF_A_WORKER)
            if not signals.may_interrupt():
                self._launch()
            elif not self._launching:
                # By a thread that no signal handler interrupts: Thread.start() does not bear an exception in its midst.
                _thread.start_new_thread(self._launch, ())
                self._launching = True
            self._launched.wait()
        if self._failure is not None:
            raise self._failure

    def _launch(self):
        if not self._claim.acquire(blocking=False):
            return
        try:
            _symplast._need_memory(_MEMORY_OF_A_WORKER)
            _symplast._count_workers(1)
            try:
                self.start()
            except (RuntimeError, MemoryError):
                # There is no thread.
                _symplast._count_workers(-1)
                raise
            self._crew.note(self._number, begun=True)
        except BaseException as error:
            self._fail(error)
        self._launched.set()

    def _fail(self, error):
        self._failure = error
        self._crew.note(self._number, begun=False)
        self._ended.set()

    def run(self):
        try:
            self._crew.serve()
        finally:
            self._ended.set()
            _symplast._count_workers(-1)

    def has_ended(self):
        return self._ended.is_set()

    def wait(self, timeout=None):
        """Wait for the end; returns whether it has come.

        Unlike join(), which on 3.12 takes the thread for ended when Ctrl-C interrupts it.
        """
        if not self._launched.is_set() and self._claim.acquire(blocking=False):
            # Who was about to start it has been interrupted, and will not any more.
            self._fail(RuntimeError("cannot schedule new futures after shutdown"))
            self._launched.set()
        if self is not threading.current_thread() and self._ended.wait(timeout) and self._failure is None:
            self.join()
        return self.has_ended()


class Crew:
    """The workers of one executor and what they share with it.

    Threads refer to it, never to the executor, which can so be collected.
    """

    def __init__(self, settings, parcel, name_prefix, max_workers):
        self.channel = _symplast.Channel(future.deliver)
        self.settings = settings
        # What the settings refer to, for each worker that starts.
        self._parcel = parcel
        self.name_prefix = name_prefix
        self.broken = None
        self.stopped = False
        # Each number is for one worker. A number is taken, and a worker found for it, by single operations; what an exception of
        # a signal handler leaves undone is done by the next call.
        self._numbers = iter(range(max_workers))
        self._taken = []
        self._workers = {}
        self._begun = set()

    @property
    def threads(self):
        return list(self._workers.values())

    def man(self, count):
        """Start another worker if there are fewer than count, and not as many as there may be.

        RuntimeError if no thread can be started.
        """
        if len(self._taken) < count:
            self._taken.extend(itertools.islice(self._numbers, 1))
        if len(self._begun) == len(self._taken):
            return
        for number in tuple(self._taken):
            (self._workers.get(number) or self._workers.setdefault(number, Worker(self, number))).begin()

    def note(self, number, begun):
        """Called by a worker that was started, or could not be."""
        if begun:
            self._begun.add(number)
        else:
            self._workers.pop(number, None)

    def serve(self):
        """Run a worker interpreter on this thread until the channel is closed; another one if a task has damaged it."""
        try:
            while (failure := self.channel.serve(_BOOT, self.settings)) is not None:
                if self.stopped:
                    return
                _base.LOGGER.warning("a worker interpreter is replaced: %s", failure)
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
        future.take_back(self.channel.drain, _base.FINISHED, self.error())

    def error(self):
        return BrokenInterpreterPool(f"a worker failed and the pool is not usable anymore: {self.broken}")

    def join(self):
        """Wait for the workers to end; Ctrl-C interrupts their tasks."""
        try:
            for started in self.threads:
                started.wait()
        except KeyboardInterrupt:
            stop([self])
            raise


def stop(crews):
    """End the workers of some crews now: interrupt their tasks and wait a moment. Returns whether all have ended."""
    for crew in crews:
        crew.stopped = True
        crew.channel.close()
        future.take_back(crew.channel.drain)
        crew.channel.interrupt()
    deadline = time.monotonic() + _GRACE
    return all([started.wait(max(0, deadline - time.monotonic())) for crew in crews for started in crew.threads])
