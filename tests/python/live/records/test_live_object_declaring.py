"""
Classes of live objects as programs declare them: annotations of every kind, abstract bases, mixins, what tools ask of a class.
"""

import abc
import collections.abc
import copy
import dataclasses
import functools
import inspect
import sys
import typing
import unittest

import child
import live_annotated
import symplast
from live_annotated import Later, Node, Shape, Square

_T = typing.TypeVar("_T")


class Annotations(unittest.TestCase):
    def refused(self, cls, name, *values, **others):
        for value in values:
            with self.subTest(cls=cls.__name__, value=value), self.assertRaisesRegex(
                    TypeError, f"^{name} must be .*, not {type(value).__name__}$"):
                cls(**others, **{name: value})

    def test_that_are_text_are_checked(self):
        self.refused(Node, "value", "1", None, 1.5)
        self.refused(Node, "next", 1, Later(Node(1)), value=1)
        self.refused(Node, "previous", 1, "x", value=1)
        self.refused(Node, "user", "x", 1.5, value=1)
        node = Node(1, next=Node(2), user=3)
        node.next.previous = node
        self.assertIs(node.next.previous, node)
        with self.assertRaisesRegex(TypeError, "^previous must be Node or None, not list$"):
            node.previous = []
        self.assertEqual((Node.total, node.total, Node.sizes), (0, 0, ()))
        self.assertEqual(Node.__match_args__, ("value", "next", "previous", "later", "user"))

    def test_that_name_what_comes_later_take_anything(self):
        node = Node(1)
        node.later = Later(node)
        node.later = "x"
        self.assertEqual(node.later, "x")

    def test_that_are_written_as_text_are_checked(self):
        class Written(symplast.Object):
            a: "int | None" = None
            b: typing.Optional["Written"] = None
            c: "list[Written]" = []
            d: "no such thing" = 1
            e: "symplast.Dict" = None
            f: int = None
            g: "None" = None
            h: " int" = 0
            i: "typing.Any" = None

        self.refused(Written, "g", 1)
        self.refused(Written, "h", "x")
        self.assertEqual(Written(i="x").i, "x")
        # None will do where it is the default.
        self.assertEqual((Written().e, Written(e=None).f, Written(f=1).f), (None, None, 1))
        self.refused(Written, "f", "x", 1.5)
        self.refused(Written, "a", "x")
        self.refused(Written, "b", 1)
        self.refused(Written, "c", 1)
        self.refused(Written, "e", 1)
        self.assertEqual(Written(d="x").d, "x")

    def test_of_every_form_are_checked_as_far_as_they_name_types(self):
        class Formed(symplast.Object, typing.Generic[_T]):
            generic: _T = None
            new: live_annotated.UserId = 0
            annotated: typing.Annotated[int, "x"] = 0
            final: typing.Final[int] = 0
            literal: typing.Literal["a", 1] = "a"
            deep: list[dict[str, int]] = []
            anything: typing.Any = None
            nothing: None = None

        for name, value in (("new", "x"), ("annotated", "x"), ("final", "x"), ("deep", 1), ("nothing", 1)):
            self.refused(Formed, name, value)
        for value in (1, "x", None, 1.5):
            self.assertEqual([getattr(Formed[int](**{name: value}), name) for name in ("generic", "literal", "anything")],
                             [value] * 3)

    def test_ask_nothing_of_the_default(self):
        class Odd(str):
            def __eq__(self, other):
                raise AssertionError

        odd = Odd("odd")
        names = {"symplast": symplast, "odd": odd}
        exec("class Holder(symplast.Object):\n    a: int = odd\n", names)
        self.assertIs(names["Holder"].a, odd)

    def test_of_type_aliases_are_checked(self):
        names = {"symplast": symplast}
        exec("type Number = int | float\ntype Missing = NoSuchName\nclass Aliased(symplast.Object):\n    number: Number = 0\n   "
             " missing: Missing = 0\n", names)
        self.refused(names["Aliased"], "number", "x", None)
        self.assertEqual((names["Aliased"](1.5).number, names["Aliased"](missing="x").missing), (1.5, "x"))

    @unittest.skipIf(sys.version_info < (3, 14), "annotations are evaluated at once")
    def test_of_class_variables_may_name_what_comes_later(self):
        names = {"symplast": symplast, "t": typing}
        exec("class Counted(symplast.Object):\n    n: int = 0\n    kinds: t.ClassVar[list[Undefined]] = []\n", names)
        self.assertEqual(names["Counted"].__match_args__, ("n",))

    @unittest.skipIf(sys.version_info < (3, 14), "annotations are evaluated at once")
    def test_may_name_the_class_itself(self):
        names = {"symplast": symplast}
        exec("class Linked(symplast.Object):\n    next: Linked | None = None\n    kids: list[Linked] = []\n", names)
        linked = names["Linked"]
        self.refused(linked, "next", 1, "x")
        self.refused(linked, "kids", 1)
        self.assertEqual(linked(linked(kids=[linked()])).next.kids[0].next, None)

    def test_go_by_value_with_classes_of_a_script(self):
        printed = child.run("""
            import abc, symplast

            class Shape(symplast.Object, abc.ABC):
                name: str
                next: "Shape | None" = None

                @abc.abstractmethod
                def area(self): ...

            class Square(Shape):
                side: float = 1.0

                def __post_init__(self):
                    self.name = self.name.upper()

                def area(self):
                    return self.side**2

            def refused(function, *arguments):
                try:
                    function(*arguments)
                except TypeError as error:
                    return str(error)

            def work(square):
                made = Square("made", square, 3.0)
                return square.area(), made, refused(Shape, "x"), refused(setattr, made, "next", 5), isinstance(square, Shape)

            with symplast.InterpreterPoolExecutor(1) as executor:
                first = Square("first", None, 2.0)
                area, made, *errors, is_shape = executor.submit(work, first).result()
                print(area, made.name, made.next is first, type(made) is Square, is_shape)
                print(*errors, sep="\\n")
        """)
        lines = printed.splitlines()
        self.assertEqual(lines[0], "4.0 MADE True True True")
        self.assertRegex(lines[1], "abstract class Shape .*area")
        self.assertEqual(lines[2], "next must be Shape or None, not int")


