"""Histories of operations that several interpreters perform on one live object, and whether they are linearizable."""

import random
import reprlib

import symplast

import linearizability
import live_models
import live_operations
from linearizability import Operation

_short = reprlib.Repr(maxtuple=12).repr

# Each size is another inner form of something: empty; one block; about to grow; large; copied in parts.
SIZES = (0, 5, 15, 40, 600)


class NotLinearizable(AssertionError):
    """No order explains the results; the message holds the history and how to make it again."""


def new(kind, flavour, size):
    """A live object with contents."""
    contents = live_operations.contents(kind, flavour, size)
    if kind == "AtomicInt":
        return symplast.AtomicInt(1)
    if kind == "AtomicRef":
        return symplast.AtomicRef(live_operations.value(flavour, 1))
    if kind == "Object":
        o = symplast.Object()
        for i, value in enumerate(contents):
            setattr(o, f"a{i}", value)
        return o
    if kind == "Queue":
        # Bounded or not.
        q = symplast.Queue(0 if size in (0, 600) else size + 2)
        for value in contents:
            q.put_nowait(value)
        return q
    return getattr(symplast, kind)(contents)


def step_of(kind):
    """The sequential specification for linearizability.find()."""
    known = {}

    def step(state, name, arguments):
        if (state, name, arguments) not in known:
            known[state, name, arguments] = list(_after(kind, state, name, arguments))
        return known[state, name, arguments]

    return step


def _after(kind, state, name, arguments):
    if state == "deleted":
        yield state, ("raised", "DeletedError")
        return
    model = live_models.MODELS[kind].of(state)
    result = live_operations.outcome(live_operations.OPERATIONS[kind][name].run, model, *arguments)
    yield model.state, result
    # Sorting gives up when the list changes under it, as that of list does.
    if name == "sort":
        yield state, ("raised", "ValueError")


def check(kind, initial, history, final):
    """Raises NotLinearizable unless the history leads from one state to the other."""
    last = max(operation.responded for operation in history) + 1
    base = step_of(kind)

    def step(state, name, arguments):
        return [(state, state)] if name == "the state at last" else base(state, name, arguments)

    end = Operation(-1, last, last, "the state at last", (), final)
    if linearizability.find([*history, end], step, initial) is None:
        raise NotLinearizable(f"{kind}: no order of these operations leads from {_short(initial)} to "
                              f"{_short(final)}:\n{linearizability.text(history)}")


def check_each_key(kind, initial, history, final):
    """The same for operations on one key each, which may be many: looks at each key by itself."""
    for key, part in linearizability.partitioned(history, lambda operation: operation.arguments[0]).items():
        check(kind, _only(initial, key), part, _only(final, key))


def _only(state, key):
    return tuple(item for item in state if item[0] == key)


class Recorder:
    """Lets the workers of an executor perform random programs on live objects, and checks what they saw.

    A seed makes the same programs again.
    """

    def __init__(self, executor, workers, seed):
        self._executor = executor
        self._workers = workers
        self._seed = seed
        self.operations = self.overlapping = 0

    def run(self, kind, rounds, length, *, names=None, each_key=False, logical=False):
        """Performs and checks rounds of as many random operations by each worker, on an object each."""
        names = sorted(names or live_operations.OPERATIONS[kind])
        dice = random.Random(f"{self._seed} {kind}")
        choices = [(dice.choice(live_operations.FLAVOURS), dice.choice(SIZES)) for _ in range(rounds)]
        objects = [(new(kind, *choice), *choice) for choice in choices]
        initial = [live_models.state_of(kind, o) for o, _, _ in objects]
        arrived, ticks = symplast.AtomicInt(), symplast.AtomicInt() if logical else None
        futures = [
            self._executor.submit(live_operations.record, kind, names, objects, worker, self._seed, length, arrived,
                                  self._workers, ticks)
            for worker in range(self._workers)
        ]
        recorded = [future.result() for future in futures]
        for number, (o, flavour, size) in enumerate(objects):
            history = [Operation(worker, *each) for worker in range(self._workers) for each in recorded[worker][number]]
            self.operations += len(history)
            self.overlapping += linearizability.overlapping(history)
            try:
                (check_each_key if each_key else check)(kind, initial[number], history, live_models.state_of(kind, o))
            except NotLinearizable as error:
                raise NotLinearizable(f"seed {self._seed!r}, logical={logical}, {flavour} {size}: {error}") from None
