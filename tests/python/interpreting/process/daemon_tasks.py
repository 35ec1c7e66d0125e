"""What daemon threads do that tasks leave."""

import _thread
import itertools
import queue
import socket
import threading
import time

kept = []


def start(kind, *arguments):
    """Start a daemon thread and return when it is about to do what kind says."""
    begun = threading.Event()
    thread = threading.Thread(target=KINDS[kind], args=(begun, *arguments), daemon=True, name=f"a {kind} thread")
    kept.append(thread)
    thread.start()
    begun.wait()
    return thread.daemon


def _queue(begun):
    items = queue.Queue()
    begun.set()
    items.get()


def _timed_queue(begun):
    items = queue.Queue()
    begun.set()
    while True:
        try:
            items.get(timeout=1000)
        except queue.Empty:
            continue


def _simple_queue(begun):
    items = queue.SimpleQueue()
    begun.set()
    items.get()


def _event(begun):
    begun.set()
    threading.Event().wait()


def _lock(begun):
    lock = threading.Lock()
    lock.acquire()
    begun.set()
    lock.acquire()


def _raw_lock(begun):
    kept.append(lock := _thread.allocate_lock())
    with lock:
        begun.set()
        lock.acquire(timeout=1000)


def _deep(begun, depth=200):
    if depth:
        _deep(begun, depth - 1)
    else:
        _lock(begun)


def _reentrant_lock(begun):
    lock = threading.RLock()
    held = threading.Event()

    def hold():
        with lock:
            held.set()
            threading.Event().wait()

    threading.Thread(target=hold).start()
    held.wait()
    begun.set()
    with lock:
        pass


def _semaphore(begun):
    semaphore = threading.Semaphore(0)
    begun.set()
    with semaphore:
        pass


def _barrier(begun):
    barrier = threading.Barrier(2)
    begun.set()
    barrier.wait()


def _join(begun):
    other = threading.Thread(target=_event, args=(begun,))
    other.start()
    other.join()


def _loop(begun):
    begun.set()
    for _ in itertools.count():
        pass


def _steps(begun):
    begun.set()
    while True:
        time.sleep(0.001)


def _careful(begun):
    begun.set()
    while True:
        try:
            time.sleep(0.001)
            [].pop()
        except Exception:
            continue


def _starts_another(begun, depth=3):
    if depth:
        threading.Thread(target=_starts_another, args=(begun, depth - 1)).start()
    else:
        begun.set()
    while True:
        time.sleep(0.001)


def _cleans_up(begun):
    try:
        _event(begun)
    finally:
        time.sleep(0.01)
        print("cleaned up", flush=True)


def _generator(begun):
    def numbers():
        try:
            yield 1
            _event(begun)
        finally:
            kept.append(1)

    for _ in numbers():
        pass


def _sleep(begun):
    begun.set()
    time.sleep(3600)


def _receive(begun):
    one, other = socket.socketpair()
    kept.append(other)
    buffer = bytearray(100)
    begun.set()
    one.recv_into(buffer)


def _stubborn(begun):
    begun.set()
    while True:
        try:
            while True:
                time.sleep(0.001)
        except BaseException:
            continue


KINDS = {name: globals()["_" + name] for name in (
    "queue", "timed_queue", "simple_queue", "event", "lock", "raw_lock", "deep", "reentrant_lock", "semaphore", "barrier", "join",
    "loop",
    "steps", "careful", "starts_another", "generator", "cleans_up", "sleep", "receive", "stubborn",
)}  # fmt: skip
LEFT_OVER = ("sleep", "receive", "stubborn")


def start_all(leave_out=LEFT_OVER):
    """Start one of each kind."""
    return {start(kind) for kind in KINDS if kind not in leave_out}


def in_thread_pool(count, end):
    """Squares by multiprocessing's pool of threads, which is left to itself or ended."""
    from multiprocessing.pool import ThreadPool

    pool = ThreadPool(3)
    squares = pool.map(lambda n: n * n, range(count))
    if end:
        pool.close()
        pool.join()
    else:
        kept.append(pool)
    return squares


def what_threads_are():
    """daemon of this thread, of one that it starts, of one that a daemon starts."""
    found = [threading.current_thread().daemon]

    def look():
        found.append(threading.current_thread().daemon)

    def look_and_start():
        other = threading.Thread(target=look)
        other.start()
        other.join()

    for thread in (threading.Thread(target=look), threading.Thread(target=look_and_start, daemon=True)):
        thread.start()
        thread.join()
    return found
