"""The process in which `symplast check` tries one package: imports it in the program, and then in several workers at once.

The process records each step in a file. If the process crashes, the record shows how far it came.
"""

import importlib
import json
import os
import sys
import time


class Record:
    """The steps of a trial: one line of JSON each, in a file that this process and its parent have open."""

    def __init__(self, descriptor):
        self._descriptor = descriptor

    def add(self, step, **facts):
        """Record that a step begins, or its outcome."""
        os.write(self._descriptor, json.dumps({"step": step, **facts}).encode() + b"\n")


def main(name, workers, descriptor):
    """Import a package in this interpreter and then in *workers* workers at once. The steps are written to *descriptor*."""
    record = Record(descriptor)
    record.add("program")
    outcome = _import(name)
    if outcome["error"] is None:
        outcome["version"] = version(name)
    record.add("program done", **outcome)
    if workers and outcome["error"] is None:
        _in_workers(record, name, workers)
    record.add("exit")


def version(name):
    """Return the version of an imported module: that of its distribution, or its __version__; None if it has neither."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or top in sys.builtin_module_names:
        return ".".join(map(str, sys.version_info[:3]))
    from importlib import metadata

    try:
        return metadata.version(top)
    except metadata.PackageNotFoundError:
        pass
    distributions = metadata.packages_distributions().get(top)
    if distributions:
        return metadata.version(distributions[0])
    told = getattr(sys.modules[top], "__version__", None)
    return told if isinstance(told, str) else None


def _in_workers(record, name, workers):
    from symplast import InterpreterPoolExecutor  # Late: the package must have been imported without these modules.

    record.add("workers")
    ready, announce = os.pipe()
    wait, go = os.pipe()
    executor = InterpreterPoolExecutor(workers)
    futures = [executor.submit(_import_together, name, announce, wait) for _ in range(workers)]
    for _ in range(workers):
        os.read(ready, 1)
    os.write(go, bytes(workers))
    record.add("workers done", workers=[future.result() for future in futures])
    started = time.perf_counter()
    executor.shutdown()
    record.add("shut down", seconds=time.perf_counter() - started)


def _import_together(name, announce, wait):
    # Each worker takes exactly one of the tasks: no task ends before all have begun.
    from symplast import extensions

    before = set(extensions.loaded())
    os.write(announce, b"r")
    os.read(wait, 1)
    outcome = _import(name)
    private = [each for each in extensions.loaded() if each.private and each not in before]
    return outcome | {"private": [each._asdict() for each in private]}


def _import(name):
    started = time.perf_counter()
    try:
        importlib.import_module(name)
        error = None
    except BaseException as exc:
        import traceback

        error = traceback.format_exception_only(exc)[-1].strip()
    return {"seconds": time.perf_counter() - started, "error": error}
