"""Live objects against plain ones in one interpreter, and against the dict of a multiprocessing.Manager."""

import multiprocessing
import subprocess
import sys
from collections.abc import Callable

import symplast

import data
from harness import Bar, Run, benchmark, cpu_seconds, wall_seconds
from reading import by_key, by_get, contains, equal, iterate, iterate_items, twin

READ = Bar(2.0)
WRITE = Bar(3.0)
MANAGER = "Manager().dict()"


def compare(run: Run, name: str, work: Callable, ours: tuple, theirs: tuple, *, bar: Bar | None = None, rival: str = "dict", theirs_do: Callable | None = None) -> None:
    """Calls two copies of a function, one with what is shared and one with what is plain."""
    shared, plain = twin(work), twin(theirs_do or work)
    our_samples, their_samples = run.turns(
        name, lambda: cpu_seconds(shared, *ours), lambda: cpu_seconds(plain, *theirs), seconds=1.5, least=9, most=200)
    run.row(name, our_samples, rival, their_samples, bar=bar)


@benchmark("Dict: one key")
def one_key(run: Run) -> None:
    words = data.strings(1_000)
    keys = [equal(word) for word in words] * 50
    numbers = list(range(1_000)) * 50
    plain = {word: i for i, word in enumerate(words)}
    shared = symplast.Dict(plain)
    counted, counted_shared = {i: i for i in range(1_000)}, symplast.Dict((i, i) for i in range(1_000))
    compare(run, "d[str]", by_key, (shared, keys), (plain, keys), bar=READ)
    compare(run, "d[int]", by_key, (counted_shared, numbers), (counted, numbers), bar=READ)
    compare(run, "d[str] of 8 keys", by_key, (symplast.Dict(list(plain.items())[:8]), keys[:8] * 5_000), (dict(list(plain.items())[:8]), keys[:8] * 5_000), bar=READ)
    tuples, pairs = {(i, word): i for i, word in enumerate(words)}, [(i, equal(word)) for i, word in enumerate(words)] * 20
    compare(run, "d[int, str]", by_key, (symplast.Dict(tuples), pairs), (tuples, pairs))
    compare(run, "key in d", contains, (shared, keys), (plain, keys), bar=READ)
    compare(run, "d.get(key)", by_get, (shared, keys), (plain, keys), bar=READ)
    compare(run, "d[str] = int", set_number, (shared, keys), (plain, keys), bar=WRITE)
    compare(run, "d[int] = int", set_number, (counted_shared, numbers), (counted, numbers), bar=WRITE)
    compare(run, "d[str] = str", set_text, (shared, keys), (plain, keys), bar=WRITE)
    compare(run, "d[str] where that is a str", by_key, (symplast.Dict({word: word for word in words}), keys), ({word: word for word in words}, keys))
    compare(run, "d[str] where that is a float", by_key, (symplast.Dict.fromkeys(words, 1.5), keys), (dict.fromkeys(words, 1.5), keys))
    compare(run, "d.add(key, 1)", add, (symplast.Dict.fromkeys(words, 0), keys), (dict.fromkeys(words, 0), keys), rival="d[key] += 1 of a dict", theirs_do=increase)
    compare(run, "set and delete a key", set_and_delete, (symplast.Dict(), keys), ({}, keys), bar=WRITE)
    compare(run, "len(d)", lengths, (shared,), (plain,))


@benchmark("Dict: the whole")
def the_whole(run: Run) -> None:
    words = data.strings(1_000)
    plain = {word: i for i, word in enumerate(words)}
    shared = symplast.Dict(plain)
    compare(run, "for key in d, 1,000 keys", iterate, (shared,), (plain,))
    compare(run, "for key, value in d.items()", iterate_items, (shared,), (plain,))
    compare(run, "create an empty one", create, (symplast.Dict,), (dict,))
    compare(run, "create one of 4 items", create_from, (symplast.Dict, dict(list(plain.items())[:4])), (dict, dict(list(plain.items())[:4])))
    compare(run, "create one of 1,000 items", create_large, (symplast.Dict, plain), (dict, plain))
    child, child_shared = {"child": {}}, symplast.Dict(child={})
    keep = child_shared["child"]
    compare(run, "d['child'], whose handle exists", fetch, (child_shared,), (child,), bar=READ)
    del keep
    compare(run, "d['child'], a new handle", fetch, (child_shared,), (child,))


@benchmark("Dict: Manager")
def manager(run: Run) -> None:
    words = data.strings(1_000)
    with multiprocessing.get_context("spawn").Manager() as started:
        served = started.dict({word: i for i, word in enumerate(words)})
        shared = symplast.Dict(served.copy())
        for name, work in (("d[str]", by_key), ("d[str] = int", set_number), ("key in d", contains)):
            ours, theirs = run.turns(
                name,
                lambda: wall_seconds(twin(work), shared, words * 100) / 100,
                lambda: wall_seconds(twin(work), served, words),
                seconds=2, least=3, most=20)
            run.row(f"{name}, 1,000 times", ours, MANAGER, theirs)


@benchmark("Dict: memory")
def memory_of_entries(run: Run) -> None:
    """In processes of their own, because memory that one side gave back would be used by the other."""
    count = run.either(500_000, 100_000)
    for name, items in (("int: int", f"((i, i) for i in range({count}))"), ("str: int", f"((f'key {{i}}', i) for i in range({count}))"), ("str: str", f"((f'key {{i}}', f'value {{i}}') for i in range({count}))")):
        ours, theirs = run.turns(name, lambda: growth("symplast.Dict", items) / count, lambda: growth("dict", items) / count, seconds=4, least=1, most=3)
        run.row(f"an entry, {name}", ours, "dict", theirs, unit="B")


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
    return float(subprocess.run([sys.executable, "-P", "-W", "ignore", "-c", code], check=True, capture_output=True, text=True).stdout)


def set_number(d, keys):
    for key in keys:
        d[key] = 7


def set_text(d, keys):
    for key in keys:
        d[key] = "a short text"


def add(d, keys):
    for key in keys:
        d.add(key, 1)


def increase(d, keys):
    for key in keys:
        d[key] += 1


def set_and_delete(d, keys):
    for key in keys:
        d[key] = 7
        del d[key]


def lengths(d):
    for _ in range(50_000):
        len(d)


def create(kind):
    for _ in range(10_000):
        kind()


def create_from(kind, items):
    for _ in range(5_000):
        kind(items)


def create_large(kind, items):
    for _ in range(20):
        kind(items)


def fetch(d):
    for _ in range(50_000):
        d["child"]
