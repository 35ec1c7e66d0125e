"""Freezing and thawing against pickling the same objects, which is how they reach another core today."""

import pickle
from collections.abc import Callable
from typing import Any

import symplast

import data
from harness import Bar, Run, added, benchmark, cpu_seconds


def compare(run: Run, name: str, make: Callable[[int], Any], full: int, quick: int) -> None:
    """
    Each round freezes into a fresh pool, and into pages that the system has yet to supply, as a program does that freezes its
    data once: the memory of deleted pools stays until the process ends. So the rounds are few.
    """
    count = run.either(full, quick)
    name = f"{count:,} {name}"
    run.say(f"making {name}")
    original = make(count)
    pickled = pickle.dumps(original, pickle.HIGHEST_PROTOCOL)
    frozen = symplast.freeze(original)

    def freeze():
        pool = symplast.Pool()
        seconds = cpu_seconds(pool.freeze, original)
        pool.delete()
        return seconds

    freezing, thawing, dumping, loading = run.turns(
        name,
        freeze,
        lambda: cpu_seconds(symplast.thaw, frozen),
        lambda: cpu_seconds(pickle.dumps, original, pickle.HIGHEST_PROTOCOL),
        lambda: cpu_seconds(pickle.loads, pickled),
        seconds=7, least=5, most=9, pinned=True)
    run.row(f"freeze {name}", freezing, "pickle.dumps", dumping, bar=Bar(0.5))
    run.row(f"freeze {name}", freezing, "pickle.dumps + loads", added(dumping, loading))
    run.row(f"thaw {name}", thawing, "pickle.loads", loading)


@benchmark("records")
def freezing_records(run: Run) -> None:
    compare(run, "JSON records", data.records, 200_000, 20_000)


@benchmark("tree")
def freezing_tree(run: Run) -> None:
    compare(run, "nodes of a tree", data.tree, 200_000, 20_000)


@benchmark("strings")
def freezing_strings(run: Run) -> None:
    compare(run, "short strings", data.strings, 1_000_000, 100_000)


@benchmark("numbers")
def freezing_numbers(run: Run) -> None:
    compare(run, "tuples of numbers", data.rows, 400_000, 40_000)


@benchmark("index")
def freezing_index(run: Run) -> None:
    compare(run, "words with places", data.index, 100_000, 10_000)


@benchmark("dict of records")
def freezing_catalogue(run: Run) -> None:
    compare(run, "records in a dict", data.catalogue, 200_000, 20_000)


@benchmark("points")
def freezing_points(run: Run) -> None:
    compare(run, "dicts of two floats", data.points, 400_000, 40_000)


@benchmark("prices")
def freezing_prices(run: Run) -> None:
    compare(run, "floats in a dict, by int", data.prices, 1_000_000, 100_000)


@benchmark("sets")
def freezing_sets(run: Run) -> None:
    compare(run, "sets of words", data.sets, 100_000, 10_000)


@benchmark("texts")
def freezing_texts(run: Run) -> None:
    compare(run, "texts of 5,000 characters", data.texts, 20_000, 2_000)
