"""
Extension modules that are loaded from private copies in workers: what an import costs in time and memory, and whether they work
as fast as in the main interpreter.

What is not installed takes no part. Imports and memory are measured in fresh processes, without the start of process or
interpreter.
"""

import importlib
import importlib.util
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import symplast

import harness
import library_kernels
from footprint import in_child
from harness import Bar, Run, Stopwatch, benchmark, cores, cpu_seconds, memory, pin
from scaling import Pipes

IMPORT, MEMORY, CALLBACK = Bar(1.3), Bar(1.0), Bar(1.2)
# "Not slower" and "as fast", with a margin for the noise between two measurements of one thing.
SAME = Bar(1.02)
TOGETHER = Bar(1.85, of="ours", at_least=True)

# The modules that a program with these packages imports.
IMPORTS = {"numpy": ("numpy",), "pandas": ("pandas",), "sklearn": ("sklearn.linear_model", "sklearn.ensemble")}

# Modules of the standard library in C that declare support and have files of their own in most installations, with the Python
# modules around them.
SUPPORTED = ("ctypes", "decimal", "hashlib", "lzma", "bz2", "sqlite3", "ssl", "mmap", "asyncio", "zoneinfo", "uuid")
PURE = ("argparse", "email.message", "http.client", "logging", "unittest", "xml.dom.minidom", "html.parser", "configparser",
        "fractions")


def installed(*names: str) -> list[str]:
    return [name for name in names if importlib.util.find_spec(name)]


def load(modules: tuple[str, ...]) -> float:
    """Imports the modules in the calling interpreter, and returns how long that took."""
    watch = Stopwatch()
    for module in modules:
        importlib.import_module(module)
    return watch.seconds


@benchmark("imports")
def imports(run: Run) -> None:
    for name in installed("numpy", "pandas"):
        first, second = [], []

        def ours():
            one, two = json.loads(in_child(f"import extensions; extensions.import_in_workers({name!r})"))
            second.append(two)
            return one

        # Both sides have imported the same modules before.
        first, process = run.turns(name, ours, lambda: float(in_child(f"import extensions; print(extensions.load(({name!r},)))")),
                                   seconds=12, least=7, most=15, pinned=True)
        run.row(f"import {name}, in the first interpreter", first, "in a process", process, bar=IMPORT)
        run.row(f"import {name}, in the second interpreter", second[1:], "in a process", process, bar=IMPORT)


def import_in_workers(name: str) -> None:
    with symplast.InterpreterPoolExecutor(1) as one, symplast.InterpreterPoolExecutor(1) as two:
        print(json.dumps([executor.submit(load, (name,)).result() for executor in (one, two)]))


@benchmark("memory")
def memory_of_libraries(run: Run) -> None:
    for name in installed(*IMPORTS):
        ours, process = run.turns(name, *(lambda side=side: float(in_child(f"import extensions; extensions.{side}({name!r})"))
                                          for side in ("print_memory_of_worker", "print_memory_of_process")), seconds=10, least=3,
                                  most=5)
        run.row(f"memory of a further worker with {name}", ours, "worker process", process, unit="B", bar=MEMORY)


def print_memory_of_worker(name: str) -> None:
    with symplast.InterpreterPoolExecutor(1) as one, symplast.InterpreterPoolExecutor(1) as two:
        one.submit(load, IMPORTS[name]).result()
        before = memory()
        two.submit(load, IMPORTS[name]).result()
        print(memory() - before)


def print_memory_of_process(name: str) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as one, ProcessPoolExecutor(1, context) as two:
        processes = ["self"]
        used = []
        for executor in (one, two):
            executor.submit(load, IMPORTS[name]).result()
            processes += executor._processes
            used.append(sum(map(memory, processes)))
        print(used[1] - used[0])


def kernels_here() -> list[tuple[str, str]]:
    """Package and name of every kernel whose package is installed."""
    return [(package, name) for package, names in library_kernels.KERNELS.items() if installed(package) for name in names]


def seconds_of_kernel(package: str, name: str, times: int, core: int | None, ends: tuple[int, int] | None = None) -> float:
    """Runs in a worker or in the main interpreter, and at the same moment as another worker if *ends* are given."""
    kernel = library_kernels.KERNELS[package][name]
    work = kernel()
    if core is not None:
        pin(core)
    if ends is not None:
        arrive, wait = ends
        os.write(arrive, b".")
        os.read(wait, 1)
    watch = Stopwatch()
    for _ in range(times):
        work()
    return watch.seconds


