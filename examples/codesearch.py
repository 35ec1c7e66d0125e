"""Fuzzy code search over Python's own standard library: on every core, over one copy of the index.

    python examples/codesearch.py            the whole library: some two minutes on two cores
    python examples/codesearch.py --quick    without its tests, where a query takes less: some half a minute

The index (codeindex.py) is what large Python programs are full of: dicts, lists and strings by the hundred thousand,
pointing at each other. To answer a query is to walk it, comparing and scoring: pure Python work, which one GIL keeps on
one core. Here the same `search` answers the same queries in three ways:

    sequential   a plain loop in one interpreter
    processes    ProcessPoolExecutor: each worker process is sent the whole index and holds a copy of its own
    symplast     interpreters in the threads of one process: the index is frozen once and all of them read it there

The functions `sequentially`, `in_processes` and `in_interpreters` are the point of the example. The rest runs each way
in a fresh process and compares time, memory and answers.
"""

import argparse
import gc
import importlib.util
import json
import multiprocessing
import os
import platform
import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypedDict

from codeindex import EXAMPLES, Index, Match, build_index, make_queries, read_sources, search
from progress import progress

type AnswerAll = Callable[[list[str]], Iterable[list[Match]]]


@contextmanager
def in_interpreters(index: Index, workers: int) -> Iterator[AnswerAll]:
    """The frozen index goes to the workers by pointer: nothing is copied, however large it is."""
    import symplast  # here, because the other two ways are measured without it

    with symplast.Pool("codesearch") as pool, symplast.InterpreterPoolExecutor(workers) as executor:
        index = pool.freeze(index)
        list(executor.map(abs, range(workers)))  # all workers have started
        yield partial(executor.map, partial(search, index))


@contextmanager
def in_processes(index: Index, workers: int) -> Iterator[AnswerAll]:
    """The index is pickled and sent to each worker, which keeps its copy in a global."""
    from concurrent.futures import ProcessPoolExecutor  # here, because there are systems without it

    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(workers)
    with ProcessPoolExecutor(workers, context, initializer=receive, initargs=(index, ready)) as executor:
        list(executor.map(abs, range(workers)))  # all workers have started
        yield partial(executor.map, search_received)


received: Index


def receive(index: Index, ready: threading.Barrier) -> None:
    global received
    received = index
    ready.wait()


def search_received(query: str) -> list[Match]:
    return search(received, query)


@contextmanager
def sequentially(index: Index, workers: int) -> Iterator[AnswerAll]:
    yield partial(map, partial(search, index))


WAYS = {"sequential": sequentially, "processes": in_processes, "symplast": in_interpreters}


INTRODUCTION = """\
Fuzzy code search: Python's own standard library ({library}) is indexed, and {count} queries
with typing errors in them are answered by plain Python code that walks the index. All of it is done three times:
in one interpreter, then with {workers} workers of ProcessPoolExecutor, which get a copy each, then with {workers} interpreters
of Symplast, which share one. It takes some {time} on two cores. Python {python}.
"""


class Report(TypedDict):
    """What one way took, in seconds and megabytes, and what it answered."""

    subject: str
    indexing: float
    setup: float
    querying: float
    memory: float
    peak: float
    answers: dict[str, list[Match]]


def measure(way: str, quick: bool, count: int, workers: int) -> Report:
    """Build the index, share it and answer all queries in one of the ways, in this process and its children."""
    started = time.perf_counter()
    index = build_index(read_sources(quick))
    queries = make_queries(index, count)
    files, lines = len(index["documents"]), sum(len(document["lines"]) for document in index["documents"].values())
    subject = f"{files:,} files, {lines:,} lines, {len(index["places"]):,} identifiers, {len(queries)} queries"
    indexed = time.perf_counter()
    with WAYS[way](index, workers) as answer_all:
        del index  # each way holds on to what it needs; for Symplast that is the frozen index alone
        ready = time.perf_counter()
        answers = list(progress(answer_all(queries), len(queries), "answering queries"))
        answered = time.perf_counter()
        gc.collect()  # the interpreter's lists of free objects would keep memory that nobody uses
        memory, peak = tree_memory()
        return {
            "subject": subject,
            "indexing": indexed - started,
            "setup": ready - indexed,
            "querying": answered - ready,
            "memory": memory,
            "peak": peak,
            "answers": dict(zip(queries, answers, strict=True)),
        }


def tree_memory() -> tuple[float, float]:
    """Megabytes that this process and its descendants hold now (PSS), and the sum of what each of them held at most."""
    tree = [Path("/proc/self")]
    for process in tree:
        for task in process.glob("task/*"):
            tree += [Path("/proc", child) for child in (task / "children").read_text().split()]

    def megabytes(file: str, field: str) -> float:
        texts = [(process / file).read_text() for process in tree]
        return sum(int(re.findall(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)[0]) for text in texts) / 1024

    return megabytes("smaps_rollup", "Pss"), megabytes("status", "VmHWM")


