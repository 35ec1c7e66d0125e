"""The workers of an executor: threads, each of which runs a worker interpreter."""

import _thread
import itertools
import marshal
import threading
import time
from collections import namedtuple
from concurrent.futures import _base, thread

from symplast import _symplast, events, future, signals, worker

# Runs in each new interpreter before symplast can be imported there.
_BOOT = b"""
import marshal, sys
settings = marshal.loads(settings)
sys.path[:] = settings["path"]
from symplast.worker import boot
boot(settings)
"""


# Seconds that an interrupted worker may take to stop before the program goes on without it.
_GRACE = 0.5

# Bytes for a thread's stack and an interpreter, with a margin.
_MEMORY_OF_A_WORKER = 24 << 20


class BrokenInterpreterPool(thread.BrokenThreadPool):
    """Raised when a worker interpreter could not be started or its initializer failed. The executor cannot be used any more."""

    __module__ = "symplast"


class ExecutorStats(namedtuple("ExecutorStats", ("workers", "queued", "running", "done", "busy_seconds"))):
    """What the workers of an executor do.

    workers         the number of workers that have started and not ended
    queued          the number of tasks that wait for a worker
    running         the number of tasks that workers have begun and not answered
    done            the number of tasks that workers have answered
    busy_seconds    seconds in tasks by the name of the worker's thread; those of workers that were replaced are included
    """

    __module__ = "symplast"
    __slots__ = ()


class Worker(threading.Thread):
    """The thread of a worker interpreter."""

    def __init__(self, crew, number):
        # The end of the program waits for the workers in the executor's function, and not at all for those that it gives up. Only
        # daemon threads can be given up; some interpreters of the standard library have none.
        super().__init__(name=f"{crew.name_prefix}_{number}", daemon=threading._daemon_threads_allowed())
        self._crew = crew
        self.number = number
        # Events that happen when the interpreter that the thread runs now has ended.
        self._successions = []
        self._claim = _thread.allocate_lock()
        self._launching = False
        self._launched = events.Event()
        self._failure = None
        self._ended = events.Event()

    def begin(self):
        """Start the thread, unless it was started. RuntimeError or MemoryError if it cannot be started."""
        if not self._launched.is_set():
            # Thread.start() would wait for ever for a thread that gets no memory at its start.
            _symplast._need_memory(_MEMORY_OF_A_WORKER)
            if not signals.may_interrupt():
                self._launch()
            elif not self._launching:
                # Another thread, which no signal handler interrupts, starts it: an exception inside Thread.start() would break
                # it.
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
                # No thread was started, so none will count itself out.
                _symplast._count_workers(-1)
                raise
            self._crew.note(self.number, begun=True)
        except BaseException as error:
            self._fail(error)
        self._launched.set()

    def _fail(self, error):
        self._failure = error
        self._crew.note(self.number, begun=False)
        self._ended.set()

    def run(self):
        try:
            _symplast._name_thread(self.name.encode(errors="replace"))
            self._crew.serve(self)
        finally:
            self._ended.set()
            self.end_successions()
            self._crew.end_forwarding()
            _symplast._count_workers(-1)

    def succession(self):
        """Return an event that happens when the interpreter that the thread runs now has ended."""
        event = events.Event()
        self._successions.append(event)
        if self._ended.is_set():
            event.set()
        return event

    def end_successions(self):
        """Called when an interpreter has ended."""
        while self._successions:
            self._successions.pop().set()

    def has_ended(self):
        return self._ended.is_set()

    def wait(self, timeout=None):
        """Wait for the end of the thread, for *timeout* seconds at most. Returns whether it has ended.

        join() alone would not do: on 3.12 it takes the thread for ended when Ctrl-C interrupts it.
        """
        if not self._launched.is_set() and self._claim.acquire(blocking=False):
            # The thread that was to start it was interrupted, and will not start it any more.
            self._fail(RuntimeError("cannot schedule new futures after shutdown"))
            self._launched.set()
        if self is not threading.current_thread() and self._ended.wait(timeout) and self._failure is None:
            self.join()
        return self.has_ended()


