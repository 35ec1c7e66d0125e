"""
What each type of live objects promises, when one operation comes after the other: plain Python, the sequential specification.
"""

import queue

import symplast


class Plain:
    """A model: state is hashable, and makes the model again."""

    deleted = False

    @classmethod
    def of(cls, state):
        model = cls()
        if state == "deleted":
            model.deleted = True
        else:
            model.fill(state)
        return model

    @property
    def state(self):
        return "deleted" if self.deleted else self.content()

    def delete(self):
        self.deleted = True


def _sum(before, n):
    if not isinstance(before, int):
        raise TypeError
    return before + n


class Dict(Plain, dict):
    """symplast.Dict: a dict, with operations that do more at once."""

    def fill(self, state):
        self.update(state)

    def content(self):
        return tuple(self.items())

    def popitem(self, last=True):
        if not self:
            raise KeyError
        key = next(reversed(self) if last else iter(self))
        return key, self.pop(key)

    def add(self, key, n):
        self[key] = _sum(self.get(key, 0), n)
        return self[key]

    def compare_exchange(self, key, expected, new):
        if key not in self or self[key] != expected:
            return False
        self[key] = new
        return True


class SortedDict(Dict):
    """symplast.SortedDict."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self._sort()

    def setdefault(self, key, default=None):
        value = super().setdefault(key, default)
        self._sort()
        return value

    def _sort(self):
        if len(self) > 1:
            items = sorted(self.items())
            super().clear()
            self.update(items)

    def popitem(self, index=-1):
        if not self:
            raise KeyError
        key, _ = self.peekitem(index)
        return key, self.pop(key)

    def peekitem(self, index=-1):
        return list(self.items())[index]

    def first(self):
        return self.peekitem(0) if self else None

    def last(self):
        return self.peekitem(-1) if self else None

    def pop_first(self):
        return self.popitem(0)

    def pop_last(self):
        return self.popitem(-1)

    def floor(self, key):
        return max((item for item in self.items() if item[0] <= key), default=None)

    def lower(self, key):
        return max((item for item in self.items() if item[0] < key), default=None)

    def ceiling(self, key):
        return min((item for item in self.items() if item[0] >= key), default=None)

    def higher(self, key):
        return min((item for item in self.items() if item[0] > key), default=None)

    def irange(self, minimum, maximum):
        return [key for key in self if minimum <= key <= maximum]


class List(Plain, list):
    """symplast.List."""

    def fill(self, state):
        self[:] = state

    def content(self):
        return tuple(self)

    def add(self, index, n):
        self[index] = _sum(self[index], n)
        return self[index]

    def compare_exchange(self, index, expected, new):
        if self[index] != expected:
            return False
        self[index] = new
        return True


class Set(Plain):
    """symplast.Set: in the order of insertion, and pop() takes the first."""

    def __init__(self):
        self._members = {}

    def fill(self, state):
        self._members = dict.fromkeys(state)

    def content(self):
        return tuple(self._members)

    def add(self, member):
        self._members.setdefault(member)

    def discard(self, member):
        self._members.pop(member, None)

    def remove(self, member):
        del self._members[member]

    def pop(self):
        if not self._members:
            raise KeyError
        member = next(iter(self._members))
        del self._members[member]
        return member

    def clear(self):
        self._members.clear()

    def copy(self):
        return set(self._members)

    def issuperset(self, other):
        return self.copy().issuperset(other)

    def __contains__(self, member):
        return member in self._members

    def __iter__(self):
        return iter(self._members)

    def __len__(self):
        return len(self._members)

    def __and__(self, other):
        return self.copy() & other

    def __or__(self, other):
        return self.copy() | other

    def __repr__(self):
        return f"{{{', '.join(map(repr, self))}}}" if self else ""

    def __eq__(self, other):
        return self.copy() == other

    __hash__ = None


class Object(Plain):
    """symplast.Object without declared fields."""

    def fill(self, state):
        vars(self).update(state)

    def content(self):
        return tuple((name, value) for name, value in vars(self).items() if name != "deleted")

    def add(self, name, n):
        value = _sum(getattr(self, name), n)
        setattr(self, name, value)
        return value

    def compare_exchange(self, name, expected, new):
        if getattr(self, name, self) != expected:
            return False
        setattr(self, name, new)
        return True


class Cell(Plain):
    """symplast.AtomicInt and symplast.AtomicRef."""

    value = None

    def fill(self, state):
        (self.value,) = state

    def content(self):
        return (self.value,)

    def add(self, n):
        self.value += n
        return self.value

    def exchange(self, value):
        before, self.value = self.value, value
        return before

    def compare_exchange(self, expected, new):
        if self.value != expected:
            return False
        self.value = new
        return True


class Queue(Plain):
    """symplast.Queue, at which nobody waits long enough for another operation."""

    maxsize, is_shutdown, unfinished_tasks, _elements = 0, False, 0, ()

    def fill(self, state):
        if state:
            self.maxsize, self.is_shutdown, self.unfinished_tasks, self._elements = state

    def content(self):
        return self.maxsize, self.is_shutdown, self.unfinished_tasks, self._elements

    def put(self, element, timeout=None):
        if self.is_shutdown:
            raise symplast.ShutDown
        if self.full():
            raise queue.Full
        self._elements += (element,)
        self.unfinished_tasks += 1

    put_nowait = put

    def get(self, timeout=None):
        if not self._elements:
            raise symplast.ShutDown if self.is_shutdown else queue.Empty
        element, *rest = self._elements
        self._elements = tuple(rest)
        return element

    get_nowait = get

    def qsize(self):
        return len(self._elements)

    def empty(self):
        return not self._elements

    def full(self):
        return 0 < self.maxsize <= len(self._elements)

    def task_done(self):
        if not self.unfinished_tasks:
            raise ValueError
        self.unfinished_tasks -= 1

    def shutdown(self, immediate=False):
        self.is_shutdown = True
        if immediate:
            self.unfinished_tasks = max(0, self.unfinished_tasks - len(self._elements))
            self._elements = ()


MODELS = {"Dict": Dict, "SortedDict": SortedDict, "List": List, "Set": Set, "Object": Object, "AtomicInt": Cell,
          "AtomicRef": Cell, "Queue": Queue}


def state_of(kind, o):
    """The state in which a live object is, to compare with that of its model; nobody else changes it."""
    try:
        if kind in ("Dict", "SortedDict"):
            return tuple(o.items())
        if kind in ("List", "Set"):
            return tuple(o)
        if kind == "Object":
            return tuple(symplast.thaw(o).items())
        if kind == "Queue":
            return _state_of_queue(o)
        return (o.value,)
    except symplast.DeletedError:
        return "deleted"


def _state_of_queue(q):
    state = q.maxsize, q.is_shutdown, q.unfinished_tasks
    elements = tuple(q.get_nowait() for _ in range(q.qsize()))
    # Everything goes back, unless this is the state at last.
    if not q.is_shutdown and q.unfinished_tasks >= len(elements):
        for element in elements:
            q.task_done()
            q.put_nowait(element)
    return *state, elements
