"""
Queues between interpreters against those between processes, threads, and the standard library's interpreters, and against the
messages of bocpy (https://github.com/microsoft/bocpy) if it can be imported.
"""

import concurrent.futures
import contextlib
import functools
import multiprocessing
import queue
import statistics
import time

import symplast

from harness import Bar, Run, benchmark, cpu_seconds, wall_seconds

try:
    import bocpy
except ImportError:
    bocpy = None

BUSY, PARKED = Bar(2e-6, of="ours"), Bar(30e-6, of="ours")


def answer(pings, pongs, count):
    """The other side: returns each element."""
    for _ in range(count):
        pongs.put(pings.get())


def produce(q, count):
    for i in range(count):
        q.put(i)


def consume(q, count):
    for _ in range(count):
        q.get()


def put_and_get(q, times):
    put, get = q.put, q.get
    for i in times:
        put(i)
        get()


class Ours:
    name = "symplast"
    make = symplast.Queue

    def __init__(self):
        self._executor = symplast.InterpreterPoolExecutor(3)

    def start(self, function, *arguments):
        return self._executor.submit(function, *arguments).result

    def close(self):
        self._executor.shutdown()


class Threads:
    name = "queue.Queue, threads"
    make = queue.Queue

    def __init__(self):
        self._executor = concurrent.futures.ThreadPoolExecutor(3)

    def start(self, function, *arguments):
        return self._executor.submit(function, *arguments).result

    def close(self):
        self._executor.shutdown()


class Processes:
    name = "multiprocessing.Queue"

    def __init__(self):
        # Forking is neither the default everywhere nor possible once symplast is imported.
        self._context = multiprocessing.get_context("spawn")
        self.make = self._context.Queue

    def start(self, function, *arguments):
        process = self._context.Process(target=function, args=arguments, daemon=True)
        process.start()
        return process.join

    def close(self):
        pass


class Interpreters:
    name = "stdlib interpreters' queue"

    def __init__(self):
        from concurrent import interpreters

        self.make = interpreters.create_queue
        self._executor = concurrent.futures.InterpreterPoolExecutor(3)

    def start(self, function, *arguments):
        return self._executor.submit(function, *arguments).result

    def close(self):
        self._executor.shutdown()


def sides():
    yield Ours
    yield Threads
    yield Processes
    if hasattr(concurrent.futures, "InterpreterPoolExecutor"):
        yield Interpreters


def compare(run: Run, name: str, measure, bar: Bar | None = None, **turns) -> None:
    """Lets all kinds of queues take turns."""
    with contextlib.ExitStack() as stack:
        chosen = [stack.enter_context(contextlib.closing(side())) for side in sides()]
        ours, *others = run.turns(name, *(functools.partial(measure, side) for side in chosen), **turns)
        for side, samples in zip(chosen[1:], others):
            run.row(name, ours, side.name, samples, bar=bar)


@benchmark("one thread")
def one_thread(run: Run) -> None:
    times = range(run.either(20_000, 2_000))
    for ours, theirs in ((symplast.Queue, queue.Queue), (symplast.SimpleQueue, queue.SimpleQueue)):
        mine, other = ours(), theirs()
        for element in (5, "a text"):
            name = f"put and get of {type(element).__name__}: {ours.__name__}"
            our_samples, their_samples = run.turns(
                name, lambda: cpu_seconds(put_and_get, mine, [element] * len(times)),
                lambda: cpu_seconds(put_and_get, other, [element] * len(times)), seconds=1, least=9)
            run.row(name, our_samples, f"queue.{theirs.__name__}", their_samples)


@benchmark("hand-off")
def hand_off(run: Run) -> None:
    count = run.either(2_000, 200)

    def busy(side):
        pings, pongs = side.make(), side.make()
        end = side.start(answer, pings, pongs, count + 1)
        pings.put(0)
        pongs.get()
        seconds = wall_seconds(put_and_get_between, pings, pongs, count)
        end()
        return seconds / count / 2

    def parked(side):
        pings, pongs = side.make(), side.make()
        times = run.either(40, 5)
        end = side.start(answer, pings, pongs, times)
        samples = []
        for _ in range(times):
            # Long enough that the other side sleeps.
            time.sleep(0.004)
            samples.append(wall_seconds(put_and_get_between, pings, pongs, 1) / 2)
        end()
        return statistics.median(samples)

    compare(run, "hand-off, both busy", busy, BUSY, seconds=6, least=5)
    compare(run, "hand-off, the other parked", parked, PARKED, seconds=6, least=5)
    if bocpy:
        against_messages(run, busy, count)


def against_messages(run, busy, count):
    import messages

    bocpy.start(1)

    def theirs():
        messages.answer(count + 1)
        ask(1)
        return wall_seconds(ask, count) / count / 2

    with contextlib.closing(Ours()) as side:
        mine, other = run.turns("hand-off beside bocpy", lambda: busy(side), theirs, seconds=3, least=5)
    bocpy.wait()
    run.row("hand-off, both busy", mine, "bocpy's send() and receive()", other, bar=BUSY)


def ask(count):
    for i in range(count):
        bocpy.send("ping", i)
        bocpy.receive("pong")


def put_and_get_between(pings, pongs, count):
    for i in range(count):
        pings.put(i)
        pongs.get()


@benchmark("throughput")
def throughput(run: Run) -> None:
    count = run.either(20_000, 1_000)

    def one_to_one(side):
        q = side.make()
        end = side.start(produce, q, count + 1)
        # The other side has started when its first element comes.
        q.get()
        seconds = wall_seconds(consume, q, count)
        end()
        return seconds / count

    def many_to_many(side):
        q = side.make()
        ends = [side.start(consume, q, count // 2), side.start(produce, q, count // 2), side.start(produce, q, count // 2 + 1)]
        q.get()
        seconds = wall_seconds(consume, q, count // 2)
        for end in ends:
            end()
        return seconds / count

    compare(run, "an element, one to one", one_to_one, seconds=6, least=5)
    compare(run, "an element, two to two", many_to_many, seconds=6, least=5)
