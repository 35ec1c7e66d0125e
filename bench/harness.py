"""The parts that all benchmarks share: taking turns, reading clocks, and reporting rows.

A benchmark is a function that compares Symplast with a rival. It runs in a child process of its own (run.py starts it), so
that neither memory nor caches of one reach the next, and both sides run in that one process where that is possible at all:
A B, B A, A B … after a round that is not counted. What is said of a comparison is the median of the ratios of its rounds, so
that a machine that is slow for a while is slow for both sides. Nor are all its cores equally fast, least so when memory is waited
for: where that could decide, a round is pinned to one core, or each thread of a parallel one to a core on which it also ran
alone.

The collector is off in the process that measures, on both sides, as in timeit; workers run as they would anywhere. That favours
the rivals a little: the objects of a pool are not tracked, so collections are shorter in a program that holds its data frozen.
"""

import gc
import importlib
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

# The order in which subjects run and are listed: modules of this folder.
SUBJECTS = ("freezing", "reading", "live", "live_sorted", "live_rivals", "live_together", "live_memory", "locks", "scaling",
            "handover", "executors", "queues", "footprint", "unshared", "extensions")

# A side of a comparison: a function that does its work once and returns the cost.
type Side = Callable[[], float]


@dataclass(frozen=True)
class Bar:
    """The limit that the design demands, for the ratio or for our own figure. With at_least, more is better."""

    limit: float
    of: str = "ratio"
    at_least: bool = False

    def met(self, row: "Row") -> bool:
        value = row.ratio if self.of == "ratio" else row.ours
        if self.of == "ratio" or row.unit == "x":
            value = round(value, 2)  # as it is shown
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass
class Row:
    """One line of the table. Samples with equal indexes were taken next to each other; units: s, B (bytes), x (a factor)."""

    subject: str
    benchmark: str
    name: str
    rival: str | None
    unit: str
    our_samples: list[float]
    rival_samples: list[float] = field(default_factory=list)
    bar: Bar | None = None

    @property
    def ours(self) -> float:
        return statistics.median(self.our_samples)

    @property
    def theirs(self) -> float | None:
        return statistics.median(self.rival_samples) if self.rival_samples else None

    @property
    def ratios(self) -> list[float]:
        """The ratios of the rounds; empty if the rival was measured apart, and is only shown."""
        if len(self.our_samples) != len(self.rival_samples):
            return []
        return [ours / theirs for ours, theirs in zip(self.our_samples, self.rival_samples)]

    @property
    def ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def ratio_of_best(self) -> float | None:
        """The best sample of each side. A busy machine adds time to most samples, but not to the best."""
        if not self.ratios:
            return None
        best = max if self.unit == "x" else min
        return best(self.our_samples) / best(self.rival_samples)

    @property
    def met(self) -> bool | None:
        return None if self.bar is None else self.bar.met(self)

    def as_json(self) -> dict:
        ratios = self.ratios
        return asdict(self) | {
            "ours": self.ours,
            "theirs": self.theirs,
            "ratio": self.ratio,
            "ratios": ratios,
            "ratio_of_best": self.ratio_of_best,
            "ratio_range": [min(ratios), max(ratios)] if ratios else None,
            "met": self.met,
        }


@dataclass(frozen=True)
class Benchmark:
    """A registered function, run in a child process."""

    subject: str
    name: str
    measure: Callable[["Run"], None]


_registered: list[Benchmark] = []


def benchmark(name: str) -> Callable[[Callable[["Run"], None]], Callable[["Run"], None]]:
    """Registers the function under its module's name as the subject."""

    def register(measure):
        _registered.append(Benchmark(measure.__module__, name, measure))
        return measure

    return register


def benchmarks() -> list[Benchmark]:
    """All of them, in order."""
    for subject in SUBJECTS:
        importlib.import_module(subject)
    return sorted(_registered, key=lambda one: SUBJECTS.index(one.subject))


