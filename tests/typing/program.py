"""A typed program that uses everything: never run, only checked. A type checker must find an error in each line that says so, and no other."""

from __future__ import annotations

import abc
from collections.abc import Mapping, MutableMapping, MutableSequence, MutableSet
from concurrent.futures import Executor, Future
from typing import Any, assert_type
import symplast
from symplast import Array, AtomicInt, AtomicRef, Dict, List, Set, SortedDict

class Point(symplast.Object):
    x: int
    y: float = 0.5
    tags: List[str] | None = None

class Node(symplast.Object):
    value: int
    next: Node | None = None
    def __post_init__(self) -> None: ...

class Shape(symplast.Object, abc.ABC):
    name: str
    @abc.abstractmethod
    def area(self) -> float: ...

class Square(Shape):
    side: float = 1.0
    def area(self) -> float:
        return self.side ** 2

p = Point(1, 2.0)
assert_type(p.x, int)
assert_type(p.y, float)
Point("a")  # error
Point()  # error
Point(1, zz=3)  # error
Node(1, Node(2)).next
Shape("x")  # error
assert_type(Square("a").area(), float)
match p:
    case Point(x, y):
        assert_type(x, int)
        assert_type(y, float)
p.x = "a"  # error

d = Dict({"a": 1})
assert_type(d, Dict[str, int])
assert_type(d["a"], int)
d["b"] = "x"  # error
assert_type(d.get("a"), int | None)
assert_type(d.get("a", 2), int)
assert_type(d.pop("a"), int)
assert_type(d.setdefault("a", 1), int)
for k, v in d.items():
    assert_type(k, str)
    assert_type(v, int)
m: MutableMapping[str, int] = d
mm: Mapping[str, int] = d
assert_type(d.copy(), dict[str, int])
assert_type(d | {"x": 2}, dict[str, int])
assert_type({"x": 2} | d, dict[str, int])
d.setdefault("x", "y")  # error
nested: Dict[str, List[int]] = Dict()
nested["a"] = [1, 2]
assert_type(nested["a"], List[int])
assert_type(nested.setdefault("b", [3]), List[int])
nested["a"].append(3)
d |= {"x": 3}
assert_type(Dict.fromkeys("abc", 1), Dict[str, int])
e: Dict[str, Any] = Dict(a=1, b="x")
s = SortedDict({1: "a"})
assert_type(s, SortedDict[int, str])
assert_type(SortedDict(a=1), SortedDict[str, int])
assert_type(SortedDict.fromkeys([2, 1], "x"), SortedDict[int, str])
s[1] = 2  # error
assert_type(s.peekitem(), tuple[int, str])
assert_type(list(s.irange(1, 2)), list[int])
l = List([1, 2])
assert_type(l, List[int])
assert_type(l[0], int)
assert_type(l[0:1], list[int])
ms: MutableSequence[int] = l
l.append("x")  # error
rows: List[List[int]] = List()
rows.append([1, 2])
rows.append("x")  # error
rows[0] = [3]
l.sort(key=lambda v: -v)
st = Set({1, 2})
mst: MutableSet[int] = st
assert_type(st | {3}, set[int])
a = Array("d", [1.0])
assert_type(a, Array[float])
assert_type(a[0], float)
memoryview(a)
i = AtomicInt(3)
assert_type(i.add(1), int)
r = AtomicRef([1])
assert_type(r.value, list[int])

def work(x: int, y: str) -> float:
    return x + len(y)

with symplast.InterpreterPoolExecutor(2) as ex:
    ex2: Executor = ex
    f = ex.submit(work, 1, "a")
    assert_type(f, Future[float])
    ex.submit(work, 1)  # error
    for v in ex.map(work, [1], ["a"]):
        assert_type(v, float)

with symplast.Pool("p", max_bytes=1 << 20) as pool:
    with pool.allocating():
        x = symplast.freeze({"a": [1]})
    pool.stats().objects
symplast.add(p, "x", 1)
symplast.compare_exchange(p, "x", 1, 2)
symplast.delete(p)
assert_type(symplast.pool_of(p), symplast.Pool | None)
