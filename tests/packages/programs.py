"""
A short program for each package of which docs/extensions.md has a row: it does what the package is for and returns plain data,
the same each time. It runs in the main interpreter and, again and again for a moment, in two workers at once; all must return the
same.

    python3.14 tests/packages/programs.py numpy lxml          these, in a process each; without names all of them
    python3.14 tests/packages/programs.py --json              what came of them, for eng.compatibility
"""

import argparse
import collections
import functools
import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import programs_arrays
import programs_services
import programs_texts

WORKERS = 2
# The rounds of all workers take at least so long. So they overlap, however the threads are scheduled.
SECONDS = 0.7
# For one package, whatever the machine is busy with.
LIMIT = 240

# By the names of the packages: functions of a folder to write to.
PROGRAMS = programs_arrays.PROGRAMS | programs_texts.PROGRAMS | programs_services.PROGRAMS


class NotInstalled(Exception):
    """The package cannot be imported by this Python."""


# The exit status of a process that could not import the package.
_NOT_INSTALLED = 75


def repeat(name, number, folder, expected, announce, wait):
    """
    In a worker: runs a program until its time is over; returns the number of rounds, the first result that differs, or None, and
    what has become private.
    """
    from symplast import extensions

    function = functools.partial(PROGRAMS[name], _own(folder, number))
    first = function()  # Before the others are waited for: imports take unequally long.
    os.write(announce, b"r")
    os.read(wait, 1)
    rounds, ends = 1, time.monotonic() + SECONDS
    result = first
    while result == expected and (rounds < 3 or time.monotonic() < ends):
        result = function()
        rounds += 1
    private = [each for each in extensions.loaded() if each.private]
    kinds = collections.Counter(each.kind for each in private)
    return rounds, None if result == expected else repr(result), kinds | {"bytes": sum(each.bytes for each in private)}


def run(name):
    """Runs a program here and in workers. Returns what the workers' repeat() did, and the result of this interpreter."""
    import symplast

    with tempfile.TemporaryDirectory() as folder:
        expected = PROGRAMS[name](_own(folder, "main"))
        ready, announce = os.pipe()
        wait, go = os.pipe()
        with symplast.InterpreterPoolExecutor(WORKERS) as executor:
            futures = [executor.submit(repeat, name, number, folder, expected, announce, wait) for number in range(WORKERS)]
            for future in futures:
                future.add_done_callback(lambda _: os.write(announce, b"e"))  # One that raises has announced nothing.
            for _ in range(WORKERS):
                os.read(ready, 1)
            os.write(go, bytes(WORKERS))
            return [future.result() for future in futures], expected


def _own(folder, number):
    path = pathlib.Path(folder, str(number))
    path.mkdir(exist_ok=True)
    return path


def alone(name):
    """Runs a program in a process of its own.

    Returns the rounds of each worker, and what was private; NotInstalled, or AssertionError with what was wrong.
    """
    code = (f"import sys; sys.path[:] = {[str(pathlib.Path(__file__).parent), *sys.path]!r}; import programs; "
            f"programs.main_of({name!r})")
    command = [sys.executable, "-X", "faulthandler", "-W", "ignore", "-c", code]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{name} took longer than {LIMIT} s") from None
    if done.returncode == _NOT_INSTALLED:
        raise NotInstalled(f"not installed for this Python: {done.stdout.strip()}")
    if done.returncode or done.stderr:
        raise AssertionError(f"{name} ended with status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-6000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main_of(name):
    """What the process of one program does."""
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(error)
        sys.exit(_NOT_INSTALLED)
    workers, expected = run(name)
    for rounds, different, _ in workers:
        if different is not None:
            sys.exit(f"after {rounds} rounds in a worker\n{different}\nand in the main interpreter\n{expected!r}")
    print(json.dumps({"rounds": [rounds for rounds, _, _ in workers], "private": workers[0][2]}))


def outcome(name):
    """What came of a program: what alone() returns with what the program does, or {"missing": why} or {"failed": why}."""
    try:
        return {"does": PROGRAMS[name].__doc__} | alone(name)
    except NotInstalled as missing:
        return {"missing": str(missing)}
    except AssertionError as error:
        return {"failed": str(error)}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="PACKAGE", help="default: all")
    parser.add_argument("--json", action="store_true", help="print what came of them as JSON")
    options = parser.parse_args(arguments)
    outcomes = {}
    for name in options.names or PROGRAMS:
        outcomes[name] = outcome(name)
        if not options.json:
            print(f"{name}: {_said(outcomes[name])}", flush=True)
    passed, failed, skipped = (sum(what in each for each in outcomes.values()) for what in ("rounds", "failed", "missing"))
    print(json.dumps(outcomes) if options.json else f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


def _said(told):
    if "rounds" in told:
        return f"{' and '.join(map(str, told['rounds']))} rounds"
    return told.get("missing") or f"FAILED: {told['failed']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
