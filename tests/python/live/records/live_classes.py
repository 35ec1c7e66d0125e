"""Classes of live objects that tests share with workers, which import this module."""

import pickle
import sys
import types

import symplast


class Point(symplast.Object):
    """Fields with defaults."""

    x: int = 0
    y: float = 0.0

    def norm(self):
        return (self.x**2 + self.y**2) ** 0.5

    @property
    def double(self):
        return self.x * 2

    @double.setter
    def double(self, value):
        self.x = value // 2

    @classmethod
    def origin(cls):
        return cls(0, 0)


class Point3(Point):
    """Inherited fields, and one more."""

    z: int = 7

    def norm(self):
        return super().norm() + abs(self.z)


class Node(symplast.Object):
    """A required field, and one for another object of the class."""

    name: str
    children: dict
    parent: "Node | None" = None


class Open(symplast.Object):
    """No fields: any attribute."""

    kind = "open"

    def __init__(self, **attributes):
        for name, value in attributes.items():
            setattr(self, name, value)


class Computed(Open):
    """Attributes that are not there."""

    def __getattr__(self, name):
        if name.startswith("no_"):
            raise AttributeError(name)
        return f"computed {name}"

    def __eq__(self, other):
        return isinstance(other, Computed) and self.kind == other.kind

    __hash__ = symplast.Object.__hash__


class Watched(Point):
    """Sees what is set."""

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if name == "x" and value < 0:
            raise ValueError("negative")


class Outer:
    """A namespace."""

    class Inner(symplast.Object):
        """Found by its qualified name."""

        value: int = 1


def move(point, n):
    """For workers."""
    for _ in range(n):
        symplast.add(point, "x", 1)
    return point


def push(head, value, n):
    """Puts n nodes on a stack that others put theirs on too."""
    for i in range(n):
        node = Open(value=(value, i))
        while True:
            first = head.value
            node.next = first
            if head.compare_exchange(first, node):
                break


def describe(o):
    """What a worker sees of an object."""
    return type(o).__qualname__, type(o).__module__, repr(o)


def attribute(o, name):
    """What a worker reads."""
    return getattr(o, name)


def grow(o, names):
    """Gives an object attributes."""
    for name in names:
        setattr(o, name, name)


def hold(o, seconds=0):
    """Keeps nothing."""
    return None


def handles_of(live):
    """By interpreter the handles into the pool of the first of some objects, which this interpreter has now."""
    return symplast.pool_of(live[0]).stats().handles


def churn(board, go, number):
    """Makes, changes and drops objects on a board until go is negative."""
    go.add(1)
    i = 0
    with symplast.pool_of(board).allocating():
        while go.value >= 0:
            i += 1
            board[number, i % 50] = [Point(i), {"k": Open(i=i), (i,): {i}}, symplast.AtomicRef(board)]
            board.pop((number, (i * 7) % 50), None)
            circle = Open(l=symplast.SortedDict({i: board}))
            circle.l[0] = circle
            del circle.l
    return True


def fill_and_delete_a_pool(number):
    """Makes a pool with objects, some of which refer to one another in circles, and deletes it."""
    with symplast.Pool(f"short-{number}") as pool, pool.allocating():
        circle = Open(all=[Point(i) for i in range(200)])
        circle.me = circle
        kept = [symplast.Dict(c=circle) for _ in range(50)]
    return len(kept)


class ByValue(Point):
    """Pickled as plain numbers, because it says so."""

    def __reduce__(self):
        return ByValue, (self.x, self.y)


def pickle_and_drop(o):
    """Pickles objects that live for a moment, and one that others pickle too."""
    data = pickle.dumps(o)
    for i in range(300):
        mine = symplast.List([i])
        if pickle.loads(pickle.dumps(mine)) is not mine:
            return False
        if pickle.loads(data) is not o or pickle.dumps(o) != data:
            return False
    return True


def lost_object(name="Lost"):
    """One of a class that only this interpreter finds, under its name, in a module that no other can import."""
    module = sys.modules.setdefault("no_such_module", types.ModuleType("no_such_module"))
    if not hasattr(module, name):
        setattr(module, name, type(symplast.Object)(name, (symplast.Object,), {"__module__": "no_such_module"}))
    return getattr(module, name)()


def with_a_lost_object(source="List([o])"):
    """A live object that holds one, o."""
    return eval(source, {**vars(symplast), "o": lost_object()})


def offer_a_lost_object(holder, times, ended):
    """
    Again and again puts one in the place of what another interpreter takes out at the same time, which that cannot take; nobody
    else does, so it must be there after. Returns how often it was put there, and how often it was gone.
    """
    o = lost_object()
    offered = gone = 0
    try:
        for _ in range(times):
            if isinstance(holder, symplast.Set):
                holder.add(1), holder.add(o), holder.discard(1)
                is_there = o in holder
                holder.discard(o)
            elif isinstance(holder, symplast.AtomicRef):
                holder.value = 1
                is_there = holder.exchange(1) is o if holder.compare_exchange(1, o) else None
            elif isinstance(holder, symplast.List):
                holder.append(1)
                try:
                    is_there = holder.pop(0) is o if holder.compare_exchange(0, 1, o) else None
                except IndexError:
                    is_there = None
            else:
                holder["k"] = 1
                is_there = holder.pop("k", None) is o if holder.compare_exchange("k", 1, o) else None
            offered += is_there is not None
            gone += is_there is False
    finally:
        ended.value = 1
    return offered, gone


def holds_a_lost_object(holder):
    """Whether it still does, in the interpreter that made it."""
    return "Lost" in repr(holder)