class Crew:
    """The workers of one executor and the state that they share with it.

    Threads refer to the crew, never to the executor, so the executor can be collected.
    """

    def __init__(self, settings, parcel, name_prefix, max_workers, forwards):
        self.channel = _symplast.Channel(future.deliver)
        self._forwarding = None
        if forwards:
            from symplast.forwarding import Forwarding

            self._forwarding = Forwarding(f"{name_prefix}_logging")
        self.settings = settings
        self._closed = False
        # Keeps the objects that the settings refer to, for each worker that starts.
        self._parcel = parcel
        self.name_prefix = name_prefix
        self.broken = None
        self.stopped = False
        self._dismissed = False
        # Each number is for one worker. A number is taken, and a worker found for it, by single operations. If an exception of a
        # signal handler interrupts between them, the next call does the rest.
        self._numbers = iter(range(max_workers))
        self._taken = []
        self._workers = {}
        self._begun = set()

    @property
    def threads(self):
        return list(self._workers.values())

    def man(self, count):
        """Start another worker if there are fewer than *count* and fewer than the largest number allowed.

        RuntimeError or MemoryError if no thread can be started.
        """
        if len(self._taken) < count:
            self._taken.extend(itertools.islice(self._numbers, 1))
        if len(self._begun) == len(self._taken):
            return
        for number in tuple(self._taken):
            (self._workers.get(number) or self._workers.setdefault(number, Worker(self, number))).begin()

    def close(self):
        """Accept no more tasks. Workers end when the queue is empty."""
        self._closed = True
        self.channel.close()
        self.end_forwarding()

    def end_forwarding(self):
        """Called when the channel was closed, and when a worker has ended; the last one of these calls counts."""
        if self._forwarding is not None and self._closed and all([each.has_ended() for each in self.threads]):
            self._forwarding.close()

    def note(self, number, begun):
        """Called by a worker when it was started or could not be started."""
        if begun:
            self._begun.add(number)
        else:
            self._workers.pop(number, None)
            self.end_forwarding()

    def serve(self, thread):
        """Run worker interpreters on this thread, which calls it, one after the other until the channel is closed.

        An interpreter is replaced by another one when it is damaged, has run its number of tasks, or is recycled.
        """
        try:
            # While this thread lives, the pipe is not closed.
            forwarding = self._forwarding and self._forwarding.settings
            settings = marshal.dumps(self.settings | {"thread_name": thread.name, "forwarding": forwarding})
            while (outcome := self.channel.serve(_BOOT, settings, thread.number)) is not None:
                thread.end_successions()
                if self.stopped:
                    return
                if outcome is not False:
                    _base.LOGGER.warning("a worker interpreter is replaced: %s", outcome)
        except BaseException as exc:
            if not self.stopped:
                self._break(str(exc))

    def _break(self, reason):
        if self.broken is not None:
            return
        what = "initializer" if worker.InitializerFailed.__name__ in reason else "worker"
        _base.LOGGER.critical("Exception in %s:\n%s", what, reason)
        self.broken = reason
        self.close()
        future.take_back(self.channel.drain, _base.FINISHED, self.error())

    def error(self):
        return BrokenInterpreterPool(f"a worker failed and the pool is not usable anymore: {self.broken}")

    def interrupt(self):
        """End the workers, which have no queued tasks any more, and interrupt their tasks. Does not wait."""
        self.stopped = True
        self.channel.interrupt()

    def dismiss(self, kill):
        """End the workers, interrupt their tasks, once or again and again, and end all futures. Does not wait."""
        self.stopped = self._dismissed = True
        self.close()
        future.take_back(self.channel.drain)
        running = []
        self.channel.add_running(running)
        if kill:
            self.channel.kill()
        else:
            for each in running:
                self.channel.interrupt_task(each._number)
        error = BrokenInterpreterPool(f"the workers were {'killed' if kill else 'terminated'} while the task was running")
        future.take_back(lambda taken: taken.extend(each for each in running if each not in taken), _base.FINISHED, error)

    def recycle(self, wait):
        """Replace the workers one by one."""
        successions = {each.number: each.succession() for each in self.threads if each is not threading.current_thread()}
        for number in self.channel.recycle():
            if wait and number in successions:
                successions[number].wait()

    def _await_forwarding(self, timeout=None):
        if self._forwarding is not None:
            self.end_forwarding()
            self._forwarding.wait(timeout)

    def stats(self):
        """Return what the workers do."""
        workers, queued, running, done, *times = self.channel.stats()
        names = {number: f"{self.name_prefix}_{number}" for number in times[::2]}
        return ExecutorStats(workers, queued, running, done, {names[n]: t / 1e9 for n, t in sorted(itertools.batched(times, 2))})

    def give_up(self):
        """Let the program end although workers have not ended. Called when they were stopped, and time has passed."""
        if not all(each.has_ended() for each in self.threads):
            self.channel.give_up()

    def join(self):
        """Wait for the workers to end; Ctrl-C interrupts their tasks. Workers that were dismissed get a moment only."""
        if self._dismissed:
            if _wait([self]):
                self._await_forwarding(_GRACE)
            return
        try:
            for started in self.threads:
                started.wait()
            self._await_forwarding()
        except KeyboardInterrupt:
            stop([self])
            raise


def stop(crews):
    """End the workers of some crews now: interrupt their tasks and wait a moment. Returns whether all have ended."""
    for crew in crews:
        crew.stopped = True
        crew.close()
        future.take_back(crew.channel.drain)
        crew.channel.interrupt()
    return _wait(crews)


def _wait(crews):
    deadline = time.monotonic() + _GRACE
    return all([started.wait(max(0, deadline - time.monotonic())) for crew in crews for started in crew.threads])
