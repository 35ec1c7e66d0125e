"""What the tests of List run in several interpreters at once. Imported there, so it imports little."""

import operator
import random

import symplast


def add_up(shared, times):
    """Adds to the first and last numbers, and counts how often it exchanged the second."""
    exchanged = 0
    for _ in range(times):
        shared.add(0, 1)
        shared.add(-1, 2)
        seen = shared[1]
        exchanged += shared.compare_exchange(1, seen, seen + 1)
    return exchanged


def append_all(shared, worker, times):
    for i in range(times):
        shared.append((worker, f"item {i}"))


def extend_all(shared, worker, times):
    for _ in range(times):
        shared += [worker] * 5


def pop_all(shared, first):
    """Takes elements until there are none."""
    taken = []
    try:
        while True:
            taken.append(shared.pop(0) if first else shared.pop())
    except IndexError:
        return taken


def remove_all(shared, values):
    """Removes each value that is there; how many were."""
    removed = 0
    for value in values:
        try:
            shared.remove(value)
            removed += 1
        except ValueError:
            pass
    return removed


def look(shared, times):
    """Looks for what is always there; how often it was not, in any way of looking."""
    missed = 0
    for i in range(times):
        missed += "needle" not in shared
        missed += shared.count("needle") != 1
        missed += shared[shared.index("needle"):].count("needle") > 1
        missed += list(shared).count("needle") != 1
        missed += shared[:].count("needle") != 1
        missed += len(shared) != 40
    return missed


def reverse_many(shared, times):
    for _ in range(times):
        shared.reverse()


def sort_and_grow(shared, worker, times):
    """Sorts by a key function, in Python; how often the list was changed meanwhile."""
    changed = 0
    for i in range(times):
        shared.append(i)
        try:
            shared.sort(key=lambda x: -x)
        except ValueError:
            changed += 1
    return changed


def disturb(shared, seed, times, begun):
    """Every operation, in any order, on a list that others disturb and delete. Only these errors may come."""
    begun.append(seed)
    random_ = random.Random(seed)
    operations = (
        lambda i: shared.append(f"text {i}"), lambda i: shared.append([i]), lambda i: shared.extend(range(i % 5)),
        lambda i: shared.insert(-i, 2**70),
        lambda i: shared.pop(), lambda i: shared.pop(i), lambda i: shared.remove(i), lambda i: shared.reverse(),
        lambda i: shared[i], lambda i: shared[-i],
        lambda i: shared[i:], lambda i: shared[::-2], lambda i: operator.setitem(shared, i, "new"),
        lambda i: operator.setitem(shared, -i, None),
        lambda i: operator.setitem(shared, slice(i, i + 2), "ab"), lambda i: operator.delitem(shared, slice(None, None, 3)),
        lambda i: operator.delitem(shared, i),
        lambda i: list(shared), lambda i: i in shared, lambda i: [i] in shared, lambda i: shared.count(i),
        lambda i: shared == [i], lambda i: repr(shared),
        lambda i: shared.add(i, 1), lambda i: shared.compare_exchange(i, "new", "newer"), lambda i: shared.sort(key=str),
        lambda i: shared.clear() if i == 1 else None,
        lambda i: operator.imul(shared, 1 if len(shared) > 50 else 2), lambda i: shared.__init__("abcdefghij"),
    )
    for _ in range(times):
        try:
            random_.choice(operations)(random_.randrange(12))
        except (IndexError, ValueError, TypeError, OverflowError, symplast.DeletedError):
            pass
    return "done"


def append_one(shared, item):
    shared.append(item)
