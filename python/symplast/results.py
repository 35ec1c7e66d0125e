"""Calls of a function for many arguments: what map(), starmap() and imap_unordered() of an executor return."""

import collections
import functools
import itertools
import threading
import time
import weakref

from symplast import events


class ManyCalls:
    """
    The methods of an executor that submit calls and await them, one or many. Thread-safe; each iterator is for one thread at a
    time.
    """

    def _submitter(self):
        # The executor, and the limit of seconds for each task.
        raise NotImplementedError

    async def run(self, fn, /, *args, **kwargs):
        """Schedule fn(*args, **kwargs) in a worker and return its result, in a coroutine of asyncio.

        If the asyncio task is cancelled, the call is cancelled if it has not begun, and interrupted if it runs, as by
        interrupt() of its future; this does not wait for its end. If the call is cancelled or interrupted, CancelledError is
        raised here. The errors are those of submit() and of the call.
        """
        # Late, because many programs do without.
        import asyncio

        future = self.submit(fn, *args, **kwargs)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancel():
                future.interrupt()
            raise

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None, progress=False):
        """Return an iterator over the results of fn(*args) for each args of zip(*iterables), in order.

        This is Executor.map of Python 3.14, on all versions. Tasks are submitted when map() is called.

        timeout     seconds from the call of map() after which a missing result raises TimeoutError; None for no limit
        chunksize   the number of calls that are sent as one task
        buffersize  the largest number of submitted tasks whose results have not been asked for; the iterables may then be endless
        progress    whether to show how many calls have ended: with tqdm if it is installed, and otherwise in one line of
                    sys.stderr; nothing is shown if that is no terminal (a notebook shows tqdm's bar)

        ValueError or TypeError for a wrong chunksize or buffersize, and the errors of submit(). The first exception of a call is
        raised by the iterator, which then ends.
        """
        calls, chunk = _calls(zip(*iterables), fn, chunksize, buffersize)
        shown = _progress(iterables) if progress else None
        return _in_order(self, calls, chunk, timeout, buffersize, shown)

    def starmap(self, fn, iterable, chunksize=1, *, timeout=None, buffersize=None, progress=False):
        """Return an iterator over the results of fn(*args) for each args of an iterable, in order. Otherwise as map().

        This is multiprocessing.Pool.starmap, which returns a list.
        """
        calls, chunk = _calls(map(tuple, iterable), fn, chunksize, buffersize)
        shown = _progress([iterable]) if progress else None
        return _in_order(self, calls, chunk, timeout, buffersize, shown)

    def imap_unordered(self, fn, *iterables, chunksize=1, buffersize=None, progress=False):
        """Return an iterator over the results of fn(*args) for each args of zip(*iterables), each as soon as it is there.

        The arguments are those of map(). The first exception of a call is raised when it arrives, and ends the iterator.
        """
        calls, chunk = _calls(zip(*iterables), fn, chunksize, buffersize)
        shown = _progress(iterables) if progress else None
        arrivals = _Arrivals()
        pending = {}
        executor, limit = self._submitter()
        try:
            for call in itertools.islice(calls, buffersize):
                _submit_to(arrivals, pending, executor, limit, call, shown)
        except BaseException:
            _cancel_all(pending)
            raise
        results = _as_they_arrive(arrivals, pending, weakref.ref(executor), executor._channel, limit, calls, buffersize, shown)
        return _flatten(results) if chunk else results


def _calls(arguments, fn, chunksize, buffersize):
    # The calls to submit, each a function and its arguments, and whether each returns a list of results.
    if chunksize < 1:
        raise ValueError("chunksize must be >= 1.")
    if buffersize is not None and not isinstance(buffersize, int):
        raise TypeError("buffersize must be an integer or None")
    if buffersize is not None and buffersize < 1:
        raise ValueError("buffersize must be None or > 0")
    if chunksize == 1:
        return zip(itertools.repeat(fn), arguments), False
    run = functools.partial(_run_chunk, fn)
    return zip(itertools.repeat(run), zip(itertools.batched(arguments, chunksize))), True