def compare(quick: bool, count: int, workers: int) -> None:
    """Measure each way in a fresh process and print the comparison; exit with 1 unless all gave the same answers."""
    if importlib.util.find_spec("symplast") is None:
        sys.exit("symplast is not installed for this Python: `make demo` does that and runs this example")
    print(INTRODUCTION.format(
        library=sysconfig.get_path("stdlib"), python=platform.python_version(), workers=workers, count=count,
        time="half a minute" if quick else "two minutes",
    ), flush=True)
    if workers == 1:
        print("With one worker nothing can be gained: set-up comes on top of what the plain way takes.\n", flush=True)
    reports: dict[str, Report] = {}
    for way in WAYS:
        print(f"{way}:", file=sys.stderr, flush=True)
        command = [sys.executable, __file__, "--way", way, "--queries", str(count), "--workers", str(workers)]
        command += ["--quick"] if quick else []
        done = subprocess.run(command, stdout=subprocess.PIPE)
        if done.returncode:
            sys.exit(f"{way} failed with exit status {done.returncode}")
        report = json.loads(done.stdout)
        if "unavailable" in report:
            print(f"  cannot run here ({report["unavailable"]}); going on without", file=sys.stderr, flush=True)
        else:
            reports[way] = report

    print_answers(reports["symplast"])
    print_table(reports)
    expected = reports["sequential"]["answers"]
    for way, report in reports.items():
        for query, answer in report["answers"].items():
            if answer != expected.get(query):
                sys.exit(f"WRONG: for {query!r} {way} found\n{answer}\nand plain Python\n{expected.get(query)}")
        if len(report["answers"]) != len(expected):
            sys.exit(f"WRONG: {way} answered {len(report["answers"])} queries of {len(expected)}")
    print(f"All {len(reports)} ways gave the same {len(expected)} answers.")
    for way in WAYS.keys() - reports.keys():
        print(f"There is no comparison with {way}, which cannot run here.")


def print_answers(report: Report) -> None:
    for query in EXAMPLES:
        print(f"\n{query}")
        for _, path, line, text in report["answers"][query][:3]:
            print(f"    {f"{path}:{line}":<40} {text:.72}")


def print_table(reports: dict[str, Report]) -> None:
    seconds = {way: report["setup"] + report["querying"] for way, report in reports.items()}
    memory = {way: report["memory"] for way, report in reports.items()}
    indexing = ", ".join(f"{report["indexing"]:.1f}" for report in reports.values())
    print(f"\n{reports["sequential"]["subject"]}; building the index took {indexing} s\n")
    print("                     seconds             speed against           MB       memory against        MB")
    print("            set-up  queries    total  sequential processes   at end  sequential processes     peak")
    for way, report in reports.items():
        speeds = [f"{seconds[other] / seconds[way]:.2f}x" if other in reports else "-" for other in ("sequential", "processes")]
        sizes = [f"{memory[way] / memory[other]:.2f}x" if other in reports else "-" for other in ("sequential", "processes")]
        print(
            f"{way:<10}{report["setup"]:8.2f} {report["querying"]:8.2f} {seconds[way]:8.2f}"
            f" {speeds[0]:>11} {speeds[1]:>9} {memory[way]:8.0f} {sizes[0]:>11} {sizes[1]:>9}"
            f" {report["peak"]:8.0f}"
        )
    default = multiprocessing.get_start_method()
    print(f"""
set-up: starting the workers and making the index available to them. Processes are started by spawn and sent the
index (the default start method of this Python is {default}). Memory: of all processes of a way while its workers live, as
PSS, which counts shared pages once; peak is the sum of the most that each process ever held.
""")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="leave out the library's tests, whose index is larger than that of all the rest")
    parser.add_argument("--queries", type=int, metavar="N",
                        help=f"how many; default: 400, with --quick 800, at least {len(EXAMPLES)}")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="default: the usable cores")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)  # measure one way and print its report
    options = parser.parse_args()
    count = options.queries or (800 if options.quick else 400)
    if options.way:
        try:
            report = measure(options.way, options.quick, count, options.workers)
        except (ImportError, OSError, BrokenExecutor) as error:
            if options.way != "processes":
                raise
            # Processes need things that not every system has: semaphores, a /dev/shm to write to, the right to start them.
            report = {"unavailable": f"{type(error).__name__}: {error}"}
        json.dump(report, sys.stdout)
    else:
        compare(options.quick, count, options.workers)


if __name__ == "__main__":
    main()