class Bases(unittest.TestCase):
    def test_may_be_abstract(self):
        with self.assertRaisesRegex(TypeError, "Can't instantiate abstract class Shape .*'?area'?"):
            Shape("x")
        with self.assertRaisesRegex(TypeError, "abstract"):
            symplast.Object.__new__(Shape)
        self.assertTrue(inspect.isabstract(Shape))
        square = Square("a", 2)
        self.assertEqual((square.area(), isinstance(square, Shape), issubclass(Square, Shape), isinstance(1, Shape),
                          isinstance(Later(Node(1)), Shape)), (4, True, True, False, False))
        with symplast.InterpreterPoolExecutor(1) as executor:
            area, is_shape, made = executor.submit(live_annotated.measure, square).result()
        self.assertEqual((area, is_shape, made.name, made.side, type(made)), (4, True, "A TWO", 4, Square))

    def test_may_become_abstract_and_not_so_again(self):
        class Changing(symplast.Object):
            v: int = 0

            def method(self):
                pass

        self.assertEqual([Changing(i).v for i in range(3)], [0, 1, 2])
        Changing.method.__isabstractmethod__ = True
        abc.update_abstractmethods(Changing)
        with self.assertRaisesRegex(TypeError, "abstract"):
            Changing(1)
        del Changing.method.__isabstractmethod__
        abc.update_abstractmethods(Changing)
        self.assertEqual([Changing(i).v for i in range(3)], [0, 1, 2])

    def test_have_no_virtual_subclasses(self):
        with self.assertRaisesRegex(TypeError, "^Shape is a class of live objects, and cannot have virtual subclasses"):
            Shape.register(int)

    def test_may_be_of_collections_abc(self):
        class Registry(symplast.Object, collections.abc.MutableMapping):
            entries: dict = {}

            def __getitem__(self, key):
                return self.entries[key]

            def __setitem__(self, key, value):
                self.entries[key] = value

            def __delitem__(self, key):
                del self.entries[key]

            def __iter__(self):
                return iter(self.entries)

            def __len__(self):
                return len(self.entries)

        registry = Registry()
        registry.update(a=1, b=2)
        self.assertEqual((dict(registry), registry.pop("a"), "b" in registry, len(registry), Registry().entries),
                         ({"a": 1, "b": 2}, 1, True, 1, {}))
        self.assertIsInstance(registry, collections.abc.Mapping)
        self.assertEqual(registry, {"b": 2})

    def test_may_be_mixins(self):
        class Mixin:
            def hello(self):
                return f"hello {self.x}"

        class Before(Mixin, symplast.Object):
            pass

        class After(symplast.Object, Mixin):
            x: int = 3

        before, after = Before(), After(4)
        before.x = [1]
        self.assertEqual((before.hello(), after.hello()), ("hello List([1])", "hello 4"))
        with self.assertRaises(AttributeError):
            after.y = 1
        # What the mixin's dict holds is this handle's, not the object's.
        after.__dict__["local"] = after
        self.assertIs(after.local, after)
        self.assertNotIn("local", symplast.thaw(after))


