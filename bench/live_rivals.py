"""
Live objects against what else shares changing objects between workers: the proxies of a multiprocessing.Manager, and memhive
(https://github.com/edgedb/memhive) if it can be imported. Figures are of one operation.
"""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.managers import SyncManager

import symplast

from harness import Run, Stopwatch, benchmark, cpu_seconds, wall_seconds
from live import PlainPoint, Point, set_number
from live_together import meet
from reading import ITERATIONS, by_key, contains, equal, iterate, twin
from scaling import Pipes

try:
    import memhive
except ImportError:
    memhive = None


class Server(SyncManager):
    """A running multiprocessing.Manager(), and a class whose methods are called in it."""


Server.register("Point", PlainPoint, exposed=("method",))


@benchmark("Manager")
def manager(run: Run) -> None:
    often, rarely = run.either(20_000, 2_000), run.either(200, 50)

    def compare(name: str, rival: str, work: Callable, shared, served, theirs_do: Callable | None = None, at_once: int = 1,
                rarer: int = 1) -> None:
        ours, theirs = twin(work), twin(theirs_do or work)
        our_times, their_times = max(often // at_once, 1), max(rarely // at_once // rarer, 1)
        our_samples, their_samples = run.turns(
            name, lambda: wall_seconds(ours, shared, our_times) / (our_times * at_once),
            lambda: wall_seconds(theirs, served, their_times) / (their_times * at_once),
            seconds=1.5, least=7, most=60)
        run.row(name, our_samples, rival, their_samples)

    items = {f"key {i}": i for i in range(1_000)}
    with Server(ctx=multiprocessing.get_context("spawn")) as started:
        shared, served = symplast.Dict(items), started.dict(items)
        compare("d[str]", "Manager().dict()", get_item, shared, served)
        compare("d[str] = int", "Manager().dict()", set_item, shared, served)
        compare("key in d", "Manager().dict()", find, shared, served)
        compare("for key in d, each of 1,000", "Manager().dict().keys()", iterate_keys, shared, served, at_once=len(items))
        compare("d['child']", "Manager().dict() in another", get_child, symplast.Dict(child={}),
                started.dict(child=started.dict()), rarer=10)
        compare("Dict()", "Manager().dict()", create, symplast.Dict, started.dict, rarer=10)
        point, space = Point(7), started.Namespace(x=7)
        compare("o.x", "Manager().Namespace()", get_attribute, point, space)
        compare("o.x = int", "Manager().Namespace()", set_attribute, point, space)
        compare("o.method()", "a proxy of a BaseManager", call_method, point, started.Point())
        elements = symplast.List(range(1_000))
        compare("l[i]", "Manager().list()", get_element, elements, started.list(range(1_000)))
        compare("l.append(int)", "Manager().list()", append, symplast.List(), started.list())
        compare("AtomicInt.add(1)", "Manager().Value and Lock", add, symplast.AtomicInt(),
                (started.Value("q", 0), started.Lock()), add_under_lock)


@benchmark("one counter")
def one_counter(run: Run) -> None:
    """Two workers add to it, under its lock where it has one; figures are of one addition of one worker."""
    context = multiprocessing.get_context("spawn")
    often, rarely = run.either(100_000, 5_000), run.either(1_000, 50)
    with (Pipes() as pipes, symplast.InterpreterPoolExecutor(2) as interpreters, context.Manager() as manager,
          ProcessPoolExecutor(2, context, keep,
                              (context.Value("q", 0), (manager.Value("q", 0), manager.Lock()), context.Barrier(2))) as processes):

        def ours(add, *shared):
            futures = [interpreters.submit(add, *shared, often, pipes.ends) for _ in range(2)]
            pipes.meet(2)
            return max(future.result() for future in futures) / often

        def theirs(add, times):
            return max(future.result() for future in [processes.submit(add, times) for _ in range(2)]) / times

        atomic, of_dict, value, managed = run.turns(
            "one counter",
            partial(ours, add_to_counter, symplast.AtomicInt()),
            partial(ours, add_to_key, symplast.Dict(hits=0)),
            partial(theirs, add_to_value, often),
            partial(theirs, add_to_managed, rarely),
            seconds=6, least=7, most=60)
    for rival, samples in (("multiprocessing.Value", value), ("Manager().Value and Lock", managed)):
        run.row("AtomicInt.add(1), 2 at once", atomic, rival, samples)
        run.row("d.add(key, 1), 2 at once", of_dict, rival, samples)


if memhive:

    @benchmark("memhive")
    def against_memhive(run: Run) -> None:
        """
        What is changed is changed in the main interpreter, the only one in which memhive allows it; what is read is read in
        another interpreter as well.
        """
        items = {f"key {i}": i for i in range(1_000)}
        keys = [equal(key) for key in items] * run.either(20, 2)
        shared = symplast.Dict(items)
        with symplast.InterpreterPoolExecutor(1) as executor, hive_with_worker(items) as (hive, in_worker):
            for name, reading in (("d[str]", "by_key"), ("key in d", "contains"), ("for key in d, each", "iterate")):
                ours, theirs = run.turns(
                    name, lambda: executor.submit(measure, reading, shared, len(keys)).result(),
                    lambda: in_worker(reading, len(keys)),
                    seconds=1.5, least=7, most=60)
                run.row(f"{name}, in a worker", ours, "memhive Map", theirs)
            for name, rival, work, theirs_do, theirs_has in (
                    ("d[str]", "MemHive", by_key, by_key, hive),
                    ("d[str] = int", "MemHive", set_number, set_number, hive),
                    ("d[str] = int", "memhive Map.set", set_number, set_in_map, memhive.Map(items))):
                mine, other = twin(work), twin(theirs_do)
                ours, theirs = run.turns(
                    name, lambda: cpu_seconds(mine, shared, keys) / len(keys),
                    lambda: cpu_seconds(other, theirs_has, keys) / len(keys),
                    seconds=1.5, least=7, most=60)
                run.row(name, ours, rival, theirs)


@contextmanager
def hive_with_worker(items: dict[str, int]):
    """A MemHive that has the items, with one worker, and what measures a reading in that."""
    wait, command = os.pipe()
    result, answer = os.pipe()
    try:
        with memhive.MemHive() as hive:
            for key, value in items.items():
                hive[key] = value
            hive["the map"], hive["wait"], hive["answer"] = memhive.Map(items), wait, answer

            def in_worker(reading: str, count: int) -> float:
                os.write(command, f"{reading} {count}".encode())
                return float(os.read(result, 100))

            hive.add_worker(main=serve)
            try:
                yield hive, in_worker
            finally:
                os.write(command, b"end 0")
    finally:
        for end in (wait, command, result, answer):
            os.close(end)


def serve(sub):
    """The worker's function, of which memhive takes the code alone: it brings everything with it."""
    import os

    from live_rivals import measure

    items = sub["the map"]
    while True:
        reading, count = os.read(sub["wait"], 100).decode().split()
        if reading == "end":
            break
        os.write(sub["answer"], str(measure(reading, items, int(count))).encode())


def measure(reading: str, items, count: int) -> float:
    """CPU time of one reading, as the mean of so many, in the calling interpreter."""
    if reading == "iterate":
        return cpu_seconds(iterate, items) / (ITERATIONS * len(items))
    keys = [equal(f"key {i}") for i in range(1_000)] * (count // 1_000)
    return cpu_seconds({"by_key": by_key, "contains": contains}[reading], items, keys) / len(keys)


def get_item(d, times):
    for _ in range(times):
        d["key 500"]


def set_item(d, times):
    for _ in range(times):
        d["key 500"] = 7


def set_in_map(items, keys):
    for key in keys:
        items = items.set(key, 7)


def find(d, times):
    for _ in range(times):
        "key 500" in d


def iterate_keys(d, times):
    for _ in range(times):
        for _ in d.keys():
            pass


def get_child(d, times):
    for _ in range(times):
        d["child"]


def create(kind, times):
    for _ in range(times):
        kind()


def call_method(o, times):
    for _ in range(times):
        o.method()


def get_attribute(o, times):
    for _ in range(times):
        o.x


def set_attribute(o, times):
    for _ in range(times):
        o.x = 7


def get_element(elements, times):
    for _ in range(times):
        elements[500]


def append(elements, times):
    for i in range(times):
        elements.append(i)


def add(counter, times):
    for _ in range(times):
        counter.add(1)


def add_under_lock(value_and_lock, times):
    value, lock = value_and_lock
    for _ in range(times):
        with lock:
            value.value += 1


def add_to_counter(counter, times, ends):
    meet(ends)
    watch = Stopwatch()
    for _ in range(times):
        counter.add(1)
    return watch.seconds


def add_to_key(d, times, ends):
    meet(ends)
    watch = Stopwatch()
    for _ in range(times):
        d.add("hits", 1)
    return watch.seconds


kept: tuple


def keep(value, managed, barrier):
    """The initializer of a worker process."""
    global kept
    kept = (value, managed, barrier)


def add_to_value(times):
    value, _, barrier = kept
    barrier.wait()
    watch = Stopwatch()
    for _ in range(times):
        with value.get_lock():
            value.value += 1
    return watch.seconds


def add_to_managed(times):
    _, (value, lock), barrier = kept
    barrier.wait()
    watch = Stopwatch()
    for _ in range(times):
        with lock:
            value.value += 1
    return watch.seconds
