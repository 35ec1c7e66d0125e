"""A typed program that uses everything: never run, only checked.

A type checker must find an error in each line that says so, and no other.
"""

from __future__ import annotations

import abc
import copy
import json
from collections import Counter, OrderedDict
from collections.abc import Mapping, MutableMapping, MutableSequence, MutableSet
from concurrent.futures import Executor, Future
from typing import Any, Generic, TypeVar, assert_type
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
    assert_type(f, symplast.InterpreterFuture[float])
    f2: Future[float] = f
    f.interrupt()
    assert_type(ex.with_options(timeout=1.5).submit(work, 1, "a"), symplast.InterpreterFuture[float])
    assert_type(list(ex.imap_unordered(len, ["a"], chunksize=2)), list[int])
    assert_type(list(ex.starmap(len, [("a",)])), list[int])
    assert_type(ex.stats().busy_seconds, dict[str, float])
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

# What is made of what.
assert_type(Dict([(1, "a")]), Dict[int, str])
assert_type(Dict([("b", 2)], a=1), Dict[str, int])
assert_type(Dict({"b": 2}, a=1), Dict[str, int])
assert_type(Dict(Dict(a=1)), Dict[str, int])
assert_type(Dict(SortedDict(a=1)), Dict[str, int])
assert_type(Dict(OrderedDict({"a": 1})), Dict[str, int])
assert_type(Dict(Counter(["abc"])), Dict[str, int])
assert_type(Dict(zip("ab", [1, 2])), Dict[str, int])
assert_type(Dict((k, len(k)) for k in "ab"), Dict[str, int])
assert_type(SortedDict([(1, "a")]), SortedDict[int, str])
assert_type(List("ab"), List[str])
assert_type(Set("ab"), Set[str])
assert_type(AtomicRef(1), AtomicRef[int])
wider: Dict[str, int | None] = Dict({"a": 1})
floats: Dict[str, float] = Dict([("a", 1)])
numbers: Dict[int, str] = Dict()
wrong: Dict[int, str] = Dict(a=1)  # error
Dict([1])  # error
reference: AtomicRef[int | None] = AtomicRef(None)
reference.value = 3
reference.value = "a"  # error

# As plain ones: in functions of the language and its library.
assert_type(sorted(SortedDict({1: 2})), list[int])
assert_type(sorted(Dict({1: 2})), list[int])
assert_type(sorted(Set([1])), list[int])
assert_type(sorted(List([1])), list[int])
assert_type(sorted(a), list[float])
assert_type(max(SortedDict({1: 2})), int)
assert_type(min(SortedDict({1: 2}).values()), int)
assert_type(list(reversed(SortedDict({1: 2}))), list[int])
assert_type(list(d.items()), list[tuple[str, int]])
assert_type(dict(d), dict[str, int])
assert_type(dict(s), dict[int, str])
assert_type({**d}, dict[str, int])
assert_type([*l], list[int])
assert_type(d | SortedDict(b=2), dict[str, int])
assert_type(copy.copy(s), SortedDict[int, str])
assert_type(copy.deepcopy(d), Dict[str, int])
assert_type(copy.copy(l), List[int])
assert_type(copy.copy(a), Array[float])
assert_type(l + [2], list[int])
assert_type(st.union([2], ["a"]), set[int | str])
assert_type(s.first(), tuple[int, str] | None)
assert_type(s.floor(3), tuple[int, str] | None)
assert_type(SortedDict({1: 2}).add(1, 2), int)
assert_type(range(10)[i], int)
s.update([(3, "c")])
s |= {2: "b"}
l[0:1] = [4, 5]
l += [2]
st |= {2}
json.dumps(symplast.thaw(d))

T = TypeVar("T")

class Box(symplast.Object, Generic[T]):
    item: T

class Person(symplast.Object):
    name: str
    age: int = 0
    friends: List[Person] = List()
    @property
    def upper(self) -> str:
        return self.name.upper()
    @classmethod
    def make(cls) -> Person:
        return cls("x")

assert_type(Box(3).item, int)
ann = Person("Ann")
ann.friends.append(Person.make())
ann.friends.append("Bob")  # error
assert_type(ann.friends[0].upper, str)
assert_type(copy.copy(ann), Person)
assert_type({ann: 1}, dict[Person, int])
ann < ann  # error
people: Dict[str, Person] = Dict(ann=ann)
people["bob"] = Person("Bob")
assert_type(people["bob"].age, int)

with symplast.Pool("q") as pool, pool.allocating() as same:
    assert_type(same, symplast.Pool)
    assert_type(pool.stats().live, dict[str, int])
    assert_type(pool.stats().max_bytes, int | None)
for leak in symplast.leaks():
    assert_type(leak.pool, symplast.Pool)
    assert_type(leak.created, str | None)
try:
    assert_type(symplast.pools(), list[symplast.Pool])
    assert_type(symplast.is_shared(1), bool)
except (symplast.DeletedError, symplast.NotShareableError, symplast.PoolFullError, symplast.PoolInUseError) as error:
    refused: symplast.SymplastError = error
except (symplast.RemoteError, symplast.BrokenInterpreterPool):
    assert_type(symplast.__version__, str)

interpreter = symplast.Interpreter(extensions="private")
assert_type(interpreter, symplast.interpreters.Interpreter)
assert_type(interpreter.id, int)
assert_type(interpreter.call(len, "abc"), int)
interpreter.call(len, 5)  # error
interpreter.call_in_thread(print, "abc").join()
interpreter.exec(5)  # error
interpreter.prepare_main({"a": 1}, b=2)
assert_type(symplast.interpreters.list_all(), list[symplast.Interpreter])
