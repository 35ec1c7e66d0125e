"""Classes of live objects that tests share with workers, which import this module."""

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
