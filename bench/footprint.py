"""The fixed costs of Symplast: time to import, memory of an idle worker."""

import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor

import symplast

from harness import Run, benchmark, memory, wall_seconds

WORKERS = 4


def in_child(code: str) -> str:
    """The output of the code in a Python process of its own."""
    return subprocess.run([sys.executable, "-P", "-W", "ignore", "-c", code], check=True, capture_output=True, text=True).stdout


def seconds_in_child(statement: str) -> float:
    return float(in_child(f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"))


@benchmark("import")
def importing(run: Run) -> None:
    package, executor, processes = run.turns(
        "import",
        lambda: seconds_in_child("import symplast"),
        lambda: seconds_in_child("from symplast import InterpreterPoolExecutor"),
        lambda: seconds_in_child("from concurrent.futures import ProcessPoolExecutor"),
        seconds=5, least=9, most=25)
    run.row("import symplast", package)
    run.row("import its InterpreterPoolExecutor", executor, "import ProcessPoolExecutor", processes)
    ours, bare = run.turns("start", lambda: wall_seconds(in_child, "import symplast"), lambda: wall_seconds(in_child, "pass"),
                           seconds=4, least=9, most=25)
    run.row("python -c 'import symplast'", ours, "python -c pass", bare)


@benchmark("memory")
def memory_of_workers(run: Run) -> None:
    growth = [float(in_child("import harness; before = harness.memory(); import symplast; print(harness.memory() - before)"))
              for _ in range(3)]
    run.row("memory of import symplast", growth, unit="B")
    interpreters, processes = run.turns("memory", of_an_interpreter, of_a_process, seconds=6, least=3, most=7)
    run.row(f"memory of a worker ({WORKERS} idle ones)", interpreters, "worker process", processes, unit="B")


def of_an_interpreter() -> float:
    with symplast.InterpreterPoolExecutor(WORKERS) as executor:
        before = memory()
        begin_all(executor)
        return (memory() - before) / WORKERS


def of_a_process() -> float:
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as executor:
        begin_all(executor)
        return sum(memory(pid) for pid in executor._processes) / WORKERS


def begin_all(executor: Executor) -> None:
    # Tasks that overlap, so that each needs a worker of its own.
    list(executor.map(time.sleep, [0.3] * WORKERS))