class Tools(unittest.TestCase):
    def test_post_init_is_called_by_the_generated_init(self):
        class Doubled(symplast.Object):
            x: int
            double: int = 0

            def __post_init__(self):
                self.double = self.x * 2

        class More(Doubled):
            y: int = 5

        class Own(Doubled):
            def __init__(self):
                self.x = 1

        self.assertEqual([(made.x, made.double) for made in (Doubled(4), More(4), Doubled(x=4), Own())],
                         [(4, 8), (4, 8), (4, 8), (1, 0)])
        with self.assertRaisesRegex(TypeError, "missing required argument"):
            More()

    def test_replace_makes_another_object(self):
        with symplast.Pool("other") as pool:
            with pool.allocating():
                square = Square("a", 2)
            changed = square.__replace__(side=3)
            self.assertEqual((changed.name, changed.side, square.side, symplast.pool_of(changed)), ("A", 3, 2, pool))
            with self.assertRaisesRegex(TypeError, "no_such"):
                square.__replace__(no_such=1)
            with self.assertRaisesRegex(TypeError, "side must be"):
                square.__replace__(side="x")

        class Open(symplast.Object):
            pass

        o = Open()
        o.a, o.b = 1, 2
        changed = o.__replace__(b=3, c=4)
        self.assertEqual((changed.a, changed.b, changed.c, o.b, hasattr(o, "c")), (1, 3, 4, 2, False))
        if sys.version_info >= (3, 13):
            self.assertEqual(copy.replace(Node(1), value=2).value, 2)

    def test_signatures_are_those_of_the_fields(self):
        class Point(symplast.Object):
            x: int
            y: float = 0.5

        class Deeper(Point):
            z: str = ""

        class Open(symplast.Object):
            pass

        class Own(symplast.Object):
            x: int

            def __init__(self, a, *, b):
                pass

        class Created(symplast.Object):
            def __new__(cls, a, b=2):
                return super().__new__(cls)

            def __init__(self, *arguments):
                pass

        signatures = [str(inspect.signature(cls)) for cls in (Point, Deeper, Open, Own)]
        self.assertEqual(signatures, ["(x: int, y: float = 0.5)", "(x: int, y: float = 0.5, z: str = '')", "()", "(a, *, b)"])
        self.assertEqual(inspect.signature(Deeper).bind(1, z="x").arguments, {"x": 1, "z": "x"})
        self.assertIsInstance(inspect.signature(Created), inspect.Signature)
        self.assertEqual(str(inspect.signature(functools.partial(Point, y=1.0))), "(x: int, *, y: float = 1.0)")

    def test_fields_of_dataclasses_are_refused_with_a_hint(self):
        with self.assertRaisesRegex(TypeError,
                                    r"Wrong\.a: dataclasses.field\(\) is not for live objects; give the default itself"):

            class Wrong(symplast.Object):
                a: list = dataclasses.field(default_factory=list)
