"""
Several interpreters at once with one live object: readers beside a writer, and writers of one counter.

Times are wall times less what a thread waited for a core, as in scaling: three threads share two cores here, and what counts is
what the reader pays for the writer, not that both need a core.
"""

import itertools
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import symplast

from harness import Bar, Run, benchmark, waited_for_core
from scaling import Pipes

BAR = Bar(0.9, of="ours", at_least=True)


@benchmark("readers beside a writer")
def beside_a_writer(run: Run) -> None:
    keys = tuple(f"key {i}" for i in range(1_000))
    items = {key: i for i, key in enumerate(keys)}
    places = tuple(range(1_000))
    times = run.either(300, 10)
    with Pipes() as pipes, symplast.Pool() as pool, symplast.InterpreterPoolExecutor(3) as executor:
        for name, shared, used in (
                ("Dict", symplast.Dict(items), pool.freeze(keys)),
                ("SortedDict", symplast.SortedDict(items), pool.freeze(keys)),
                ("List", symplast.List(places), pool.freeze(places))):
            for readers in (1, 2):
                with_writer, quiet = run.turns(
                    name,
                    partial(seconds_of_readers, executor, pipes, shared, used, times, readers, True),
                    partial(seconds_of_readers, executor, pipes, shared, used, times, readers, False),
                    seconds=4, least=9, most=60)
                kept = [alone / disturbed for alone, disturbed in zip(quiet, with_writer)]
                run.row(f"{name} of 1,000: {readers} read{'s' * (readers == 1)}, 1 writes", kept, "the speed of reading in peace", unit="x", bar=BAR)


def seconds_of_readers(executor, pipes, shared, keys, times, readers, hammered) -> float:
    """The mean of the readers, which begin when the writer, if there is one, has begun."""
    stop = symplast.AtomicInt()
    writer = executor.submit(write, shared, keys, stop, pipes.ends) if hammered else None
    reading = [executor.submit(read, shared, keys, times, pipes.ends) for _ in range(readers)]
    try:
        pipes.meet(readers + hammered)
        return sum(future.result() for future in reading) / readers
    finally:
        stop.value = 1
        if writer:
            writer.result()


def read(shared, keys, times, ends):
    """A reader's task."""
    meet(ends)
    watch = Stopwatch()
    for _ in range(times):
        for key in keys:
            shared[key]
    return watch.seconds


def write(shared, keys, stop, ends):
    """The writer's task: nothing but writes, of the keys that are read."""
    meet(ends)
    for number in itertools.count():
        for key in keys:
            shared[key] = number
        if stop.value:
            break


@benchmark("one counter")
def one_counter(run: Run) -> None:
    """Two workers add to it; figures are of one addition of one worker."""
    context = multiprocessing.get_context("spawn")
    often, rarely = run.either(100_000, 5_000), run.either(1_000, 50)
    with (Pipes() as pipes, symplast.InterpreterPoolExecutor(2) as interpreters, context.Manager() as manager,
          ProcessPoolExecutor(2, context, keep, (context.Value("q", 0), (manager.Value("q", 0), manager.Lock()), context.Barrier(2))) as processes):

        def ours(add, *shared):
            futures = [interpreters.submit(add, *shared, often, pipes.ends) for _ in range(2)]
            pipes.meet(2)
            return max(future.result() for future in futures) / often

        def theirs(add, times):
            return max(future.result() for future in [processes.submit(add, times) for _ in range(2)]) / times

        atomic, of_dict, value, managed = run.turns(
            "one counter",
            partial(ours, add_to_counter, symplast.AtomicInt()),
            partial(ours, add_to_key, symplast.Dict(hits=0)),
            partial(theirs, add_to_value, often),
            partial(theirs, add_to_managed, rarely),
            seconds=6, least=7, most=60)
    for rival, samples in (("multiprocessing.Value and its lock", value), ("Manager().Value and Lock", managed)):
        run.row("AtomicInt.add(1), 2 at once", atomic, rival, samples)
        run.row("d.add(key, 1), 2 at once", of_dict, rival, samples)


def add_to_counter(counter, times, ends):
    meet(ends)
    watch = Stopwatch()
    for _ in range(times):
        counter.add(1)
    return watch.seconds


def add_to_key(d, times, ends):
    meet(ends)
    watch = Stopwatch()
    for _ in range(times):
        d.add("hits", 1)
    return watch.seconds


kept: tuple


def keep(value, managed, barrier):
    """What a worker process is given when it starts."""
    global kept
    kept = (value, managed, barrier)


def add_to_value(times):
    value, _, barrier = kept
    barrier.wait()
    watch = Stopwatch()
    for _ in range(times):
        with value.get_lock():
            value.value += 1
    return watch.seconds


def add_to_managed(times):
    _, (value, lock), barrier = kept
    barrier.wait()
    watch = Stopwatch()
    for _ in range(times):
        with lock:
            value.value += 1
    return watch.seconds


def meet(ends):
    """Waits until all are there."""
    arrive, wait = ends
    os.write(arrive, b".")
    os.read(wait, 1)


class Stopwatch:
    """Wall time since it was made, less what this thread waited for a core."""

    def __init__(self):
        self._waited, self._start = waited_for_core(), time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start - (waited_for_core() - self._waited)
