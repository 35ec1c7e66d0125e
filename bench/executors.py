"""The executor against those of the standard library, with tasks that do nothing: measures the round trip."""

import concurrent.futures
import itertools
import multiprocessing
import statistics
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial

import symplast

from harness import Bar, Run, benchmark, wall_seconds

BAR = Bar(0.2)
WORKERS = 2


def rivals() -> dict[str, Callable[[], Executor]]:
    """The constructors of the standard library's executors, by name."""
    # Forking is neither the default everywhere nor possible once symplast is imported.
    context = multiprocessing.get_context("spawn")
    all_of_them = {"ProcessPoolExecutor": lambda: concurrent.futures.ProcessPoolExecutor(WORKERS, context)}
    if hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        all_of_them["stdlib InterpreterPoolExecutor"] = lambda: concurrent.futures.InterpreterPoolExecutor(WORKERS)
    return all_of_them


def compare(run: Run, name: str, take_turn: Callable[[Executor], float], bar: Bar | None,
            only: str | None = None, **turns) -> None:
    """Lets all executors (or ours and one rival) take turns at one task."""
    chosen = {rival: start for rival, start in rivals().items() if only in (None, rival)}
    executors = [begin_ours(), *(start() for start in chosen.values())]
    try:
        ours, *others = run.turns(name, *(partial(take_turn, executor) for executor in executors), **turns)
    finally:
        for executor in executors:
            executor.shutdown()
    for rival, theirs in zip(chosen, others):
        run.row(name, ours, rival, theirs, bar=bar)


@benchmark("round trip")
def round_trip(run: Run) -> None:
    def one(executor):
        executor.submit(nothing).result()

    def take_turn(executor):
        return statistics.median(wall_seconds(one, executor) for _ in range(100))

    compare(run, "round trip of a task", take_turn, BAR, seconds=6, least=7, most=100)


@benchmark("map")
def map_tasks(run: Run) -> None:
    count = run.either(10_000, 2_000)

    def take_turn(executor):
        return wall_seconds(list, executor.map(nothing, range(count))) / count

    compare(run, f"map of {count:,} tasks, each", take_turn, BAR, seconds=10, least=3, most=9)


@benchmark("map in chunks")
def map_chunks(run: Run) -> None:
    count = run.either(100_000, 20_000)

    def take_turn(executor):
        return wall_seconds(list, executor.map(nothing, range(count), chunksize=100)) / count

    # The executor for interpreters of the standard library has no use for chunksize.
    compare(run, f"map of {count:,} in chunks of 100, each", take_turn, None, "ProcessPoolExecutor", seconds=4, least=3, most=15)


@benchmark("start")
def start(run: Run) -> None:
    """Time to start an executor, get an answer from each worker, and shut it down."""

    def work(begin):
        with begin() as executor:
            list(executor.map(nothing, itertools.repeat(None, WORKERS)))

    others = rivals()
    ours, *theirs = run.turns("start", *(partial(wall_seconds, work, begin) for begin in (begin_ours, *others.values())),
                              seconds=4, least=5, most=15)
    for rival, samples in zip(others, theirs):
        run.row("start, first answers and shutdown", ours, rival, samples)


def begin_ours() -> Executor:
    return symplast.InterpreterPoolExecutor(WORKERS)


def nothing(argument=None):
    """The task that does nothing."""
