"""Creates, uses and ends thousands of interpreters with frozen data, and shows what memory remains.

    .venv/bin/python tests/soak/interpreters.py [--interpreters 2000] [--batch 50]

Each batch starts executors whose workers read a shared graph, freeze something of their own, delete it and end; its memory must
return then. As many interpreters that do not import symplast are started and ended in another process for comparison: CPython
itself loses memory with each interpreter, much on 3.12, little later. Not part of CI.
"""

import argparse
import gc
import os
import subprocess
import sys

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident():
    """MiB of memory in use by this process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE / 2**20


def read_and_freeze(data, number):
    """The task: reads the shared graph, and freezes into a pool that only its own interpreter ever sees."""
    import symplast

    with symplast.Pool(f"own {number}") as own:
        counts = own.freeze([len(words) for words in data.values()])
        return number, sum(counts)


def with_symplast(count, batch):
    """Yield (interpreters so far, MiB) after each batch."""
    import symplast

    # One graph for all: the main interpreter sees it, so its memory would not return before the end of the process.
    data = symplast.freeze({f"key {n}": [f"word {n}", n, n / 7] for n in range(2000)})
    for done in range(0, count, batch):
        for n in range(0, batch, 2):
            with symplast.InterpreterPoolExecutor(2) as executor:
                answers = list(executor.map(read_and_freeze, [data, data], [n, n + 1]))
            assert answers == [(n, 6000), (n + 1, 6000)], answers
        assert len(symplast.pools()) == 1, symplast.pools()
        yield done + batch, resident()


def without_symplast(count, batch):
    """The same number of interpreters, each of which imports what a worker imports, without symplast."""
    try:
        import _interpreters
    except ImportError:
        import _xxsubinterpreters as _interpreters
    run = getattr(_interpreters, "exec", None) or _interpreters.run_string
    for done in range(0, count, batch):
        for _ in range(batch):
            interpreter = _interpreters.create()
            run(interpreter, "import pickle, functools, weakref, threading, types, marshal")
            _interpreters.destroy(interpreter)
        yield done + batch, resident()


def report(name, figures):
    """Print the figures of one kind and return KiB lost for each interpreter in the second half."""
    kept = []
    for interpreters, mebibytes in figures:
        kept.append((interpreters, mebibytes))
        print(f"{name}: {interpreters:6} interpreters, {mebibytes:8.1f} MiB", flush=True)
    half = kept[len(kept) // 2]
    lost = (kept[-1][1] - half[1]) * 1024 / max(1, kept[-1][0] - half[0])
    print(f"{name}: {lost:.1f} KiB lost for each interpreter in the second half", flush=True)
    return lost


def main():
    """Run both kinds and compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interpreters", type=int, default=2000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--plain", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.plain:
        report("plain", without_symplast(options.interpreters, options.batch))
        return
    report("symplast", with_symplast(options.interpreters, options.batch))
    subprocess.run(
        [sys.executable, __file__, "--plain", "--interpreters", str(options.interpreters), "--batch", str(options.batch)],
        check=True
    )


if __name__ == "__main__":
    main()
