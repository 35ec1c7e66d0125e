"""Everything at once, for a long time: live objects of all types, interpreters that come and go, deletion, misuse, memory that
fails, signals.

    .venv/bin/python tests/soak/live.py [--seconds 300] [--seed 1] [--interpreters 4]

A run is a sequence of rounds, in which interpreters that stay and interpreters that end record histories that must be
linearizable, keep accounts that must be right, call methods in every wrong way, and fill pools. After each round no block of a
live object may be left, and at the end hardly more memory be in use than at first. What CPython itself loses with each
interpreter, much before 3.14, is measured in another process. SYMPLAST_DEBUG=heap checks the heap as well. Not part of CI.
"""

import argparse
import collections
import gc
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
warnings.simplefilter("ignore", RuntimeWarning)

import searchpath  # noqa: E402

searchpath.extend()

import live_blocks  # noqa: E402
import live_histories  # noqa: E402
import live_operations  # noqa: E402
import misuse  # noqa: E402
import storm_programs  # noqa: E402
import symplast  # noqa: E402
from symplast import _symplast  # noqa: E402

# MiB that memory may grow beyond what interpreters cost CPython itself: histories take that much for a while, and leave holes in
# Python's memory.
TOLERANCE = 60

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident():
    """MiB of memory in use by this process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE / 2**20


class Soak:
    """The state of a run: executors that stay, counts of what was done."""

    def __init__(self, seed, workers):
        self.seed = seed
        self.workers = workers
        self.done = collections.Counter()
        self.lasting = symplast.InterpreterPoolExecutor(workers)
        self.dice = random.Random(seed)

    def histories(self, pool):
        """Random operations on each type, checked for linearizability."""
        recorder = live_histories.Recorder(self.lasting, self.workers, f"{self.seed} {self.done['rounds']}")
        for kind in live_operations.OPERATIONS:
            # The shapes of objects with any attributes stay for as long as their pool: it is deleted.
            own = symplast.Pool(kind) if kind == "Object" else pool
            names = set(live_operations.OPERATIONS[kind]) - {"delete"}
            with own.allocating():
                recorder.run(kind, 4, 40, logical=self.dice.random() < 0.5)
                recorder.run(kind, 2, 300, names=names, logical=self.dice.random() < 0.3)
                if kind in live_operations.OF_ONE_KEY:
                    recorder.run(kind, 1, 2000, names=live_operations.OF_ONE_KEY[kind], each_key=True)
            if own is not pool:
                own.delete()
        self.done["operations in histories"] += recorder.operations
        self.done["of these overlapping"] += recorder.overlapping

    def accounts(self, pool):
        """Counting and storing in all interpreters, while allocations fail and signals come: nothing acknowledged is lost."""
        times = 100
        shared = symplast.Dict(
            counts=symplast.Dict(sum=0), order=symplast.SortedDict(), items=symplast.List(), members=symplast.Set(),
            node=storm_programs.Node("shared", {})
        )
        futures = [self.lasting.submit(storm_programs.persist, shared, worker, times) for worker in range(self.workers)]
        try:
            n = 0
            while not all(future.done() for future in futures):
                n = n % 200 + 1
                _symplast._fail_at(n)
                time.sleep(0.0005)
        finally:
            _symplast._fail_at(0)
        self.done["allocations that failed"] += sum(future.result() for future in futures)
        kept = {f"worker {worker} item {i}" for worker in range(self.workers) for i in range(times) if i % 3}
        assert set(shared["counts"]) == kept | {"sum"}
        assert list(shared["order"]) == sorted(kept) and set(shared["members"]) == kept
        assert len(shared["items"]) == self.workers * times
        assert shared["counts"]["sum"] == shared["node"].count == self.workers * times

    def endings(self, pool):
        """Interpreters come, leave objects behind and end, while others use them."""
        shared, ended = symplast.Dict(), symplast.AtomicInt()
        futures = [self.lasting.submit(storm_programs.use, shared, ended) for _ in range(self.workers)]
        for turn in range(2):
            with symplast.InterpreterPoolExecutor(2) as short:
                for future in [short.submit(storm_programs.leave_behind, pool, shared, worker, turn) for worker in range(4)]:
                    future.result()
            self.done["interpreters"] += 2
        ended.value = 1
        total = collections.Counter()
        for future in futures:
            counted = future.result()
            assert isinstance(counted, dict), counted
            total.update(counted)
        for name, node in shared.items():
            worker, turn = map(int, name.split())
            assert (node.count, node.children["counter"].value) == (worker + total[name], turn + total[name]), name
        for node in list(shared.values()):
            symplast.delete(node)

    def filling(self, pool):
        """A pool that all fill, until there is no room; then it is deleted, or emptied."""
        small = symplast.Pool("small", max_bytes=self.dice.randrange(2, 5) << 20)
        with small.allocating():
            shared = symplast.Dict(), symplast.SortedDict(), symplast.List()
        futures = [self.lasting.submit(storm_programs.fill, shared, worker) for worker in range(self.workers)]
        stored = [future.result() for future in futures]
        for name, its in zip(("dict", "order", "list"), shared):
            assert len(its) == sum(len(each[name]) for each in stored), name
        if self.dice.random() < 0.5:
            for future in [self.lasting.submit(storm_programs.remove, shared, each) for each in stored]:
                future.result()
            assert [len(its) for its in shared] == [0, 0, 0]
        small.delete()

    def wrongs(self, pool):
        """Misuse by all, with deletion of single objects and of the pool."""
        own, begun, made = symplast.Pool("misused", max_bytes=64 << 20), symplast.AtomicInt(), symplast.AtomicInt()
        with own.allocating():
            targets = [make() for make in misuse.live_types().values()]
        seed = f"{self.seed} {self.done['rounds']}"
        futures = [
            self.lasting.submit(misuse.share, own, f"{seed} {worker}", True, targets, 150, self.workers, begun, made)
            for worker in range(self.workers)
        ]
        while begun.value < self.workers or made.value < 50 * self.workers and not all(future.done() for future in futures):
            time.sleep(0)
        if self.dice.random() < 0.5:
            own.delete()
        for future in futures:
            faults = future.result()
            assert not faults, "\n".join(faults)
        if not own.deleted:
            own.delete()
        self.done["calls of misuse"] += made.value

    def signals(self, pool):
        """Signals while the main interpreter changes what others change as well."""

        class Stop(Exception):
            pass

        def stop(*_):
            raise Stop

        d, items = symplast.Dict(), symplast.List(range(50))
        before = signal.signal(signal.SIGALRM, stop)
        try:
            for i in range(200):
                try:
                    signal.setitimer(signal.ITIMER_REAL, (i % 17 + 1) * 2e-5)
                    while True:
                        d.update((f"key {j}", {"n": [j]}) for j in range(20))
                        items.sort(key=lambda x: -x)
                        d.clear()
                except Stop:
                    self.done["signals"] += 1
                assert sorted(items) == [*range(50)]
                assert [value["n"][0] for value in d.values()] == [*range(len(d))]
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def round(self):
        """All of it, in a pool of its own; those that stay are others at times."""
        pool = symplast.Pool(f"round {self.done['rounds']}")
        with pool.allocating():
            storm_programs.Node("shape", {})
            shapes = live_blocks.in_pool(pool)
            parts = [self.histories, self.accounts, self.filling, self.wrongs, self.signals]
            # Before 3.14 each interpreter leaves megabytes behind.
            if sys.version_info >= (3, 14) or self.done["rounds"] % 10 == 0:
                parts.append(self.endings)
            self.dice.shuffle(parts)
            for part in parts:
                part(pool)
        self.done["rounds"] += 1
        if self.done["rounds"] % 20 == 0:
            self.lasting.shutdown()
            self.lasting = symplast.InterpreterPoolExecutor(self.workers)
            self.done["interpreters"] += self.workers
        begun = symplast.AtomicInt()
        for future in [self.lasting.submit(storm_programs.collect, begun, self.workers) for _ in range(self.workers)]:
            future.result()
        left = live_blocks.in_pool(pool)
        assert left == shapes, f"{left - shapes} blocks of live objects were left behind"
        pool.delete()


def soak(options):
    """Rounds until the time is over.

    Returns MiB of growth from the first quarter of the rounds to the last, and how many interpreters have ended between.
    """
    run = Soak(options.seed, options.interpreters)
    end, said = time.monotonic() + options.seconds, 0.0
    figures = []
    while time.monotonic() < end or len(figures) < 8:
        run.round()
        figures.append((resident(), run.done["interpreters"]))
        if time.monotonic() - said > 30 or time.monotonic() >= end:
            said = time.monotonic()
            print(f"{figures[-1][0]:8.1f} MiB  {dict(run.done)}", flush=True)
    run.lasting.shutdown()
    quarter = len(figures) // 4
    (first, before), (last, after) = (map(statistics.median, zip(*part)) for part in (figures[:quarter], figures[-quarter:]))
    return last - first, after - before


def calibrate(count):
    """Prints MiB that each of so many workers leaves behind that do as much with plain objects."""
    before = None
    for number in range(count + 2):
        if number == 2:
            before = resident()
        with symplast.InterpreterPoolExecutor(1) as executor:
            executor.submit(storm_programs.plain_work, number).result()
    print((resident() - before) / count)


def main():
    """The soak, and what it lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", default=str(random.randrange(10**9)))
    parser.add_argument("--interpreters", type=int, default=4)
    parser.add_argument("--calibrate", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.calibrate:
        calibrate(options.calibrate)
        return
    print(f"Python {sys.version.split()[0]}, seed {options.seed}, {options.interpreters} interpreters", flush=True)
    calibrated = subprocess.run([sys.executable, __file__, "--calibrate", "20"], check=True, stdout=subprocess.PIPE, text=True)
    growth, ended = soak(options)
    lost = float(calibrated.stdout) * ended
    print(f"{growth:.1f} MiB more at the end than at first; CPython itself loses {lost:.1f} MiB by {ended:.0f} interpreters "
          f"that ended")
    sys.exit(growth > lost + TOLERANCE)


if __name__ == "__main__":
    main()
