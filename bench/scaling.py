"""
Two interpreters at once over one frozen graph, against one alone; beside it, what two processes with a copy each gain.

Times are wall times less what the thread waited for a core while other programs had it: on a busy machine two readers would else
say more of the machine than of each other. A lock between them, or fights over cache lines, count in full.

One core may be half as fast again as another, so each of the two is compared with what its own core does alone: the gain is the
sum of what is left of both speeds, 2.00x if neither notices the other.
"""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import symplast

import data
import reading
from harness import Bar, Run, Stopwatch, benchmark, cores, pin

BAR = Bar(1.95, of="ours", at_least=True)


@benchmark("two interpreters")
def two_at_once(run: Run) -> None:
    words = data.strings(1_000)
    keys = [word[:1] + word[1:] for word in words] * 100
    lines = [" ".join(words[i:i + 12]) for i in range(900)]
    records = run.either(50_000, 10_000)
    # All workers read the same few objects. If a reference count were written, the cores would compete for its cache line.
    compare(run, "look up keys of one dict", {word: i for i, word in enumerate(words)}, reading.by_key, 30, keys)
    compare(run, f"walk {records:,} JSON records", data.records(records), reading.walk_records, 200_000 // records)
    compare(run, "split lines", lines, reading.split_lines, 40)


def compare(run: Run, name: str, plain: Any, read: Any, times: int, *local: Any) -> None:
    run.say(f"{name}: starting workers")
    times = run.repeated(times)
    context = multiprocessing.get_context("spawn")
    with (Pipes() as pipes, symplast.Pool() as pool, symplast.InterpreterPoolExecutor(2) as interpreters,
          ProcessPoolExecutor(2, context, keep, (plain, local, context.Barrier(2))) as processes):
        frozen = pool.freeze(plain)
        in_interpreter = partial(interpreters.submit, measure, read, frozen, pool.freeze(local), times)
        in_process = partial(processes.submit, measure_kept, read, times)
        pair = cores(2)

        def alone(submit, core):
            return submit(core, None).result()

        def together(submit, meet):
            futures = [submit(core, meet) for core in pair]
            if meet is pipes.ends:
                pipes.meet(2)
            return [future.result() for future in futures]

        def gain(submit, meet):
            both = together(submit, meet)
            return sum(alone(submit, core) / seconds for core, seconds in zip(pair, both))

        gains, process_gains = run.turns(
            name,
            lambda: gain(in_interpreter, pipes.ends),
            lambda: gain(in_process, True),
            seconds=10, least=9, most=41)
    run.row(name, gains, "processes, a copy each", process_gains, unit="x", bar=BAR)


class Pipes:
    """Starts tasks of this process's interpreters at one moment: each reports that it is ready, and waits for the start."""

    def __enter__(self):
        self._arrived, arrive = os.pipe()
        wait, self._release = os.pipe()
        self.ends = (arrive, wait)
        return self

    def __exit__(self, *_):
        for end in (self._arrived, self._release, *self.ends):
            os.close(end)

    def meet(self, count: int) -> None:
        for _ in range(count):
            os.read(self._arrived, 1)
        os.write(self._release, b"." * count)


def measure(read, frozen, local, times, core, ends):
    """In a worker interpreter."""
    pin(core)
    if ends is not None:
        arrive, wait = ends
        os.write(arrive, b".")
        os.read(wait, 1)
    return seconds_of(read, frozen, local, times)


kept: tuple


def keep(plain, local, barrier):
    global kept
    kept = (plain, local, barrier)


def measure_kept(read, times, core, meet):
    """In a worker process."""
    pin(core)
    plain, local, barrier = kept
    if meet:
        barrier.wait()
    return seconds_of(read, plain, local, times)


def seconds_of(read, readable, local, times):
    watch = Stopwatch()
    for _ in range(times):
        read(readable, *local)
    return watch.seconds
