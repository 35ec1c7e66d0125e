"""What workers do in the tests of queues."""

import threading
import time

import symplast


class Element:
    """What only pickle can carry."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is Element and self.value == other.value

    __hash__ = None


class Unloadable:
    """Its pickle cannot be loaded."""

    def __reduce__(self):
        return _refuse, ()


def _refuse():
    raise LookupError("not loaded")


def relay(source, target):
    """Pass all elements on until the source is shut down."""
    count = 0
    for element in source:
        target.put(element)
        source.task_done()
        count += 1
    return count


def produce(q, producer, count):
    for i in range(count):
        q.put((producer, i))


def consume(q):
    return list(q)


def get(q, *arguments):
    """The name of the exception, or the element."""
    try:
        return q.get(*arguments)
    except Exception as error:
        return type(error).__name__


def put(q, element, *arguments):
    try:
        q.put(element, *arguments)
    except Exception as error:
        return type(error).__name__


def join(q):
    try:
        q.join()
    except Exception as error:
        return type(error).__name__


def wait_in_thread(q):
    """Leave a daemon thread behind that waits for an element."""
    threading.Thread(target=q.get, daemon=True).start()
    # It waits soon, or ends before it does: both are fine.
    time.sleep(0.05)


def times(pings, pongs, count):
    """Answer each element."""
    for _ in range(count):
        pongs.put(pings.get())


def threads_get(q, results, count):
    """Threads of one interpreter share what is in the queue."""
    threads = [threading.Thread(target=lambda: [results.append(element) for element in q]) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Record(symplast.Object):
    """A class of live objects that workers import when they get one."""

    number: int = 0