class Run:
    """
    What a benchmark is given: how thorough to be, the taking of turns, and where rows go. A run is full, quick or smoke, which
    shows whether everything runs, and no figure of which means anything.
    """

    def __init__(self, of: Benchmark, effort: str, tell: Callable[[dict], None]):
        self.quick = effort != "full"
        self._smoke = effort == "smoke"
        self._of = of
        self._tell = tell

    def either[T](self, full: T, quick: T) -> T:
        """The size for a run of this thoroughness."""
        return quick if self.quick else full

    def repeated(self, times: int) -> int:
        """How often a side repeats its work in one turn: once, if only smoke is looked for."""
        return 1 if self._smoke else times

    def say(self, text: str) -> None:
        """Shows what is being done."""
        self._tell({"progress": text})

    def turns(self, what: str, *sides: Side, seconds: float = 3, least: int = 5, most: int = 60,
              pinned: bool = False) -> list[list[float]]:
        """
        Rounds in which each side takes its turn, the first one changing; a list of samples a side. There are as many rounds as
        fit the seconds (a quarter of them in a quick run), but at least and at most so many. One, if only smoke is looked for.
        Pinned, all sides of a round run on the same core, the next round on the next; not for sides that use other threads.
        """
        if self._smoke:
            seconds, least = 0, 1
        elif self.quick:
            seconds, least = seconds / 4, min(least, 3)
        samples: list[list[float]] = [[] for _ in sides]
        self.say(what)
        for side in sides:
            side()
        start = time.perf_counter()
        usable = os.sched_getaffinity(0)
        for done in itertools.count():
            passed = time.perf_counter() - start
            if done >= least and (done >= most or passed * (done + 1) > seconds * done):
                os.sched_setaffinity(0, usable)
                return samples
            self.say(f"{what}: round {done + 1}")
            if pinned:
                os.sched_setaffinity(0, {sorted(usable)[done % len(usable)]})
            first = done % len(sides)
            for i in (*range(first, len(sides)), *range(first)):
                samples[i].append(sides[i]())

    def row(self, name: str, ours: list[float], rival: str | None = None, theirs: Sequence[float] = (), *,
            unit: str = "s", bar: Bar | None = None) -> None:
        """Reports a comparison."""
        self._tell({"row": asdict(Row(self._of.subject, self._of.name, name, rival, unit, ours, list(theirs), bar))})


def row_from(told: dict) -> Row:
    """The row that a child reported."""
    return Row(**told | {"bar": Bar(**told["bar"]) if told["bar"] else None})


def cpu_seconds(function: Callable, *args) -> float:
    """
    CPU time of this thread in one call, for work that neither waits nor uses other threads: what other programs do on the machine
    counts less than it would in wall time. The result is freed after the clock was read.
    """
    start = time.thread_time()
    result = function(*args)
    seconds = time.thread_time() - start
    del result
    return seconds


def wall_seconds(function: Callable, *args) -> float:
    """Wall time of one call. The result is freed after the clock was read."""
    start = time.perf_counter()
    result = function(*args)
    seconds = time.perf_counter() - start
    del result
    return seconds


class Stopwatch:
    """
    Wall time since it was made, less what the thread could have run but no core was free: on a busy machine, or with more threads
    than cores, wall time would say more of that than of the work. What is waited for otherwise, as for a lock, counts in full.
    """

    def __init__(self):
        # The waiting time that is subtracted lies within the measured time.
        self._start = time.perf_counter()
        self._waited = _waited_for_core()

    @property
    def seconds(self) -> float:
        waited = _waited_for_core() - self._waited
        return time.perf_counter() - self._start - waited


def _waited_for_core() -> float:
    with open("/proc/thread-self/schedstat") as file:
        return int(file.read().split()[1]) / 1e9


def cores(count: int) -> list[int]:
    """So many cores to run on at once: as far as there are enough, such as do not share their units with each other.

    Some come twice if there are too few.
    """
    apart: dict[str, int] = {}
    usable = sorted(os.sched_getaffinity(0))
    for core in usable:
        try:
            siblings = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list").read_text()
        except OSError:
            siblings = str(core)
        apart.setdefault(siblings, core)
    found = [*apart.values(), *(core for core in usable if core not in apart.values())]
    return [found[i % len(found)] for i in range(count)]


def pin(core: int) -> None:
    """Binds this thread to a core."""
    os.sched_setaffinity(0, {core})


def added(*samples: list[float]) -> list[float]:
    """The sums, round by round."""
    return [sum(together) for together in zip(*samples)]


def memory(pid: int | str = "self") -> int:
    """The bytes of memory that a process has to itself, plus its share of what it shares with others (PSS)."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


def serve(subject: str, name: str, effort: str) -> None:
    """The main function of a child process: runs one benchmark and reports its progress in lines of JSON on stdout."""
    out, sys.stdout = sys.stdout, sys.stderr

    def tell(what: dict) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    importlib.import_module(subject)
    # Subjects may import each other, so there are more of them than asked for.
    [chosen] = (one for one in _registered if (one.subject, one.name) == (subject, name))
    gc.disable()
    chosen.measure(Run(chosen, effort, tell))
