"""Memory of live containers and their contents, against plain ones."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import symplast

from harness import Run, benchmark
from live import PlainPoint, Point


@benchmark("memory")
def memory_of_entries(run: Run) -> None:
    """Compares the blocks in use: by the pool's statistics, and by tracemalloc for plain containers."""
    count = run.either(200_000, 10_000)
    numbers, words = range(1_000, 1_000 + count), [f"key {i}" for i in range(count)]

    def compare(name: str, rival: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
        our_bytes, their_bytes = run.turns(name, lambda: of_pool(ours) / count, lambda: of_process(theirs) / count, seconds=1,
                                           least=1, most=3)
        run.row(name, our_bytes, rival, their_bytes, unit="B")

    # Each makes its numbers and texts anew: a plain container would hold those of the list, and they would not count.
    compare("an entry of a Dict, int: int", "dict", lambda: symplast.Dict((i, i + 1) for i in numbers),
            lambda: {i: i + 1 for i in numbers})
    compare("an entry of a Dict, str: int", "dict", lambda: symplast.Dict((word, 7) for word in words),
            lambda: dict.fromkeys(anew(words), 7))
    compare("an entry of a Dict, str: str", "dict", lambda: symplast.Dict((word, word) for word in words),
            lambda: dict(zip(anew(words), anew(words))))
    compare("an entry of a SortedDict, int: int", "dict", lambda: symplast.SortedDict((i, i + 1) for i in numbers),
            lambda: {i: i + 1 for i in numbers})
    compare("an element of a List, int", "list", lambda: symplast.List(numbers), lambda: list(numbers))
    compare("an element of a List, str", "list", lambda: symplast.List(words), lambda: list(anew(words)))
    compare("a member of a Set, str", "set", lambda: symplast.Set(words), lambda: set(anew(words)))
    compare("an object with 2 fields, in a List", "an object, in a list", lambda: filled(symplast.List(), Point, numbers),
            lambda: filled([], PlainPoint, numbers))


def anew(words):
    """New strings, equal to the given ones, to which nothing else refers."""
    return (word[:1] + word[1:] for word in words)


def filled(container, kind, numbers):
    for number in numbers:
        container.append(kind(number))
    return container


def of_pool(make: Callable[[], object]) -> float:
    """Bytes in use in a pool that contains nothing else."""
    with symplast.Pool() as pool, pool.allocating():
        kept = make()
        used = pool.stats().used_bytes
        del kept
    return used


def of_process(make: Callable[[], object]) -> float:
    """Bytes that CPython's allocators returned for the object."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = make()
        after, _ = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return after - before


@benchmark("memory of the process")
def memory_of_the_process(run: Run) -> None:
    """What the system sees, unused parts of pages included.

    In processes of their own: memory that one side gave back would be used by the other.
    """
    count = run.either(500_000, 20_000)
    for name, items in (("int: int", f"((i, i) for i in range({count}))"),
                        ("str: int", f"((f'key {{i}}', i) for i in range({count}))"),
                        ("str: str", f"((f'key {{i}}', f'value {{i}}') for i in range({count}))")):
        ours, theirs = run.turns(name, lambda: growth("symplast.Dict", items) / count, lambda: growth("dict", items) / count,
                                 seconds=4, least=1, most=3)
        run.row(f"an entry, {name}, as the system sees it", ours, "dict", theirs, unit="B")


def growth(kind: str, items: str) -> float:
    """What one dict adds to the memory of a process, the objects in it included."""
    code = f"""
import gc, harness, symplast
d = {kind}()
before = harness.memory()
for key, value in {items}: d[key] = value
del key, value
gc.collect()
print(harness.memory() - before)
"""
    return float(
        subprocess.run([sys.executable, "-P", "-W", "ignore", "-c", code], check=True, capture_output=True, text=True).stdout)
