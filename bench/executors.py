"""Our executor against those of the standard library, with tasks that do nothing: what is measured is the way there and back."""

import concurrent.futures
import itertools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor

import symplast

from harness import Bar, Run, benchmark, wall_seconds

BAR = Bar(0.2)
WORKERS = 2


def rivals() -> dict[str, Callable[[], Executor]]:
    """What to start the executors of the standard library with, by name."""
    # Forking is neither the default everywhere nor possible once symplast is imported.
    context = multiprocessing.get_context("spawn")
    all_of_them = {"ProcessPoolExecutor": lambda: concurrent.futures.ProcessPoolExecutor(WORKERS, context)}
    if hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        all_of_them["stdlib InterpreterPoolExecutor"] = lambda: concurrent.futures.InterpreterPoolExecutor(WORKERS)
    return all_of_them


def compare(run: Run, name: str, work: Callable[[Executor], object], divisor: int = 1, bar: Bar | None = None, **turns) -> None:
    """Has all executors do the same work in turn, and gives the time of one of ``divisor`` equal parts."""
    executors = {"ours": symplast.InterpreterPoolExecutor(WORKERS)} | {name: start() for name, start in rivals().items()}
    try:
        samples = run.turns(name, *(lambda executor=executor: wall_seconds(work, executor) for executor in executors.values()), **turns)
    finally:
        for executor in executors.values():
            executor.shutdown()
    ours, *others = ([seconds / divisor for seconds in of_one] for of_one in samples)
    for rival, theirs in zip(rivals(), others):
        run.row(name, ours, rival, theirs, bar=bar)


@benchmark("round trip")
def round_trip(run: Run) -> None:
    def work(executor):
        for _ in range(100):
            executor.submit(nothing).result()

    compare(run, "round trip of a task", work, 100, BAR, seconds=6, least=7, most=100)


@benchmark("map")
def map_tasks(run: Run) -> None:
    count = run.either(10_000, 2_000)

    def work(executor):
        for _ in executor.map(nothing, range(count)):
            pass

    compare(run, f"map of {count:,} tasks, each", work, count, BAR, seconds=10, least=3, most=9)


@benchmark("map in chunks")
def map_chunks(run: Run) -> None:
    count = run.either(100_000, 20_000)

    def work(executor):
        for _ in executor.map(nothing, range(count), chunksize=100):
            pass

    # The standard library's InterpreterPoolExecutor ignores chunksize.
    executors = {"ours": symplast.InterpreterPoolExecutor(WORKERS), "ProcessPoolExecutor": rivals()["ProcessPoolExecutor"]()}
    try:
        ours, theirs = run.turns(
            "map in chunks", *(lambda executor=executor: wall_seconds(work, executor) for executor in executors.values()),
            seconds=4, least=3, most=15)
    finally:
        for executor in executors.values():
            executor.shutdown()
    run.row(f"map of {count:,} in chunks of 100, each", [seconds / count for seconds in ours],
            "ProcessPoolExecutor", [seconds / count for seconds in theirs])


@benchmark("start")
def start(run: Run) -> None:
    """From nothing to the answers of all workers, and back to nothing."""

    def work(begin):
        with begin() as executor:
            list(executor.map(nothing, itertools.repeat(None, WORKERS)))

    ways = {"ours": lambda: symplast.InterpreterPoolExecutor(WORKERS)} | rivals()
    ours, *others = run.turns("start", *(lambda way=way: wall_seconds(work, way) for way in ways.values()), seconds=4, least=5, most=15)
    for rival, theirs in zip(rivals(), others):
        run.row("start, first answers and shutdown", ours, rival, theirs)


def nothing(argument=None):
    """The task that does nothing."""
