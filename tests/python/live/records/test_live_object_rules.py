"""What a class of live objects may not have, and what it may do while it is being made."""

import abc
import copy
import dataclasses
import sys
import textwrap
import types
import unittest

import child
import symplast


def _finalize(self):
    raise AssertionError("a finalizer ran")


class Finalizers(unittest.TestCase):
    ADVICE = r"__del__: .* runs when a handle goes, .* close\(\).* weakref\.finalize"

    def test_are_refused_at_the_class(self):
        with self.assertRaisesRegex(TypeError, "Owner." + self.ADVICE):
            class Owner(symplast.Object):
                x: int = 0

                def __del__(self):
                    raise AssertionError

        with self.assertRaisesRegex(TypeError, "Open." + self.ADVICE):
            class Open(symplast.Object):
                __del__ = _finalize

    def test_of_a_mixin_are_refused_wherever_it_stands(self):
        class Closing:
            __del__ = _finalize

        class Further(Closing):
            pass

        for bases in ((Closing, symplast.Object), (symplast.Object, Closing), (Further, symplast.Object)):
            with self.assertRaisesRegex(TypeError, "Owner." + self.ADVICE):
                types.new_class("Owner", bases)

    def test_cannot_be_added_later(self):
        class Owner(symplast.Object):
            x: int = 0

        class Derived(Owner):
            pass

        for cls in (Owner, Derived):
            with self.assertRaisesRegex(TypeError, self.ADVICE):
                cls.__del__ = _finalize
            self.assertFalse(hasattr(cls, "__del__"))
        self.assertEqual(Derived(3).x, 3)

    def test_that_come_by_other_ways_are_refused_when_an_object_is_made(self):
        class Mixin:
            pass

        class Fields(Mixin, symplast.Object):
            x: int = 0

        class Open(Mixin, symplast.Object):
            pass

        class Forced(symplast.Object):
            x: int = 0

        for cls in (Fields, Open, Forced):
            for _ in range(3):
                cls()
        Mixin.__del__ = _finalize
        type.__setattr__(Forced, "__del__", _finalize)
        for cls in (Fields, Open, Forced):
            for _ in range(3):
                with self.assertRaisesRegex(TypeError, self.ADVICE):
                    cls()
        del Mixin.__del__
        type.__delattr__(Forced, "__del__")
        for cls in (Fields, Open, Forced):
            self.assertIs(type(cls()), cls)

    def test_are_refused_in_workers_too(self):
        def work():
            try:
                class Owner(symplast.Object):
                    def __del__(self):
                        pass
            except TypeError as e:
                return str(e)

        with symplast.InterpreterPoolExecutor(1) as executor:
            self.assertRegex(executor.submit(work).result(), self.ADVICE)


class Dataclasses(unittest.TestCase):
    def test_are_refused_at_the_decoration(self):
        for options in ({}, {"frozen": True}, {"eq": False}, {"order": True}, {"slots": True}, {"init": False},
                        {"kw_only": True}):
            class Point(symplast.Object):
                x: int = 0

            with self.subTest(options), self.assertRaisesRegex(TypeError, "Point: @dataclass is not for live objects.* fields"):
                dataclasses.dataclass(**options)(Point)
            # It is as it was.
            self.assertEqual((Point(3).x, Point().x, repr(Point(4)), Point.__match_args__),
                             (3, 0, f"{Point.__qualname__}(x=4)", ("x",)))

    def test_of_undeclared_classes_are_refused(self):
        with self.assertRaisesRegex(TypeError, "@dataclass is not for live objects"):
            @dataclasses.dataclass
            class Open(symplast.Object):
                pass

    def test_markers_are_refused(self):
        for annotation, name in ((dataclasses.KW_ONLY, "KW_ONLY"), (dataclasses.InitVar, "InitVar"),
                                 (dataclasses.InitVar[int], "InitVar")):
            with self.assertRaisesRegex(TypeError, f"Point: dataclasses.{name} is not for live objects"):
                types.new_class("Point", (symplast.Object,), {},
                                lambda names: names.update(__annotations__={"_": annotation, "x": int}))

    def test_can_be_bases_of_open_classes(self):
        @dataclasses.dataclass
        class Point:
            x: int
            y: int = 2

        class Live(Point, symplast.Object):
            pass

        point = Live(1)
        self.assertEqual((point.x, point.y), (1, 2))


