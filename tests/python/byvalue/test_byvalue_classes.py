"""Classes of the program arrive by value, one class a class, and their instances come back as instances of the program's own."""

import importlib
import inspect
import pickle
import sys
import textwrap
import types
import unittest

from replicas import Worker, program


class Classes(unittest.TestCase):
    def setUp(self):
        self.worker = Worker(self)

    def main(self, source):
        return program(self, source)

    def assert_round_trip(self, main, value):
        """The value arrives as its own type and comes back equal and of the type it had."""
        back = self.worker(main.same, value)
        self.assertIs(type(back), type(value))
        self.assertEqual(back, value)
        return back

    def test_identity_across_tasks(self):
        main = self.main("""
            class Thing:
                def __init__(self, x): self.x = x
            kept = []
            def keep(thing): kept.append(thing)
            def check(thing, cls):
                return isinstance(kept[0], cls), type(thing) is cls is Thing, isinstance(thing, Thing), type(kept[0]) is Thing
            def name():
                import sys, pickle
                return sys.modules["__main__"].Thing is Thing, pickle.loads(pickle.dumps(kept[0])).x
            def give(): return Thing
        """)
        self.worker(main.keep, main.Thing(5))
        self.assertEqual(self.worker(main.check, main.Thing(2), main.Thing), (True, True, True, True))
        self.assertEqual(self.worker(main.name), (True, 5))
        self.assertIs(self.worker(main.give), main.Thing)
        self.assertIs(type(self.worker(main.Thing, 3)), main.Thing)

    def test_local_and_nested_classes(self):
        main = self.main("""
            class Outer:
                class Inner:
                    def __init__(self): self.outer = Outer
                    def hello(self): return self.outer.Inner is type(self)
            def make():
                class Local:
                    def twin(self): return Local()
                return Local
            def twin(local): return local.twin()
            def keep(x, kept=[]):
                kept.append(x)
                return kept[0] is kept[-1]
            def qualname(cls): return cls.__qualname__, cls.__module__, cls.__name__
            def born():
                class Worker:
                    def hello(self): return "from the worker"
                return Worker()
        """)
        self.assertTrue(self.worker(main.Outer.Inner.hello, main.Outer.Inner()))
        Local = main.make()
        self.assertIs(type(self.worker(main.twin, Local())), Local)
        self.assertTrue(self.worker(main.keep, Local))
        self.assertTrue(self.worker(main.keep, Local))
        self.assertFalse(self.worker(main.keep, main.make()))
        self.assertEqual(self.worker(main.qualname, Local), ("make.<locals>.Local", "__main__", "Local"))
        self.assertEqual(self.worker(main.qualname, main.Outer.Inner), ("Outer.Inner", "__main__", "Inner"))
        worker = self.worker(main.born)
        self.assertEqual(worker.hello(), "from the worker")
        self.assertEqual(self.worker(type(worker).hello, worker), "from the worker")

    def test_local_classes_of_modules(self):
        class Local:
            def __init__(self):
                self.x = max(sys.version_info[:1])

        back = self.worker(Local)
        self.assertIs(type(back), Local)
        self.assertEqual(back.x, sys.version_info[0])

    def test_inheritance_and_super(self):
        main = self.main("""
            class Base:
                names = []
                def __init__(self): self.seen = ["Base"]
                def __repr__(self): return "<" + " ".join(self.seen) + ">"
            class Left(Base):
                def __init__(self):
                    super().__init__()
                    self.seen.append("Left")
            class Right(Base):
                def __init__(self):
                    super().__init__()
                    self.seen.append(__class__.__name__)
            class Both(Left, Right, dict):
                def __getattr__(self, name):
                    try: return self[name]
                    except KeyError: raise AttributeError(name) from None
        """)
        self.assertEqual(self.worker(repr, main.Both()), "<Base Right Left>")
        self.assertEqual(self.worker(main.Both).seen, ["Base", "Right", "Left"])

    def test_properties_and_slots(self):
        main = self.main("""
            import functools
            class Point:
                __slots__ = ("x", "_y", "__weakref__")
                def __init__(self, x, y): self.x, self._y = x, y
                @property
                def y(self):
                    "The y."
                    return self._y
                @y.setter
                def y(self, value): self._y = value
                def __eq__(self, other): return (self.x, self._y) == (other.x, other._y)
                __hash__ = None
                def move(self):
                    self.y = self.y + 1
                    return self
            class Derived(Point):
                __slots__ = "z"
            class Cached:
                def __init__(self): self.n = 0
                @functools.cached_property
                def value(self):
                    self.n += 1
                    return self.n
            def slots(point):
                try: point.w = 1
                except AttributeError: return Point.y.__doc__, hasattr(point, "__dict__"), Point.__hash__
            def cached(cached): return cached.value, cached.value
            def same(x): return x
        """)
        point = main.Point(1, 2)
        moved = self.worker(main.Point.move, point)
        self.assertEqual((moved.x, moved.y), (1, 3))
        self.assertEqual(self.worker(main.slots, point), ("The y.", False, None))
        derived = main.Derived(1, 2)
        derived.z = 3
        self.assertEqual(self.assert_round_trip(main, derived).z, 3)
        self.assertEqual(self.worker(main.cached, main.Cached()), (1, 1))

    def test_dataclasses(self):
        main = self.main("""
            import dataclasses
            from dataclasses import dataclass, field
            from typing import ClassVar
            @dataclass
            class Plain:
                x: int
                items: list["Plain"] = field(default_factory=list)
                shared: ClassVar[dict] = {}
                hidden: int = field(default=3, repr=False, metadata={"unit": "m"})
            @dataclass(slots=True, frozen=True, order=True)
            class Small:
                x: int
                y: str = "y"
                def bigger(self): return dataclasses.replace(self, x=self.x + 1)
            @dataclass(kw_only=True)
            class Derived(Plain):
                z: float = 1.5
                def __post_init__(self): self.ready = True
            def look(p):
                p = Plain(p.x + 1, [p])
                return p, repr(p), [f.name for f in dataclasses.fields(p)], dataclasses.asdict(p), dataclasses.fields(Plain)[
                    2].metadata["unit"]
            def annotated(): return {name: type(value).__name__ for name, value in Plain.__annotations__.items()}
            def same(x): return x
            def frozen(p):
                try: p.x = 1
                except dataclasses.FrozenInstanceError as error: return "frozen"
            def resolve():
                import typing
                return typing.get_type_hints(Plain)["items"] == list[Plain]
        """)
        p, text, names, values, unit = self.worker(main.look, main.Plain(1))
        self.assertEqual(p, main.Plain(2, [main.Plain(1)]))
        self.assertEqual(text, repr(p))
        self.assertEqual((names, unit), (["x", "items", "hidden"], "m"))
        self.assertEqual(values["items"], [{"x": 1, "items": [], "hidden": 3}])
        self.assertEqual(self.worker(main.annotated)["x"], "type")
        self.assertTrue(self.worker(main.resolve))
        self.assertEqual(self.worker(main.Small.bigger, main.Small(1)), main.Small(2))
        self.assertEqual(self.worker(main.frozen, main.Small(1)), "frozen")
        self.assertEqual(self.worker(sorted, [main.Small(2), main.Small(1)]), [main.Small(1), main.Small(2)])
        self.assertTrue(self.assert_round_trip(main, main.Derived(x=1)).ready)
        self.assertEqual(self.worker(hash, main.Small(1)), hash(main.Small(1)))

    def test_enums(self):
        main = self.main("""
            import enum, operator
            from functools import partial
            class Color(enum.Enum):
                RED = 1
                CRIMSON = 1
                GREEN = enum.auto()
                @property
                def pretty(self): return self.name.lower()
                @classmethod
                def _missing_(cls, value): return cls.RED
            class Number(enum.IntEnum):
                ONE = 1
                TWO = 2
            class Text(enum.StrEnum):
                A = enum.auto()
                B = "bee"
            class Access(enum.Flag, boundary=enum.KEEP):
                R = 4
                W = 2
                X = 1
                RW = R | W
            class Mask(enum.IntFlag):
                A = 1
                B = 2
            class Planet(enum.Enum):
                MERCURY = (3.303e+23, 2.4397e6)
                EARTH = (5.976e+24, 6.37814e6)
                def __init__(self, mass, radius):
                    self.mass = mass
                    self.radius = radius
                @property
                def gravity(self): return 6.67300E-11 * self.mass / (self.radius * self.radius)
            class Coordinate(bytes, enum.Enum):
                def __new__(cls, value, label):
                    obj = bytes.__new__(cls, [value])
                    obj._value_ = value
                    obj.label = label
                    return obj
                PX = (0, "P.X")
                PY = (1, "P.Y")
            class Operation(enum.Enum):
                ADD = enum.member(operator.add)
                DOUBLE = partial(lambda x: x * 2)
                def __call__(self, *args): return self.value(*args)
            class Empty(enum.Enum):
                def hello(self): return self.name + "!"
            class Full(Empty):
                ME = 1
            def look(*members):
                for member in members:
                    cls = type(member)
                    if not (cls(member.value) is member and cls[member.name] is member
                            and getattr(cls, member.name) is member): return member
                    if cls is not globals()[cls.__name__] or member not in list(cls) and len(cls) != len(list(cls)): return cls
            def double(x): return Operation.DOUBLE(x)
            def names(cls): return [m.name for m in cls], list(cls.__members__)
            def same(x): return x
            def color(c): return c is Color.RED, c.pretty, Color(99) is Color.RED, Color.CRIMSON is Color.RED, {c: 1}[Color.RED]
            def access(a): return a | Access.X, Access.R in a, a is Access.RW, ~a, Access(7), Access(12)
            def masks(): return Mask.A | Mask.B, Mask(3), Mask.A + 1, repr(Mask(3)), Mask(3) is (Mask.A | Mask.B)
            def coordinate(): return Coordinate.PX.label, bytes(Coordinate.PY), Coordinate(1).label
            def text(): return f"{Text.A} {Text.B}", Text("bee") is Text.B, "a" == Text.A, Number.TWO + 1, repr(Number.ONE)
        """)
        members = [main.Color.RED, main.Number.TWO, main.Text.A, main.Access.RW, main.Mask.A, main.Planet.EARTH,
                   main.Coordinate.PY, main.Full.ME]
        for member in members:
            with self.subTest(member):
                self.assertIsNone(self.worker(main.look, member))
                self.assertIs(self.worker(main.same, member), member)
                self.assertEqual(self.worker(main.names, type(member)), main.names(type(member)))
        self.assertEqual(self.worker(main.color, main.Color.RED), (True, "red", True, True, 1))
        self.assertEqual(self.worker(main.access, main.Access.RW), main.access(main.Access.RW))
        self.assertEqual(self.worker(main.masks), main.masks())
        self.assertEqual(self.worker(main.coordinate), main.coordinate())
        self.assertEqual(self.worker(main.text), main.text())
        self.assertEqual(self.worker(main.Planet.gravity.fget, main.Planet.EARTH), main.Planet.EARTH.gravity)
        self.assertEqual(self.worker(main.Operation.ADD, 1, 2), 3)
        self.assertEqual(self.worker(main.double, 4), 8)
        self.assertEqual(self.worker(main.Full.hello, main.Full.ME), "ME!")

    def test_named_tuples(self):
        main = self.main("""
            import collections, typing
            Point = collections.namedtuple("Point", "x y", defaults=[0])
            class Typed(typing.NamedTuple):
                x: int
                y: "str" = "y"
                def both(self): return self._replace(x=self.x + 1)
            def look(p): return Point(1)._replace(y=p.x)._asdict(), Point._fields, repr(p), p
            def same(x): return x
        """)
        self.assertEqual(self.worker(main.look, main.Point(5)), ({"x": 1, "y": 5}, ("x", "y"), "Point(x=5, y=0)", main.Point(5)))
        self.assertEqual(self.worker(main.Typed.both, main.Typed(1)), main.Typed(2))
        self.assert_round_trip(main, main.Typed(3))
        self.assert_round_trip(main, main.Point(3, 4))

    def test_abstract_classes(self):
        main = self.main("""
            import abc, collections.abc
            class Shape(abc.ABC):
                @property
                @abc.abstractmethod
                def area(self): ...
                @abc.abstractmethod
                def name(self): ...
            class Square(Shape):
                def __init__(self, a): self.a = a
                @property
                def area(self): return self.a ** 2
                def name(self): return "square"
            class Foreign: pass
            Shape.register(Foreign)
            class Items(collections.abc.Sequence):
                def __init__(self, n): self.n = n
                def __len__(self): return self.n
                def __getitem__(self, i):
                    if i >= self.n: raise IndexError
                    return i
            def look(shape):
                try: Shape()
                except TypeError: abstract = True
                else: abstract = False
                return abstract, isinstance(shape, Shape), isinstance(Foreign(), Shape), isinstance(
                    3, Shape), shape.area, Shape.__abstractmethods__
            def items(items): return list(items), items.index(2), isinstance(items, collections.abc.Sequence), list(
                    reversed(items))
        """)
        self.assertEqual(self.worker(main.look, main.Square(3)), (True, True, True, False, 9, frozenset({"area", "name"})))
        self.assertEqual(self.worker(main.items, main.Items(3)), ([0, 1, 2], 2, True, [2, 1, 0]))

    def test_generic_classes_and_protocols(self):
        main = self.main("""
            import typing
            from typing import Generic, Protocol, TypeVar, TypedDict, NewType, runtime_checkable
            T = TypeVar("T", bound="Base")
            class Base: pass
            class Stack(Generic[T]):
                def __init__(self): self.items = []
                def push(self, item: T) -> None: self.items.append(item)
            class IntStack(Stack[int]): pass
            class New[K, V: int]:
                def __init__(self, k: K): self.k = k
                def get(self) -> K: return self.k
                def generic[X](self, x: X) -> X: return x
            class Child[Q](New[Q, int]): pass
            @runtime_checkable
            class Closes(Protocol):
                def close(self): ...
            class Named(Protocol[T]):
                name: str
            class Door:
                def close(self): return "closed"
            class Movie(TypedDict, total=False):
                title: str
            class Movies(Movie):
                more: typing.Required[int]
            UserId = NewType("UserId", int)
            type Pair = tuple[Base, Base]
            def stack():
                stack = IntStack()
                stack.push(1)
                return stack.items, IntStack.__orig_bases__ == (Stack[int],), Stack.__parameters__ == (T,), typing.get_args(
                    Stack[int])
            def new(n): return n.get(), n.generic(2), New[int, int](3).k, len(New.__type_params__), Child(
                    "q").get(), Child.__parameters__ == Child.__type_params__
            def protocol(x): return isinstance(x, Closes), isinstance(3, Closes), x.close(), Named.__parameters__ == (T,)
            def typed(): return Movie(title="x"), Movies(more=1), Movies.__required_keys__, Movie.__optional_keys__
            def user(): return UserId(5), UserId.__name__, UserId.__supertype__, UserId.__module__
            def alias(): return typing.get_args(Pair.__value__) == (Base, Base)
        """)
        self.assertEqual(self.worker(main.stack), ([1], True, True, (int,)))
        self.assertEqual(self.worker(main.new, main.New("k")), ("k", 2, 3, 2, "q", True))
        self.assertEqual(self.worker(main.protocol, main.Door()), (True, False, "closed", True))
        self.assertEqual(self.worker(main.typed), ({"title": "x"}, {"more": 1}, frozenset({"more"}), frozenset({"title"})))
        self.assertEqual(self.worker(main.user), (5, "UserId", int, "__main__"))
        self.assertTrue(self.worker(main.alias))
        self.assertEqual(self.worker(main.New.get, main.New(1)), 1)

    def test_hooks_of_class_creation_do_not_run_again(self):
        main = self.main("""
            log = []
            class Meta(type):
                def __new__(meta, name, bases, ns, **kw):
                    log.append(("new", name))
                    return super().__new__(meta, name, bases, ns, tag=kw.pop("tag")) if bases else super().__new__(
                        meta, name, bases, ns)
                def __init__(cls, name, bases, ns, *, key, **kw):
                    cls.key = key
                    super().__init__(name, bases, ns)
                def __len__(cls): return 7
            class Field:
                def __set_name__(self, owner, name):
                    log.append(("set", name))
                    self.name, self.owner = name, owner
                def __get__(self, obj, cls): return self if obj is None else self.name + cls.__name__
            class Plugin(metaclass=Meta, key="plugin"):
                plugins = {}
                field = Field()
                def __init_subclass__(cls, /, *, tag, **kw):
                    Plugin.plugins[tag] = cls
                    log.append(("sub", tag))
            class One(Plugin, key="one", tag="1"): pass
            class Two(Plugin, key="two", tag="2"): pass
            def look(): return One.key, Plugin.key, sorted(Plugin.plugins), Plugin.plugins[
                    "1"] is One, One().field, Plugin.field.owner is Plugin, len(One)
            def logged(): return log
            def later():
                class Three(Plugin, key="three", tag="3"): pass
                return sorted(Plugin.plugins), Plugin.plugins["3"] is Three
        """)
        expected = "one", "plugin", ["1", "2"], True, "fieldOne", True, 7
        self.assertEqual(self.worker(main.look), expected)
        self.assertEqual(self.worker(main.logged), main.log)
        self.assertIs(type(self.worker(main.Two)), main.Two)
        self.assertEqual(self.worker(main.later), (["1", "2", "3"], True))

    def test_properties_named_like_attributes_of_classes(self):
        main = self.main("""
            class Proxy:
                def __init__(self, obj): object.__setattr__(self, "obj", obj)
                __class__ = property(lambda self: type(self.obj))
                __dict__ = property(lambda self: {"proxied": self.obj})
                __doc__ = property(lambda self: "Doc of " + str(self.obj))
                __name__ = property(lambda self: "name")
            def look(): return isinstance(Proxy(5), int), vars(Proxy(5)), Proxy(5).__doc__, Proxy(5).__name__, type(
                    Proxy(5)).__name__
        """)
        self.assertEqual(self.worker(main.look), (True, {"proxied": 5}, "Doc of 5", "name", "Proxy"))

    def test_constants_that_are_made_of_each_other(self):
        main = self.main("""
            class Network:
                cache = {}
                limits = [0, 10]
                def __init__(self, n):
                    self.cache[n] = n
                    if not self.limits[0] <= n <= self.limits[1] and Network.inner: raise ValueError
                    self.n = n
                def __reduce__(self): return Network, (self.n,)
            Network.inner = [Network(1), Network(2)]
            Network.alias = Network.inner
            start = (Network(3), Network.limits)
            def look(): return [each.n for each in Network.inner], Network.alias is Network.inner, start[0].n, start[
                    1] is Network.limits
        """)
        self.assertEqual(self.worker(main.look), ([1, 2], True, 3, True))

    def test_modules_of_the_standard_library_as_the_program(self):
        look = """
            def _look(obj):
                lazy = {"__annotations_cache__", "__slotnames__", "__dict__", "__weakref__"}
                names = {name: type(value).__name__ for name, value in vars(obj).items() if name not in lazy}
                return obj.__qualname__, type(obj).__name__, names, [base.__name__ for base in getattr(obj, "__mro__", ())]
        """
        for name in ("argparse", "fractions", "configparser", "ipaddress", "selectors", "string", "xml.dom.minidom"):
            source = inspect.getsource(importlib.import_module(name)) + textwrap.dedent(look)
            main = self.main(source.replace("__name__ == '__main__'", "False"))
            for obj in list(vars(main).values()):
                if isinstance(obj, (type, types.FunctionType)) and obj.__module__ == "__main__":
                    with self.subTest(module=name, obj=obj):
                        self.assertEqual(self.worker(main._look, obj), main._look(obj))

    def test_exceptions(self):
        main = self.main("""
            class Failure(Exception):
                def __init__(self, code, detail=None):
                    super().__init__(code)
                    self.detail = detail
            class Special(Failure): pass
            def fail(code): raise Special(code, detail="it")
            def catch(error):
                try: raise error
                except Failure as caught: return caught is error
        """)
        with self.assertRaises(main.Special) as caught:
            self.worker(main.fail, 5)
        self.assertEqual((caught.exception.args, caught.exception.detail), ((5,), "it"))
        self.assertTrue(self.worker(main.catch, main.Failure(1)))

    def test_class_attributes_that_change(self):
        main = self.main("""
            class Config:
                level = 1
                items = []
                owner = None
            Config.owner = Config
            def look(): return Config.level, list(Config.items), Config.owner is Config, getattr(Config, "more", None)
            def set(): Config.level = "set by a task"
        """)
        self.assertEqual(self.worker(main.look), (1, [], True, None))
        self.worker(main.set)
        self.assertEqual(self.worker(main.look), ("set by a task", [], True, None))
        main.Config.items.append(5)
        self.assertEqual(self.worker(main.look), ("set by a task", [5], True, None))
        main.Config.level = 2
        main.Config.more = "more"
        self.assertEqual(self.worker(main.look), (2, [5], True, "more"))
        main.Config.look = lambda self: self.level
        self.assertEqual(self.worker(main.Config.look, main.Config()), 2)

    def test_a_class_that_is_defined_anew(self):
        main = self.main("class Thing: version = 1\ndef make(): return Thing()")
        old = main.Thing
        self.assertIs(type(self.worker(main.make)), old)
        exec("class Thing: version = 2", vars(main))
        self.assertIs(type(self.worker(main.make)), main.Thing)
        self.assertIs(type(self.worker(old)), old)

    def test_instances_with_ways_of_their_own_to_pickle(self):
        main = self.main("""
            import copyreg
            class State:
                def __init__(self, x): self.x = x
                def __getstate__(self): return {"y": self.x}
                def __setstate__(self, state): self.x = helper(state["y"])
            def helper(y): return y + 1
            class Reduces:
                def __init__(self, x): self.x = x
                def __reduce__(self): return rebuild, (self.x,)
            def rebuild(x): return Reduces(x + 10)
            class Key:
                def __init__(self, x): self.x = x
                def __hash__(self): return hash((helper(self.x)))
                def __eq__(self, other): return self.x == other.x
            state, reduces, keys = State(1), Reduces(1), {Key(1): "one"}
            def look(): return state.x, reduces.x, keys[Key(1)]
            def same(x): return x.x
        """)
        self.assertEqual(self.worker(main.look), (2, 11, "one"))
        self.assertEqual(self.worker(main.same, main.state), 2)
        self.assertEqual(self.worker(main.same, main.reduces), 11)

    @unittest.skipIf(sys.version_info < (3, 13), "ctypes does not load in the workers of 3.12")
    def test_structures_of_ctypes(self):
        main = self.main("""
            import ctypes
            class Header(ctypes.Structure):
                _fields_ = [("size", ctypes.c_uint32), ("kind", ctypes.c_uint8)]
                def total(self): return self.size + self.kind
            class File(ctypes.Structure):
                _fields_ = [("header", Header), ("rest", ctypes.c_uint8 * 4)]
            def look():
                file = File(Header(5, 6))
                return file.header.total(), ctypes.sizeof(File)
        """)
        self.assertEqual(self.worker(main.look), (11, 12))

    def test_what_a_class_cannot_take_along_fails_where_it_is_used(self):
        main = self.main("""
            import threading
            class Guarded:
                lock = threading.Lock()
                x = 1
                def safe(self): return self.x
                def locked(self):
                    with self.lock: return self.x
        """)
        self.assertEqual(self.worker(main.Guarded.safe, main.Guarded()), 1)
        with self.assertRaisesRegex(pickle.PicklingError,
                                    "attribute 'lock' of class 'Guarded' could not be sent: cannot pickle '_thread.lock'"):
            self.worker(main.Guarded.locked, main.Guarded())

    def test_types_that_pickle_does_not_know_by_name(self):
        main = self.main("""
            from types import FunctionType, GeneratorType, MappingProxyType, NoneType, ModuleType
            constants = MappingProxyType({"a": 1})
            def look(): return isinstance(look, FunctionType), GeneratorType.__name__, constants["a"], NoneType is type(
                    None), ModuleType.__name__
        """)
        self.assertEqual(self.worker(main.look), (True, "generator", 1, True, "module"))
