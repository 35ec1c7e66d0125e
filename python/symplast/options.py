"""Executors whose tasks have options."""

from concurrent.futures import _base

from symplast import results


class ExecutorWithOptions(results.ManyCalls, _base.Executor):
    """An executor for the same workers as another one, whose tasks have options; with_options() makes it. Thread-safe."""

    def __init__(self, executor, limit):
        self._executor = executor
        self._limit = limit

    def __reduce__(self):
        raise TypeError("cannot pickle an executor: it belongs to the interpreter that made it")

    def submit(self, fn, /, *args, **kwargs):
        """Schedule fn(*args, **kwargs) in a worker, with the options, and return its Future."""
        return self._executor._submit(fn, args, kwargs, self._limit)

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Shut the executor down that has the workers."""
        self._executor.shutdown(wait, cancel_futures=cancel_futures)

    def _submitter(self):
        return self._executor, self._limit


def limit(timeout):
    """Check a time limit; returns it, or None if there is none."""
    if timeout is None:
        return None
    if not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout must be a number of seconds or None, not {type(timeout).__name__}")
    if not timeout > 0:
        raise ValueError("timeout must be greater than 0")
    return timeout if timeout < _LONGEST else None


# Seconds. Nobody waits for longer.
_LONGEST = 1e9
