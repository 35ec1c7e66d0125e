"""What the tests of interrupts run in workers."""

import collections
import itertools
import operator
import os
import threading
import time

import symplast

kept = []


def spin(announce):
    """Computes for ever."""
    os.write(announce, b"s")
    while True:
        pass


def sleep(announce, seconds=60):
    os.write(announce, b"s")
    time.sleep(seconds)
    return "slept"


def spin_and_note(announce):
    """Computes for ever; notes which clauses ran."""
    try:
        try:
            os.write(announce, b"s")
            while True:
                pass
        except Exception:
            kept.append("except Exception")
        finally:
            kept.append("finally")
    except symplast.TaskInterrupted:
        kept.append("except TaskInterrupted")
        raise


def notes():
    taken = kept[:]
    kept.clear()
    return taken


def catch(announce, value):
    """Returns a value when it is interrupted."""
    try:
        os.write(announce, b"s")
        while True:
            pass
    except symplast.TaskInterrupted:
        return value


def catch_and_go_on(announce, times):
    """Is interrupted that many times before it ends."""
    for _ in range(times):
        try:
            os.write(announce, b"s")
            while True:
                pass
        except symplast.TaskInterrupted:
            continue
    return times


def fail_meanwhile(announce):
    try:
        os.write(announce, b"s")
        while True:
            pass
    finally:
        raise LookupError("while cleaning up")


def wait_for_lock(announce, seconds):
    lock = threading.Lock()
    lock.acquire()
    os.write(announce, b"s")
    lock.acquire(timeout=seconds)
    return "waited"


def wait_in_c(announce, gate):
    """Sits in C code until the gate opens, and in Python then. No bytecode comes between the announcement and the wait."""
    list(map(operator.call, (os.write, os.read), (announce, gate), (b"s", 1)))
    while True:
        pass


def read_whatever_happens(announce, gate):
    """Sits in C code until the gate opens, whatever is raised."""
    # An exception can be raised at the end of each turn, outside of the inner try; no second one follows within microseconds.
    while True:
        try:
            os.write(announce, b"s")
            while True:
                try:
                    return os.read(gate, 1)
                except BaseException:
                    continue
        except BaseException:
            continue


def calculate(announce):
    """Stays in C code for ever, and keeps the GIL of its interpreter."""
    os.write(announce, b"s")
    collections.deque(itertools.repeat(None), maxlen=0)


def nested(announce):
    """Waits for a worker of its own."""
    with symplast.InterpreterPoolExecutor(1) as executor:
        future = executor.submit(sleep, announce, 60)
        try:
            future.result()
        finally:
            future.interrupt()


def sleep_beside_a_thread(announce):
    """Sleeps while another thread of the interpreter computes."""
    end = []

    def compute():
        while not end:
            pass

    thread = threading.Thread(target=compute)
    try:
        # The interrupt may come as early as here.
        thread.start()
        os.write(announce, b"s")
        time.sleep(60)
    finally:
        end.append(True)
        if thread.ident is not None:
            thread.join()


def short(number):
    """Takes a moment in Python code."""
    for _ in range(number % 50):
        pass
    return number


def leave_threads(announce, gate):
    """Leaves threads that do not end: one that computes, and one in C code."""

    def compute():
        while True:
            pass

    threading.Thread(target=compute).start()
    threading.Thread(target=os.read, args=(gate, 1)).start()
    os.write(announce, b"s")


def refuse_to_end(announce):
    """Catches whatever is raised, for a while."""
    os.write(announce, b"s")
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            while time.monotonic() < end:
                time.sleep(0.001)
        except BaseException:
            os.write(announce, b"c")
