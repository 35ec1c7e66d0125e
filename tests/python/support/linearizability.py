"""
Whether a history of operations that overlap is linearizable: whether each can be given one moment between its invocation and its
response, so that the results are those of a sequential specification. Wing and Gong 1993, with the memory of Lowe 2017 for what
was tried before.
"""

import reprlib
from collections import defaultdict
from typing import Any, NamedTuple


class Operation(NamedTuple):
    """One operation: who, from when to when, what, and what came of it.

    A result is ("value", v) or ("raised", name of the exception).
    """

    worker: int
    invoked: int
    responded: int
    name: str
    arguments: tuple
    result: Any

    def __str__(self):
        return (f"{self.invoked:>12} … {self.responded:<12} worker {self.worker}: {self.name}{self.arguments} -> "
                f"{_short(self.result)}")


_short = reprlib.Repr(maxlist=30, maxtuple=30, maxset=30, maxstring=60, maxlong=60).repr


class _Event:
    """The invocation or the response of an operation, in a doubly linked list in the order of time."""

    __slots__ = ("index", "operation", "response", "previous", "next")

    def __init__(self, index, operation, response):
        self.index = index
        self.operation = operation
        self.response = response  # of an invocation; None for a response
        self.previous = self.next = None


def find(history, step, state):
    """
    The operations in an order that explains their results from the state on; None if there is none. step(state, name, arguments)
    returns the states after it, each with the result that it would have; states are hashable. Operations that touch in time
    overlap.
    """
    head = _events(history)
    tried = set()
    taken = []
    done = 0
    event = head.next
    while head.next is not None:
        if event.response is not None:
            after = _matching(step, state, event.operation)
            configuration = None if after is None else (done | 1 << event.index, after)
            if configuration is not None and configuration not in tried:
                tried.add(configuration)
                taken.append((event, state))
                done, state = configuration
                _lift(event)
                event = head.next
            else:
                event = event.next
        else:
            # Whoever responds here had to come before: the last choice was wrong.
            if not taken:
                return None
            event, state = taken.pop()
            done &= ~(1 << event.index)
            _unlift(event)
            event = event.next
    return [event.operation for event, _ in taken]


def partitioned(history, key_of):
    """
    The histories of the keys, each in itself linearizable if and only if the whole is (Herlihy and Wing 1990): for operations on
    one key each.
    """
    parts = defaultdict(list)
    for operation in history:
        parts[key_of(operation)].append(operation)
    return parts


def overlapping(history):
    """How many operations began before another one, that had begun before them, ended."""
    latest, count = -1, 0
    for operation in sorted(history, key=lambda operation: operation.invoked):
        count += operation.invoked <= latest
        latest = max(latest, operation.responded)
    return count


def text(history):
    """The history for people, in the order of invocation."""
    return "\n".join(map(str, sorted(history, key=lambda operation: operation.invoked)))


def _matching(step, state, operation):
    for after, result in step(state, operation.name, operation.arguments):
        if result == operation.result:
            return after
    return None


def _events(history):
    order = []
    for index, operation in enumerate(history):
        response = _Event(index, operation, None)
        order.append((operation.invoked, 0, index, _Event(index, operation, response)))
        order.append((operation.responded, 1, index, response))
    order.sort(key=lambda each: each[:3])
    head = last = _Event(-1, None, None)
    for *_, event in order:
        last.next, event.previous = event, last
        last = event
    return head


def _lift(event):
    """Takes an operation out of the list."""
    for each in (event, event.response):
        each.previous.next = each.next
        if each.next is not None:
            each.next.previous = each.previous


def _unlift(event):
    """Puts it back; in the opposite order, so that neighbours find each other."""
    for each in (event.response, event):
        each.previous.next = each
        if each.next is not None:
            each.next.previous = each
