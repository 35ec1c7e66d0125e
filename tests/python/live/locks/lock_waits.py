"""What the tests of locks have in common: threads that wait, and interpreters that hold."""

import pathlib
import pickle
import signal
import threading
import time

import symplast

import executor_tasks


class Waiter(threading.Thread):
    """A thread that calls a function, and keeps what it returned or raised. Starts at once."""

    def __init__(self, function, *arguments):
        super().__init__(daemon=True)
        self._function = function, arguments
        self.result = self.error = None
        self.start()

    def run(self):
        function, arguments = self._function
        try:
            self.result = function(*arguments)
        except BaseException as error:
            self.error = error

    def await_sleep(self):
        """Returns when the thread sleeps in the kernel and does not wake any more: it is parked."""
        seen, same = None, 0
        while same < 5:
            time.sleep(0.01)
            now = switches(self)
            same = same + 1 if now == seen and sleeps(self) else 0
            seen = now
        return seen

    def end(self):
        """Waits for the end and returns what the function returned, or raises what it raised."""
        self.join(60)
        assert not self.is_alive(), "the thread never came back"
        if self.error is not None:
            raise self.error
        return self.result


def handle_interrupts(test):
    """Ctrl-C raises KeyboardInterrupt during a test, even if the tests were started such that it is ignored."""
    test.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))


def _status(thread):
    path = pathlib.Path(f"/proc/self/task/{thread.native_id}/status")
    return dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)


def sleeps(thread):
    return _status(thread)["State"].startswith("S")


def switches(thread):
    """How often the thread has gone to sleep or lost the processor."""
    status = _status(thread)
    return int(status["voluntary_ctxt_switches"]), int(status["nonvoluntary_ctxt_switches"])


def load(shared):
    """Python source of an expression that gives the shared object in another interpreter."""
    return f"__import__('pickle').loads({pickle.dumps(shared)!r})"


def add_under_lock(lock, numbers, times):
    """Adds 1 in two steps, between which other threads get their turn unless the lock keeps them out."""
    for _ in range(times):
        with lock:
            numbers["n"] = numbers["n"] + 1


def hold(lock):
    return lock.acquire()


def hold_and_wait(lock, held, go):
    with lock:
        held.set()
        go.wait()


def try_lock(lock, timeout=0.01):
    try:
        got = lock.acquire(timeout=timeout)
    except symplast.AbandonedError:
        return "abandoned"
    if got:
        lock.release()
    return got


def try_lock_for_ever(lock):
    return try_lock(lock, -1)


def hold_and_leave_a_thread(lock, other):
    """Takes the lock and leaves a daemon thread in C code, which keeps the interpreter from ending. Its other thread waits."""
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    threading.Thread(target=other.acquire, daemon=True).start()
    return lock.acquire()


def same(shared):
    return shared


def account(lock, place, times, forgets=True):
    """Counts in two steps under the lock. Ends in the middle of the last one, with the lock, if it forgets."""
    for time in range(times + 1):
        try:
            lock.acquire()
        except symplast.AbandonedError:
            lock.acquire()
        place["ended"] = place["begun"]
        if time == times and not forgets:
            lock.release()
            break
        place["begun"] += 1
        if time == times:
            # Nobody releases it: the interpreter ends.
            break
        place["ended"] += 1
        lock.release()
    return times + forgets


def hold_and_wait_for(held, awaited, begun):
    held.acquire()
    begun.set()
    awaited.acquire()


def hold_in_c_code(lock, *gate):
    """Holds the lock in C code until the gate is opened. Then it is released, if it still can be."""
    with lock:
        executor_tasks.announce_and_wait(*gate)
