"""The futures of an executor's tasks: how threads wait for them, and how answers reach them."""

import logging
import marshal
import threading
import time
from concurrent.futures import _base

from symplast import _symplast, events, signals, transport, worker
from symplast._symplast import ANSWER_CALLBACKS, ANSWER_LOST, ANSWER_RESULT, TaskInterrupted

# How often an operation that exceptions of signal handlers interrupt is resumed before it is given up.
_ATTEMPTS = 100


class RemoteError(_symplast.SymplastError):
    """
    Raised in place of a task's exception that cannot be pickled, unpickled or formatted. The message is the exception's text; the
    cause is its traceback in the worker. Also raised for a task that damaged its interpreter.
    """

    __module__ = "symplast"


class _RemoteTraceback(Exception):
    """The cause of an exception that a task raised: the traceback in the worker, as text."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return '\n"""\n' + self.text + '"""'


class InterpreterFuture(_base.Future):
    """The future of a task for a worker interpreter. Thread-safe."""

    _channel = None
    _number = None
    _ended = None
    _retaken = False
    # Why TaskInterrupted may come from the worker: the seconds that the task may take, and whether interrupt() was called.
    _limit = None
    _interrupted = False
    _waiters_left = None
    _callbacks_left = None

    def cancel(self):
        """Cancel the task if no worker has begun it. Returns whether it is cancelled."""
        if self._number is not None:
            take_back(lambda taken: self._channel.cancel(self._number, taken))
        return self.cancelled()

    def interrupt(self):
        """Cancel the task, or raise symplast.TaskInterrupted in it if a worker runs it. Returns whether that was done.

        The exception is raised before the task's next bytecode, and in time.sleep(). Other waits and calculations in C code are
        not ended: it is raised after them. If the task lets it through, the future is cancelled, and the traceback of the worker
        is the cause of its CancelledError. If the task catches it, the future gets what the task returns or raises. The
        exception never reaches another task: if this one ends first, it is not raised.

        Does not wait for the end of the task. Thread-safe.
        """
        if self._number is None or self.done():
            return False
        if self.cancel():
            return True
        self._interrupted = True
        return self._channel.interrupt_task(self._number)

    def cancelled(self):
        """Whether the task was cancelled."""
        return self._state in (_base.CANCELLED, _base.CANCELLED_AND_NOTIFIED)

    def running(self):
        """Whether a worker has begun the task and not answered it yet."""
        return not self.done() and self._number is not None and not self._channel.is_queued(self._number)

    def done(self):
        """Whether the task was cancelled or has been answered."""
        return self._state not in (_base.PENDING, _base.RUNNING)

    def result(self, timeout=None):
        """Wait for the call and return its result, or raise its exception.

        TimeoutError if it has not ended after *timeout* seconds; CancelledError if it was cancelled.
        """
        self._wait(timeout)
        if self._exception is None:
            return self._result
        try:
            raise self._exception
        finally:
            # Breaks the cycle exception -> traceback -> frame -> future -> exception.
            self = None

    def exception(self, timeout=None):
        """Wait for the call and return its exception, or None.

        TimeoutError if it has not ended after *timeout* seconds; CancelledError if it was cancelled.
        """
        self._wait(timeout)
        return self._exception

    def _wait(self, timeout):
        left = self._receive(timeout)
        if not self.done():
            # Another thread receives the answers. All threads that sleep here share one event. A thread that arrives after the
            # end sees that the future is done.
            ended = vars(self).setdefault("_ended", events.Event())
            if not self.done():
                ended.wait(left)
        if self.cancelled():
            raise _base.CancelledError() from self._exception
        if not self.done():
            raise TimeoutError()

    def _receive(self, timeout):
        # A waiting thread receives answers itself, so that no worker has to wait for its GIL. Returns the time left.
        if self._channel is None or self._state != _base.PENDING:
            return timeout
        end = None if timeout is None else time.monotonic() + timeout
        left = timeout
        while True:
            # The nudges are read before the state: any later change of the state makes receive() return.
            nudges = self._channel.nudges
            if self._state != _base.PENDING or not self._channel.receive(nudges, left, self):
                return left
            if end is not None:
                left = max(0, end - time.monotonic())

    def _end(self, state, result=None, exception=None):
        """End the future, unless it has ended.

        If an exception of a signal handler interrupts the call, call it again: it resumes where it was.
        """
        with self._condition:
            if self._state == _base.PENDING:
                waiters = iter(tuple(self._waiters))
                # No call may stand between these assignments: a signal handler could interrupt there.
                self._waiters_left = waiters
                self._exception = exception
                self._result = result
                self._state = state
            self._condition.notify_all()
            for waiter in self._waiters_left or ():
                self._tell(waiter)
        if self._ended is not None:
            self._ended.set()
        if self._channel is not None:
            self._channel.nudge()

    def _tell(self, waiter):
        try:
            if self.cancelled():
                waiter.add_cancelled(self)
            elif self._exception is None:
                waiter.add_result(self)
            else:
                waiter.add_exception(self)
        except BaseException:
            # The waiter may miss this future, but it must not sleep for ever.
            waiter.event.set()
            raise

    def _run_callbacks(self):
        """Run the callbacks of the future, which has ended. Can be resumed as _end() can; each callback runs once."""
        if self._callbacks_left is None:
            self._callbacks_left = iter(self._done_callbacks)
        for callback in self._callbacks_left:
            try:
                callback(self)
            except Exception as error:
                signals.let_through(error)
                _log_callback(self, error)


def _log_callback(future, error):
    level = logging.ERROR if isinstance(error, Exception) else logging.CRITICAL
    try:
        _base.LOGGER.log(level, "exception calling callback for %r", future, exc_info=error)
    except Exception as failure:
        signals.let_through(failure)
        # The exception cannot be formatted, for instance.
        _base.LOGGER.log(level, "exception calling callback for %r: %s", future, worker.name_of_type(error))


def take_back(take, state=_base.CANCELLED_AND_NOTIFIED, exception=None):
    """Take tasks back by *take*, which appends their futures to its argument, a list. End the futures and run their callbacks.

    No lock may be held. An exception that a signal handler raises meanwhile is raised when all futures have ended.
    """
    taken, raised = [], None
    for _ in range(_ATTEMPTS):
        # Each step resumes where it was interrupted.
        try:
            take(taken)
            for future in taken:
                future._end(state, exception=exception)
                future._run_callbacks()
            break
        except BaseException as error:
            if raised is None:
                raised = error
    if raised is not None:
        raise raised


def deliver(future, kind, data):
    """Deliver an answer in the owner; *data* came from worker.main. Returns whether the future has callbacks, which a second call
    runs.

    If the call raises in the main thread, the exception is a signal handler's, and is meant for the code that waits there; the
    channel then repeats the call.
    """
    if kind == ANSWER_CALLBACKS:
        _run_callbacks(future)
        return False
    result = exc = None
    state = _base.FINISHED
    if not future.done():
        try:
            if kind == ANSWER_RESULT:
                result = transport.loads(data)
            else:
                exc = _exception(kind, data)
                if type(exc) is TaskInterrupted:
                    state, exc = _interruption(future, exc)
        except Exception as failure:
            signals.let_through(failure)
            exc = failure
        except BaseException as failure:
            if _may_be_a_signal() and not future._retaken:
                future._retaken = True
                raise
            exc = failure
    future._end(state, result, exc)
    # Breaks the cycle exception -> traceback -> frame -> exception.
    del exc
    return bool(future._done_callbacks)


def _interruption(future, exc):
    # The state and the exception of a future whose task has let TaskInterrupted through.
    if future._interrupted:
        return _base.CANCELLED_AND_NOTIFIED, exc
    if future._limit is None:
        # The task itself has raised it.
        return _base.FINISHED, exc
    error = TimeoutError(f"the task was interrupted when it had run for {future._limit} seconds")
    error.__cause__ = exc
    return _base.FINISHED, error


def _run_callbacks(future):
    try:
        future._run_callbacks()
    except BaseException as error:
        if _may_be_a_signal():
            raise
        _log_callback(future, error)


def _may_be_a_signal():
    # In the main thread an exception such as KeyboardInterrupt is meant for the code that waits there.
    return threading.current_thread() is threading.main_thread()


def _exception(kind, data):
    if kind == ANSWER_LOST:
        return RemoteError(data.decode())
    pickled, summary, text = marshal.loads(data)
    cause = _RemoteTraceback(text)
    if pickled is not None:
        try:
            exc = transport.loads(pickled)
            if isinstance(exc, BaseException):
                exc.__cause__ = cause
                return exc
        except Exception as error:
            signals.let_through(error)
    exc = RemoteError(summary)
    exc.__cause__ = cause
    return exc