class ClassesInTheMaking(unittest.TestCase):
    def test_can_make_instances(self):
        made = []

        class Base(symplast.Object):
            def __init_subclass__(cls, /, value=None, **kwargs):
                super().__init_subclass__(**kwargs)
                cls.default = cls() if value is None else cls(value)
                made.append(cls.default)

        class Fields(Base, value=5):
            x: int = 0

        class Open(Base):
            pass

        class Derived(Fields, value=7):
            y: int = 1

        self.assertEqual([(type(o), getattr(o, "x", None)) for o in made], [(Fields, 5), (Open, None), (Derived, 7)])
        self.assertEqual((Derived.default.y, Derived(1, 2).y, Fields(4).x, Fields.__match_args__, Derived.__match_args__),
                         (1, 2, 4, ("x",), ("x", "y")))
        made[1].anything = 1
        with self.assertRaises(AttributeError):
            made[0].anything = 1

    def test_can_be_registered_without_calling_the_base(self):
        registry = symplast.Dict()

        class Shape(symplast.Object, abc.ABC):
            def __init_subclass__(cls):
                registry[cls.__name__] = cls()

            def area(self):
                return 0

        class Square(Shape):
            side: float = 2.0

            def area(self):
                return self.side ** 2

        self.assertEqual(registry["Square"].area(), 4.0)

    def test_that_are_wrong_are_refused_there(self):
        class Base(symplast.Object):
            def __init_subclass__(cls):
                cls()

        with self.assertRaisesRegex(TypeError, "'b' without a default follows field 'a'"):
            class Wrong(Base):
                a: int = 0
                b: int

        with self.assertRaisesRegex(TypeError, Finalizers.ADVICE):
            class Owner(Base):
                __del__ = _finalize

    def test_may_add_to_what_they_declare(self):
        class Base(symplast.Object):
            def __init_subclass__(cls):
                cls.__annotations__["extra"] = int
                cls.extra = 9

        class Derived(Base):
            __annotations__ = {"x": int}

        self.assertEqual((Derived(1).extra, Derived(1, 2).extra), (9, 2))

    def test_can_be_used_by_other_interpreters(self):
        script = textwrap.dedent("""
            import symplast

            class Base(symplast.Object):
                def __init_subclass__(cls):
                    cls.default = cls()

            class Point(Base):
                x: int = 4
                def twice(self): return 2 * self.x

            def work(point):
                return point.twice(), type(point).__name__, Point(5).twice()

            if __name__ == "__main__":
                with symplast.InterpreterPoolExecutor(1) as executor:
                    assert executor.submit(work, Point(3)).result() == (6, "Point", 10)
        """)
        child.run(script)


class SeveralBases(unittest.TestCase):
    def test_give_all_their_fields(self):
        class A(symplast.Object):
            a: int = 1

        class B(symplast.Object):
            b: int = 2

        class Both(A, B):
            pass

        class More(A, B):
            c: int = 3

        class Left(A):
            left: int = 4

        class Right(A):
            right: int = 5

        class Diamond(Left, Right):
            pass

        class Plain:
            pass

        class Mixed(Plain, Both):
            d: int = 6

        # As dataclasses have it.
        for cls, names in ((Both, "b a"), (More, "b a c"), (Diamond, "a right left"), (Mixed, "b a d")):
            with self.subTest(cls.__name__):
                names = names.split()
                self.assertEqual(list(cls.__match_args__), names)
                values = list(range(10, 10 + len(names)))
                o = cls(*values)
                self.assertEqual(o._attributes(), dict(zip(names, values)))
                self.assertEqual(cls(**dict(zip(names, values)))._attributes(), o._attributes())
                with self.assertRaises(AttributeError):
                    o.other = 1

    def test_with_a_field_without_a_default_after_one_with_it_are_refused(self):
        class A(symplast.Object):
            a: int

        class B(symplast.Object):
            b: int = 2

        with self.assertRaisesRegex(TypeError, "field 'a' without a default follows field 'b'"):
            class Both(A, B):
                pass


class Overriding(unittest.TestCase):
    """Methods that the language calls, in classes, bases and mixins, which call those of their base."""

    def classes(self):
        class Mixin:
            def __setattr__(self, name, value):
                super().__setattr__(name, (value, "set"))

            def __getattribute__(self, name):
                value = super().__getattribute__(name)
                return value if name.startswith("_") else (value, "got")

            def __delattr__(self, name):
                super().__setattr__("last", name)
                super().__delattr__(name)

        class Own(symplast.Object):
            def __setattr__(self, name, value):
                super().__setattr__(name, (value, "set"))

            def __getattribute__(self, name):
                value = super().__getattribute__(name)
                return value if name.startswith("_") else (value, "got")

            def __delattr__(self, name):
                super().__setattr__("last", name)
                super().__delattr__(name)

        class Mixed(Mixin, symplast.Object):
            pass

        class Derived(Own):
            pass

        class Fields(Own):
            x: object = None
            last: object = None

        class MixedFields(Mixin, symplast.Object):
            x: object = None
            last: object = None

        class Further(MixedFields):
            y: object = 0

        return Own, Mixed, Derived, Fields, MixedFields, Further

    def test_calls_of_the_base_work(self):
        for cls in self.classes():
            with self.subTest(cls.__name__):
                o = cls()
                o.x = 1
                self.assertEqual(o.x, ((1, "set"), "got"))
                o.x = 2
                self.assertEqual(o.x, ((2, "set"), "got"))
                del o.x
                self.assertEqual(o.last, ("x", "got"))
                self.assertEqual(symplast.Object.__getattribute__(o, "last"), "x")

    def test_the_base_can_be_named(self):
        class Own(symplast.Object):
            x: int = 0

            def __setattr__(self, name, value):
                symplast.Object.__setattr__(self, name, value + 1)

        o = Own(1)
        o.x = 5
        self.assertEqual(o.x, 6)

    @unittest.skipIf(sys.version_info < (3, 13),
                     "CPython 3.12 refuses object.__setattr__ for objects of any type that sets attributes its own way")
    def test_that_of_object_sets_fields(self):
        class Own(symplast.Object):
            x: int = 0

            def __setattr__(self, name, value):
                object.__setattr__(self, name, value + 1)

        o = Own()
        o.x = 5
        self.assertEqual(o.x, 6)

    def test_that_of_object_never_sets_anything_elsewhere(self):
        class Own(symplast.Object):
            def __setattr__(self, name, value):
                object.__setattr__(self, name, value)

        o = Own()
        with self.assertRaises((AttributeError, TypeError)):
            o.x = 5
        self.assertEqual(copy.copy(o)._attributes(), {})
