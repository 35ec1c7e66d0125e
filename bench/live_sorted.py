"""
SortedDict against the plain dict, which is not sorted, and against the SortedDict of sortedcontainers if that can be imported:
what programs in one interpreter use.
"""

import random
from collections.abc import Callable

import symplast

import data
from harness import Run, benchmark, cpu_seconds
from live import set_and_delete, set_number
from reading import by_key, contains, equal, iterate, iterate_items, twin

try:
    import sortedcontainers
except ImportError:
    sortedcontainers = None

OTHER = "sortedcontainers"


def compare(run: Run, name: str, make: Callable, work: Callable, *local, plain: Callable, plainly: str = "dict",
            made_inside: bool = False) -> None:
    """
    Has all of them do the work with what make(kind) makes of each kind; local arguments are the same for all. A plain dict, which
    has no order, does what the function plain says.
    """
    kinds: dict[str, tuple] = {"": (symplast.SortedDict, work), plainly: (dict, plain)}
    if sortedcontainers:
        kinds[OTHER] = (sortedcontainers.SortedDict, work)
    sides = [(twin(do), kind if made_inside else make(kind)) for kind, do in kinds.values()]
    ours, *theirs = run.turns(name, *(lambda do=do, it=it: cpu_seconds(do, it, *local) for do, it in sides), seconds=2, least=9,
                              most=200)
    for rival, samples in zip(list(kinds)[1:], theirs):
        run.row(name, ours, rival, samples)


@benchmark("SortedDict: one key")
def one_key(run: Run) -> None:
    count = run.either(10_000, 1_000)
    for label, keys in (("int", random.Random(8).sample(range(1_000_000), count)), ("str", data.strings(count))):
        asked = [equal(key) for key in keys] if label == "str" else keys
        random.Random(9).shuffle(asked)

        def make(kind, keys=keys):
            return kind((key, 1) for key in keys)

        compare(run, f"sd[{label}], {count:,} keys", make, by_key, asked, plain=by_key)
        compare(run, f"{label} in sd", make, contains, asked, plain=contains)
        compare(run, f"sd[{label}] = int", make, set_number, asked, plain=set_number)
        others = [key + 1_000_000 for key in keys] if label == "int" else [key + "?" for key in asked]
        compare(run, f"insert and delete a new {label}", make, set_and_delete, others, plain=set_and_delete)
        compare(run, f"insert {count:,} of {label}, shuffled", make, insert_all, asked, plain=insert_all, made_inside=True)


@benchmark("SortedDict: order")
def order(run: Run) -> None:
    count = run.either(10_000, 1_000)
    keys = list(range(0, count * 10, 10))

    def make(kind):
        return kind((key, 1) for key in keys)

    starts = random.Random(10).sample(range(count * 9), 100)
    compare(run, f"for key in sd, {count:,} keys", make, iterate, plain=iterate)
    compare(run, "for key, value in sd.items()", make, iterate_items, plain=iterate_items)
    compare(run, "irange() of 100 keys", make, ranges, starts, plain=ranges_by_sorting, plainly="sorted() of a dict")
    compare(run, "the first item: peekitem(0)", make, first, plain=first_by_min, plainly="min() of a dict")
    compare(run, "pop the first, add one", make, pop_and_add, plain=pop_least_and_add, plainly="min() of a dict")


def insert_all(kind, keys):
    made = kind()
    for key in keys:
        made[key] = 1


def ranges(ordered, starts):
    for start in starts:
        for _ in ordered.irange(start, start + 999):
            pass


def ranges_by_sorting(d, starts):
    for start in starts:
        for _ in sorted(key for key in d if start <= key <= start + 999):
            pass


def first(ordered):
    for _ in range(100):
        ordered.peekitem(0)


def first_by_min(d):
    for _ in range(100):
        key = min(d)
        key, d[key]


def pop_and_add(ordered):
    for _ in range(100):
        key, value = ordered.popitem(0)
        ordered[key + 1_000_000] = value


def pop_least_and_add(d):
    for _ in range(100):
        key = min(d)
        d[key + 1_000_000] = d.pop(key)