@benchmark("work in a worker")
def work_in_worker(run: Run) -> None:
    times = run.either(10, 3)
    with symplast.InterpreterPoolExecutor(1) as executor:
        for package, name in kernels_here():

            def in_worker():
                return executor.submit(seconds_of_kernel, package, name, times, min(os.sched_getaffinity(0))).result()

            ours, main = run.turns(f"{package}, {name}", in_worker, lambda: seconds_of_kernel(package, name, times, None),
                                   seconds=8, least=9, most=25, pinned=True)
            run.row(f"{package} in a worker: {name}", ours, "main interpreter", main, bar=SAME)


@benchmark("two workers at once")
def two_at_once(run: Run) -> None:
    times = run.either(20, 3)
    pair = cores(2)
    with Pipes() as pipes, symplast.InterpreterPoolExecutor(1) as one, symplast.InterpreterPoolExecutor(1) as two:
        executors = (one, two)
        for package, name in kernels_here():
            submit = [partial(executor.submit, seconds_of_kernel, package, name, times, core)
                      for executor, core in zip(executors, pair)]

            def gain():
                futures = [each(pipes.ends) for each in submit]
                pipes.meet(2)
                both = [future.result() for future in futures]
                return sum(each().result() / seconds for each, seconds in zip(submit, both))

            [gains] = run.turns(f"{package}, {name}", gain, seconds=10, least=7, most=15)
            run.row(f"{package} in two workers at once: {name}", gains, unit="x", bar=TOGETHER)


@benchmark("callbacks")
def callbacks(run: Run) -> None:
    headers, compiler = Path(sysconfig.get_path("include")), shutil.which("gcc")
    if compiler is None or not (headers / "Python.h").exists():
        run.say("there is no compiler or no Python.h")
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(__file__).with_name("callbacks.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", f"-I{headers}", f"-I{headers.parent}", source, "-o",
                        f"{folder}/callbacks.so"], check=True)
        sys.path.insert(0, folder)
        times = run.either(50_000, 5_000)
        with symplast.InterpreterPoolExecutor(1) as executor:
            for what, keeps_state in (("a thread without a thread state", 0), ("one that has it already", 1)):

                def in_worker():
                    return executor.submit(call_back, folder, times, keeps_state, min(os.sched_getaffinity(0))).result()

                ours, main = run.turns(what, in_worker, lambda: call_back(folder, times, keeps_state, None), seconds=8, least=9,
                                       most=31, pinned=True)
                run.row(f"callback from {what}", ours, "main interpreter", main, bar=CALLBACK)


def call_back(folder: str, times: int, keeps_state: int, core: int | None) -> float:
    if core is not None:
        pin(core)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    import callbacks

    return callbacks.seconds(no_work, times, keeps_state) / times


def no_work() -> None:
    """The function that is called back."""


@benchmark("imports as ever")
def imports_as_ever(run: Run) -> None:
    """Modules that need no private copies, in a worker with our loader and in one with CPython's."""
    for what, modules in (("modules of the standard library that support workers", SUPPORTED), ("modules in Python", PURE)):
        def seconds(restored: bool) -> float:
            with symplast.InterpreterPoolExecutor(1) as executor:
                return executor.submit(load_with, restored, installed(*modules), min(os.sched_getaffinity(0))).result()

        ours, ordinary = run.turns(what, lambda: seconds(False), lambda: seconds(True), seconds=10, least=15, most=41,
                                   pinned=True)
        run.row(f"import {what}", ours, "CPython's loader", ordinary, bar=SAME)


def load_with(restored: bool, modules: list[str], core: int) -> float:
    from importlib.machinery import ExtensionFileLoader

    pin(core)
    if restored:
        ours = ExtensionFileLoader.create_module
        ExtensionFileLoader.create_module = ours.__closure__[ours.__code__.co_freevars.index("ordinary")].cell_contents
    # Sending this function here has imported some of them.
    before = set(sys.modules)
    for name in [name for name in before if name.partition(".")[0]
                 in {module.partition(".")[0].lstrip("_") for module in modules}]:
        del sys.modules[name]
    return cpu_seconds(load, modules)
