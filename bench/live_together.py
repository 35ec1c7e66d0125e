"""
Readers of a live object beside a writer, each in an interpreter of its own, against the same readers in peace.

Times are wall times less what a thread waited for a core, as in scaling: three threads may share two cores, and what counts is
what the readers pay for the writer, not that all need a core. Each reader has the same core with a writer and without.
"""

import itertools
import os
from functools import partial

import symplast

from harness import Bar, Run, Stopwatch, benchmark, cores, pin
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
                run.row(f"{name}: {readers} read{'s' * (readers == 1)}, 1 writes", kept, "reading in peace", unit="x", bar=BAR)


def seconds_of_readers(executor, pipes, shared, keys, times, readers, hammered) -> float:
    """The mean of the readers, which begin when the writer, if there is one, has begun."""
    stop = symplast.AtomicInt()
    *of_readers, of_writer = cores(readers + 1)
    writer = executor.submit(write, shared, keys, stop, pipes.ends, of_writer) if hammered else None
    reading = [executor.submit(read, shared, keys, times, pipes.ends, core) for core in of_readers]
    try:
        pipes.meet(readers + hammered)
        return sum(future.result() for future in reading) / readers
    finally:
        stop.value = 1
        if writer:
            writer.result()


def read(shared, keys, times, ends, core):
    """A reader's task."""
    pin(core)
    meet(ends)
    watch = Stopwatch()
    for _ in range(times):
        for key in keys:
            shared[key]
    return watch.seconds


def write(shared, keys, stop, ends, core):
    """The writer's task: nothing but writes, of the keys that are read."""
    pin(core)
    meet(ends)
    for number in itertools.count():
        for key in keys:
            shared[key] = number
        if stop.value:
            break


def meet(ends):
    """Waits until all are there."""
    arrive, wait = ends
    os.write(arrive, b".")
    os.read(wait, 1)
