"""What the tests of Array run in several interpreters at once. Imported there, so it imports little."""

import operator
import random

import symplast

_kept = []


def count_up(shared, times):
    """Adds one to each element in turn, and exchanges the last one; how often it won the exchange."""
    won = 0
    for i in range(times):
        shared.add(i % (len(shared) - 1), 1)
        seen = shared[-1]
        won += shared.compare_exchange(-1, seen, seen + 1)
    return won


def toggle(shared, index, values, times):
    """Sets one element to these values in turn."""
    for _ in range(times):
        for value in values:
            shared[index] = value


def read(shared, index, allowed, times):
    """How often the element was none of these values."""
    return sum(shared[index] not in allowed for _ in range(times))


def write_buffer(shared, start, values):
    """Writes through a memoryview."""
    with memoryview(shared) as view:
        for i, value in enumerate(values, start):
            view[i] = value


def keep_buffer(shared):
    """Keeps a memoryview until the interpreter ends."""
    view = memoryview(shared)
    _kept.append(view)
    _kept.append([view, _kept])
    return len(view)


def sum_kept():
    return [sum(view) for view in _kept if isinstance(view, memoryview)]


def delete(shared):
    symplast.delete(shared)


def delete_pool(pool):
    pool.delete()


def disturb(shared, seed, times, begun):
    """Every operation, in any order, on an array that others change and delete. Only these errors may come."""
    begun.add(1)
    random_ = random.Random(seed)
    views = []
    operations = (
        lambda i: shared[i], lambda i: shared[-i], lambda i: operator.setitem(shared, i, i), lambda i: shared[i:],
        lambda i: shared[::-2], lambda i: operator.setitem(shared, slice(i, i + 2), (1, 2)),
        lambda i: list(shared), lambda i: i in shared, lambda i: shared.count(i), lambda i: shared.index(i),
        lambda i: shared == shared[:], lambda i: repr(shared), lambda i: shared.add(i, 1),
        lambda i: shared.exchange(i, 2), lambda i: shared.compare_exchange(i, 2, 3), lambda i: shared.tolist(),
        lambda i: shared.tobytes(), lambda i: views.append(memoryview(shared)),
        lambda i: views.clear(), lambda i: [view[i] for view in views],
        lambda i: [operator.setitem(view, i, 1) for view in views], lambda i: symplast.thaw(shared), lambda i: len(shared),
        lambda i: operator.setitem(shared, slice(None), shared), lambda i: shared.typecode * shared.itemsize,
    )  # fmt: skip
    for _ in range(times):
        try:
            random_.choice(operations)(random_.randrange(12))
        except (IndexError, ValueError, OverflowError, symplast.DeletedError):
            pass
    return "done"
