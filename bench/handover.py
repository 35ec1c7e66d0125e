"""Handing a frozen graph to a running worker: how long a task with it takes beyond one without, and what is copied."""

import os
import pickle
import random
import statistics

import symplast

from harness import Bar, Run, benchmark, wall_seconds

BAR = Bar(25e-6, of="ours")
ROUND_TRIPS = 100


@benchmark("10k objects")
def small_graph(run: Run) -> None:
    hand_over(run, 10_000)


@benchmark("10M objects")
def large_graph(run: Run) -> None:
    hand_over(run, run.either(10_000_000, 1_000_000))


def hand_over(run: Run, count: int) -> None:
    name = f"{count:,} objects"
    run.say(f"making {name}")
    graph = make(count)
    pickling = wall_seconds(pickle_and_back, graph)
    size = len(pickle.dumps(graph, pickle.HIGHEST_PROTOCOL))
    with symplast.Pool() as pool, symplast.InterpreterPoolExecutor(1) as executor:
        run.say(f"freezing {name}")
        frozen = pool.freeze(graph)
        assert pool.stats().objects >= count
        del graph

        def round_trip(argument):
            return statistics.median(wall_seconds(task, argument) for _ in range(ROUND_TRIPS))

        def task(argument):
            executor.submit(take, argument).result()

        with_graph, with_int = run.turns(name, lambda: round_trip(frozen), lambda: round_trip(1), seconds=4, least=11, most=101)
        assert executor.submit(place, frozen).result() == place(frozen), "the worker has other objects"
        before = resident()
        round_trip(frozen)
        copied = resident() - before
    run.row(f"task with {name}", with_graph, "task with an int", with_int)
    beyond = [mine - other for mine, other in zip(with_graph, with_int)]
    run.row(f"hand over {name}", beyond, "pickle.dumps + loads", [pickling], bar=BAR)
    # Some pages may be needed for other reasons. That the worker gets the same addresses was checked above.
    run.row(f"memory for {ROUND_TRIPS} hand-overs", [copied], f"{ROUND_TRIPS} pickles", [ROUND_TRIPS * size], unit="B",
            bar=Bar(64 * 1024, of="ours"))


def make(count):
    """A list of records; each is 10 objects: dict, list, float, five ints, two strings."""
    numbers = random.Random(8)
    return [
        {"name": f"n{i}", "label": f"label {i}", "weight": i * 0.5, "places": [numbers.randrange(1 << 30) for _ in range(5)]}
        for i in range(count // 10)
    ]


def pickle_and_back(graph):
    return pickle.loads(pickle.dumps(graph, pickle.HIGHEST_PROTOCOL))


def take(argument):
    """The task that does nothing."""


def place(graph):
    """Where the graph and some of its parts are."""
    return id(graph), id(graph[0]), id(graph[-1]["places"]), id(graph[len(graph) // 2]["label"])


def resident():
    """Bytes of memory that the process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
