"""Classes whose annotations are text. Workers import this module."""

from __future__ import annotations

import abc
import typing
import typing as t

import symplast

UserId = typing.NewType("UserId", int)


class Node(symplast.Object):
    """Refers to itself."""

    value: int
    next: Node | None = None
    previous: typing.Optional["Node"] = None
    later: Later | None = None
    user: typing.Annotated[UserId, "positive"] = 0
    total: typing.ClassVar[int] = 0
    kinds: t.ClassVar[list[Undefined]] = []  # noqa: F821
    sizes: t.ClassVar = ()


class Later(symplast.Object):
    """Was not defined when Node was."""

    node: Node


class Shape(symplast.Object, abc.ABC):
    """Has no objects of its own."""

    name: str

    @abc.abstractmethod
    def area(self) -> float:
        """Each has one."""


class Square(Shape):
    """Has."""

    side: float = 1.0

    def __post_init__(self):
        self.name = self.name.upper()

    def area(self):
        return self.side**2


def measure(shape):
    """What a worker makes of a shape."""
    return shape.area(), isinstance(shape, Shape), Square(shape.name + " two", shape.side * 2)