def _run_chunk(fn, chunk):
    return [fn(*args) for args in chunk]


def _number_of_calls(call):
    fn, args = call
    return len(args[0]) if getattr(fn, "func", None) is _run_chunk else 1


def _progress(iterables):
    from symplast.progress import Progress

    try:
        total = min(map(len, iterables))
    except (TypeError, ValueError):
        # An iterable without a length, or none at all.
        total = None
    return Progress(total)


def _submit(executor, limit, call, shown):
    fn, args = call
    future = executor.submit(fn, *args) if limit is None else executor._submit(fn, args, {}, limit)
    if shown is not None:
        count = _number_of_calls(call)
        future.add_done_callback(lambda ended: shown.add(count))
    return future


def _in_order(submitter, calls, chunk, timeout, buffersize, shown):
    # The tasks are submitted now, not when the first result is asked for. The iterator holds no reference to the executor.
    end = None if timeout is None else timeout + time.monotonic()
    executor, limit = submitter._submitter()
    futures = collections.deque()
    try:
        for call in itertools.islice(calls, buffersize):
            futures.append(_submit(executor, limit, call, shown))
    except BaseException:
        _cancel_all(futures)
        raise
    results = _results_of(futures, weakref.ref(executor), limit, calls, end, buffersize, shown)
    return _flatten(results) if chunk else results


def _results_of(futures, executor, limit, calls, end, buffersize, shown):
    try:
        while futures:
            if buffersize and (alive := executor()) and (call := next(calls, None)):
                futures.append(_submit(alive, limit, call, shown))
            # No reference to the executor is held while waiting for a result.
            alive = call = None
            # The result is not bound to a name here, which would keep it alive.
            yield _take_result(futures.popleft(), end)
    finally:
        _cancel_all(futures)
        if shown is not None:
            shown.close()


def _take_result(future, end=None):
    try:
        return future.result(None if end is None else end - time.monotonic())
    finally:
        future.cancel()
        # The cycle of an exception and its traceback would keep the future alive.
        del future


class _Arrivals:
    """The futures that have ended, in that order."""

    def __init__(self):
        self._futures = collections.deque()
        self._waiting = None

    def add(self, future):
        """The callback of the futures."""
        self._futures.append(future)
        if (waiting := self._waiting) is not None:
            thread, event = waiting
            event.set()
            if thread != threading.get_ident():
                # The end of a future without an answer, such as a cancelled one, has made receive() return too early.
                future._channel.nudge()

    def take(self, channel):
        """Wait for a future and return it."""
        while True:
            event = events.Event()
            self._waiting = threading.get_ident(), event
            nudges = channel.nudges
            if self._futures:
                self._waiting = None
                return self._futures.popleft()
            # If another thread receives the answers, it or a worker runs the callbacks.
            if not channel.receive(nudges, None, self):
                event.wait()


def _submit_to(arrivals, pending, executor, limit, call, shown):
    future = _submit(executor, limit, call, shown)
    pending[future] = None
    future.add_done_callback(arrivals.add)


def _as_they_arrive(arrivals, pending, executor, channel, limit, calls, buffersize, shown):
    try:
        while pending:
            if buffersize and len(pending) < buffersize and (alive := executor()) and (call := next(calls, None)):
                _submit_to(arrivals, pending, alive, limit, call, shown)
            alive = call = None
            yield _take_result(_next_of(arrivals, pending, channel))
    finally:
        _cancel_all(tuple(pending))
        if shown is not None:
            shown.close()


def _next_of(arrivals, pending, channel):
    future = arrivals.take(channel)
    del pending[future]
    return future


def _cancel_all(futures):
    for future in futures:
        future.cancel()


def _flatten(lists):
    # The list is reversed and popped, so that it does not hold results that were handed over.
    for items in lists:
        items.reverse()
        while items:
            yield items.pop()
