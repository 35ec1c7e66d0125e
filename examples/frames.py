"""NumPy and pandas on every core, in one process: a year of a shop's sales, looked at day by day.

    python examples/frames.py            a year: some half a minute on two cores
    python examples/frames.py --quick    two months

Each day is a table of sales that is grouped, joined and smoothed by pandas and fitted by NumPy. NumPy lets go of the GIL here and
there, pandas holds it nearly always, so that threads gain little. The same function `day` answers for the same days in three
ways:

    sequential   a plain loop in one interpreter
    threads      a ThreadPoolExecutor, in the same interpreter
    symplast     interpreters in the threads of the process; each has NumPy and pandas for itself, the price list is one for all

Set-up is the start of the workers and their imports.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from progress import progress

type Answer = tuple[str, float, int, float]

PRODUCTS = 4000


def price_list() -> dict[str, dict]:
    """What each product costs, and what it is."""
    return {f"product {i}": {"price": (i * 37 % 500 + 99) / 100, "group": f"group {i % 23}"} for i in range(PRODUCTS)}


def day(products: Mapping[str, Mapping], size: int, number: int) -> Answer:
    """The best group of a day, what was sold of it, the busiest hour, and how sales follow prices."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(number)
    names = list(products)
    sales = pd.DataFrame({
        "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(number, unit="D")
        + pd.to_timedelta(np.sort(random.integers(0, 86400, size)), unit="s"),
        "product": [names[i] for i in random.zipf(1.3, size) % PRODUCTS],
        "count": random.poisson(2, size) + 1,
    })  # fmt: skip
    known = pd.DataFrame([(name, each["price"], each["group"]) for name, each in products.items()],
                         columns=["product", "price", "group"])
    joined = sales.merge(known, on="product")
    joined["value"] = joined["price"] * joined["count"]
    groups = joined.groupby("group")["value"].sum().sort_values(ascending=False)
    hours = joined.set_index("time")["value"].resample("10min").sum().rolling(6).mean()
    of_product = joined.groupby("product").agg(price=("price", "first"), count=("count", "sum"))
    slope, _ = np.polyfit(of_product["price"], np.log(of_product["count"]), 1)
    return str(groups.index[0]), round(float(groups.iloc[0]), 2), int(hours.idxmax().hour), round(float(slope), 4)


@contextmanager
def in_interpreters(products: dict[str, dict], workers: int):
    """Each worker imports NumPy and pandas; the frozen price list goes there by pointer."""
    import symplast

    with symplast.Pool("products") as pool, symplast.InterpreterPoolExecutor(workers) as executor:
        ready = symplast.AtomicInt()
        list(executor.map(arrive, [ready] * workers, [workers] * workers))
        yield pool.freeze(products), executor.map


def arrive(ready, workers: int) -> None:
    """Called once in each worker: returns when all of them can begin."""
    import pandas  # noqa: F401

    ready.add(1)
    while ready.value < workers:
        time.sleep(0.01)


@contextmanager
def in_threads(products: dict[str, dict], workers: int):
    with ThreadPoolExecutor(workers) as executor:
        yield products, executor.map


@contextmanager
def sequentially(products: dict[str, dict], workers: int):
    yield products, map


WAYS: dict[str, Callable] = {"sequential": sequentially, "threads": in_threads, "symplast": in_interpreters}


def measure(way: str, numbers: range, size: int, workers: int) -> tuple[float, float, list[Answer]]:
    """The seconds until all workers can begin, those that the answers took, and the answers."""
    started = time.perf_counter()
    with WAYS[way](price_list(), workers) as (products, map_all):
        ready = time.perf_counter()
        answers = list(progress(map_all(partial(day, products, size), numbers), len(numbers), way))
        return ready - started, time.perf_counter() - ready, answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two months instead of a year")
    parser.add_argument("--days", type=int, metavar="N", help="how many; default: 365, with --quick 60")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="default: the usable cores")
    options = parser.parse_args()
    # Before NumPy is imported: its own threads would only get in the way of those that are compared.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        import numpy
        import pandas
    except ImportError as error:
        print(f"examples/frames.py is left out: {error}. To see it: {sys.executable} -m pip install numpy pandas")
        return
    numbers, size = range(options.days or (60 if options.quick else 365)), 8000
    print(f"NumPy {numpy.__version__} and pandas {pandas.__version__}, Python {platform.python_version()}: {len(numbers)} days "
          f"of {size} sales each,"
          f" {options.workers} workers.\n", flush=True)
    day(price_list(), 100, 0)  # What is made only once is made now.
    results = {way: measure(way, numbers, size, options.workers) for way in WAYS}

    print("\n              set-up    seconds   against sequential")
    _, alone, expected = results["sequential"]
    for way, (setup, seconds, answers) in results.items():
        print(f"{way:<12}{setup:8.2f} {seconds:10.2f} {alone / seconds:12.2f}x")
        if answers != expected:
            sys.exit(f"WRONG: {way} found other answers than the plain loop")
    group, value, hour, _ = max(expected, key=lambda answer: answer[1])
    print(f"\nAll {len(results)} ways gave the same {len(expected)} answers. The best day: {group} sold for {value:,.2f}, most "
          f"of all at {hour} h.")


if __name__ == "__main__":
    main()
