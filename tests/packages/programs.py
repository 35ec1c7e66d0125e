"""
A short program for each package of which docs/extensions.md has a row: it does what the package is for and returns plain data, the same each
time. It runs in the main interpreter and, again and again for a moment, in two workers at once; all must return the same.

    python3.14 tests/packages/programs.py numpy lxml          these, in a process each; without names all of them
"""

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
    """In a worker: runs a program until all workers' time is over; returns the number of rounds, and the first result that differs, or None."""
    function = functools.partial(PROGRAMS[name], _own(folder, number))
    first = function()  # Before the others are waited for: imports take unequally long.
    os.write(announce, b"r")
    os.read(wait, 1)
    rounds, ends = 1, time.monotonic() + SECONDS
    result = first
    while result == expected and (rounds < 3 or time.monotonic() < ends):
        result = function()
        rounds += 1
    return rounds, None if result == expected else repr(result)


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
    """Runs a program in a process of its own. Returns the rounds of each worker; raises NotInstalled, or AssertionError with what was wrong."""
    code = f"import sys; sys.path[:] = {[str(pathlib.Path(__file__).parent), *sys.path]!r}; import programs; programs.main_of({name!r})"
    command = [sys.executable, "-X", "faulthandler", "-W", "ignore", "-c", code]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"{name} took longer than {LIMIT} s") from None
    if done.returncode == _NOT_INSTALLED:
        raise NotInstalled(f"{name} is not installed for this Python: {done.stdout.strip()}")
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
    for rounds, different in workers:
        if different is not None:
            sys.exit(f"after {rounds} rounds in a worker\n{different}\nand in the main interpreter\n{expected!r}")
    print(json.dumps([rounds for rounds, _ in workers]))


def main(names):
    passed = failed = skipped = 0
    for name in names or PROGRAMS:
        try:
            rounds = alone(name)
            passed += 1
            print(f"{name}: {' and '.join(map(str, rounds))} rounds", flush=True)
        except NotInstalled as missing:
            skipped += 1
            print(missing, flush=True)
        except AssertionError as error:
            failed += 1
            print(f"failed: {error}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
