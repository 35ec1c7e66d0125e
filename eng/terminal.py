"""What people see of a run: lines, and on a terminal what runs at the moment and for how long."""

import shutil
import sys
import threading
import time
from contextlib import contextmanager

_lock = threading.Lock()
_running = {}  # what runs, and since when
_stopped = threading.Event()


def say(text):
    with _lock:
        _clear()
        print(text, flush=True)


def fail(text):
    """Ends the program with a message for people, without a traceback."""
    with _lock:
        _clear()
        sys.stdout.flush()
    sys.exit(text)


@contextmanager
def running(what):
    """While the block runs, a terminal shows since when: in one line for all blocks that run in several threads.

    Elsewhere nothing is shown.
    """
    if not sys.stdout.isatty():
        yield
        return
    with _lock:
        first = not _running
        _running[what] = time.monotonic()
    if first:
        _stopped.clear()
        threading.Thread(target=_tick, daemon=True).start()
    try:
        yield
    finally:
        with _lock:
            del _running[what]
            _clear()
            if not _running:
                _stopped.set()


def spent(seconds, processor):
    """How long something took, and the processor time if that is known: 2 min 05 s, 1 min 40 s of processor time."""
    return elapsed(seconds) if processor is None else f"{elapsed(seconds)}, {elapsed(processor)} of processor time"


def elapsed(seconds):
    """A time as people read it: 42 s, 2 min 05 s."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _tick():
    while not _stopped.wait(1):
        with _lock:
            if _running:
                now = time.monotonic()
                line = "  " + ", ".join(f"{what}: {elapsed(now - since)}" for what, since in _running.items())
                sys.stdout.write("\r\033[K" + line[:shutil.get_terminal_size().columns - 1])
                sys.stdout.flush()


def _clear():
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K")
